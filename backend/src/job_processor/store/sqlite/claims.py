"""claim: the jobs that a worker gets, in one transaction with the lane that says how many."""

import json
import secrets
from collections.abc import Callable
from dataclasses import replace

import structlog

from job_processor.core.claiming import claim as claim_job
from job_processor.core.errors import JobDamaged
from job_processor.core.fairness import NO_KEY, Turns
from job_processor.core.fallback import FellBack, fall_back
from job_processor.core.job import Job, Lease, State
from job_processor.core.key_limits import KeyCapacity
from job_processor.core.lane import Lane, admit, admits_again_at, charge, clear_probe
from job_processor.store.base import Claim, Claimed, earliest
from job_processor.store.sqlite import key_rates, rows
from job_processor.store.sqlite.lanes import in_flight as in_flight_of
from job_processor.store.sqlite.lanes import read_lane, write_lane
from job_processor.store.sqlite.operations import notice
from job_processor.store.sqlite.shared_limits import SharedClaim
from job_processor.store.sqlite.turns import DUE, head
from job_processor.store.sqlite.writer import Transaction

log = structlog.get_logger(__name__)
_PROMOTE_LIMIT = 5000
_ANY_KEY = -1


def claim(request: Claim, turns: Turns, now: Callable[[], int]) -> Callable[[Transaction], Claimed]:
    rules, source = request.rules, request.source.name

    def run(tx: Transaction) -> Claimed:
        at = now()
        db = tx.db
        _promote(tx, source, at)
        lane = stored = read_lane(tx, rules.name)
        fallen = _fallen(tx, request, at)
        if request.of is not None and fallen is None:
            return Claimed([], lane)
        if lane.probe is not None and not _is_held(tx, lane, at):
            lane = clear_probe(lane)
        capacity = key_rates.key_capacity(db, rules, at) if rules.limits_keys else None
        in_flight = 0
        if rules.concurrency is not None:
            in_flight = in_flight_of(tx, rules.name)
        allowed, admitted = admit(lane, request.limit, in_flight, rules, at)
        shared = None
        if rules.limit is not None and allowed > 0:
            shared = SharedClaim(tx, rules.limit, request, allowed, at)
            allowed = shared.allowed
        claimed: list[Job] = []
        if allowed > 0:
            if lane.trouble is None:
                found = head(db, turns, source, allowed, at, capacity)
            else:
                found = [(_ANY_KEY, row) for row in _probe(tx, lane, source, at, capacity)]
            lease_until = at + int(rules.lease_seconds * 1000)
            for key, row in found:
                try:
                    before = rows.to_job(row)
                except JobDamaged:
                    # Clear `ready`, or the job would stay at the head of the queue for ever.
                    db.execute("UPDATE jobs SET ready = NULL WHERE id = ?", (row[0],))
                    log.error("job_damaged", job=row[0])
                    continue
                own_key = before.key_hash()
                # Jobs of older versions are stored as of no key until they are claimed.
                if capacity is not None and own_key != key and not capacity.start(own_key):
                    continue
                after = claim_job(
                    before, Lease(secrets.token_hex(16), request.owner, lease_until), at, fallen, request.exchange
                )
                seq = tx.next_seq()
                db.execute(rows.UPDATE, rows.update_values(after, seq, at, NO_KEY, before.state, before.rev, None))
                claimed.append(after)
                tx.notices.append(notice(after, seq))
                tx.moves.append((after.flow, State.PENDING, State.RUNNING, after.owner))
        changed = admitted
        if claimed:
            assert claimed[0].lease is not None
            changed = charge(admitted, len(claimed), rules, claimed[0].lease.token, claimed[0].id)
        if claimed and changed is not stored:
            changed = replace(changed, rev=stored.rev + 1)
            write_lane(tx, changed)
        if shared is not None:
            shared.save(claimed)
        if claimed and capacity is not None:
            key_rates.save(db, rules.name, capacity.started_refills(), at)
        if len(claimed) == request.limit:
            return Claimed(claimed, changed, estimated=None if shared is None else shared.estimated)
        idle = request.of is None and allowed > 0 and not claimed
        if idle and capacity is not None:
            idle = not (capacity.skipped if lane.trouble is None else capacity.full)
        keys_open = None if capacity is None else capacity.next_opening(capacity.skipped)
        limit_opens, estimated = (None, None) if shared is None else (shared.opens_at, shared.estimated)
        retry_at = earliest(_retry_at(tx, changed, request, at), keys_open, limit_opens)
        return Claimed(claimed, changed, retry_at, idle, estimated)

    return run


def _fallen(tx: Transaction, request: Claim, at: int) -> FellBack | None:
    lanes = {flow: read_lane(tx, flow) for flow in request.lanes}
    return None if request.of is None else fall_back(request.rules.name, request.of, request.before, lanes, at)


def _promote(tx: Transaction, flow: str, at: int) -> None:
    """Jobs that have come due are to be claimed from now on."""
    due: list[tuple[int, int, int]] = tx.db.execute(
        "SELECT n, priority, key_hash FROM jobs WHERE ready = 0 AND flow = ? AND run_at <= ? ORDER BY run_at LIMIT ?",
        (flow, at, _PROMOTE_LIMIT),
    ).fetchall()  # type: ignore[assignment]  # STRICT
    if due:
        values = [(tx.places.of(flow, priority, key), n) for n, priority, key in due]
        tx.db.executemany("UPDATE jobs SET ready = 1, place = ? WHERE n = ?", values)


def _probe(tx: Transaction, lane: Lane, flow: str, at: int, capacity: KeyCapacity | None) -> list[rows.Row]:
    """The one job that may be the probe, as the contract of ``Jobs.claim`` orders them."""
    of = {"flow": flow, "at": at, "wanted": lane.wanted, "probed": lane.probed}
    due = DUE
    if capacity is not None and capacity.full:
        due = f"{DUE} AND j.key_hash NOT IN (SELECT value FROM json_each(:full))"
        of["full"] = json.dumps(sorted(capacity.full))
    first = "ORDER BY j.priority DESC, j.place, j.run_at, j.id LIMIT 1"
    for which in (
        "j.id = :wanted",
        f"(:probed IS NULL OR j.id != :probed AND j.attempt = 0) {first}",
        "j.id != :probed ORDER BY j.run_at, j.id LIMIT 1",
        "j.id = :probed",
    ):
        found = tx.db.execute(f"{due} AND {which}", of).fetchall()
        if found:
            return found
    return []


def _is_held(tx: Transaction, lane: Lane, at: int) -> bool:
    """Is the lane's probe RUNNING under its lease?"""
    row = tx.db.execute(
        "SELECT 1 FROM jobs WHERE id = ? AND lease_token = ? AND state = 'RUNNING' AND lease_until > ?",
        (lane.probed, lane.probe, at),
    ).fetchone()
    return row is not None


def _retry_at(tx: Transaction, lane: Lane, request: Claim, at: int) -> int | None:
    opens = admits_again_at(lane, request.rules, at)
    if opens is not None and opens > at:
        return opens
    row = tx.db.execute("SELECT min(run_at) FROM jobs WHERE ready = 0 AND flow = ?", (request.source.name,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else None
