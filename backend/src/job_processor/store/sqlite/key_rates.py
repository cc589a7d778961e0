"""What the keys of a flow have in flight and have started, for its limits per key (``core.key_limits``)."""

from collections.abc import Mapping

import apsw

from job_processor.core.flow import FlowRules
from job_processor.core.key_limits import Rooms


def rooms(db: apsw.Connection, rules: FlowRules, at: int) -> Rooms:
    """How many jobs each key of the flow may start: from its jobs in flight, and the keys that started jobs lately."""
    in_flight: dict[int, int] = {}
    refills: dict[int, int] = {}
    if rules.concurrency_per_key is not None:
        theirs = "coalesce(via, flow) = ? AND lease_token IS NOT NULL"
        of_keys = f"SELECT key_hash, count(*) FROM jobs WHERE {theirs} GROUP BY key_hash"
        in_flight = dict(db.execute(of_keys, (rules.name,)))
    if rules.rate_per_key is not None:
        lately = "SELECT key_hash, full_at FROM key_rates WHERE flow = ? AND full_at > ?"
        refills = dict(db.execute(lately, (rules.name, at)))
    return Rooms(rules, in_flight, refills, at)


def save(db: apsw.Connection, flow: str, refills: Mapping[int, int], at: int) -> None:
    """Keep what was started, and forget the keys whose buckets are full again."""
    if refills:
        db.execute("DELETE FROM key_rates WHERE flow = ? AND full_at <= ?", (flow, at))
        put = "INSERT OR REPLACE INTO key_rates (flow, key_hash, full_at) VALUES (?, ?, ?)"
        db.executemany(put, [(flow, key, full_at) for key, full_at in refills.items()])
