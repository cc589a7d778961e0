"""Lists, counts and groups of jobs, each a function of one read-only connection."""

from collections import Counter
from collections.abc import Callable
from itertools import islice

import apsw
import structlog

from job_processor.core.errors import JobDamaged
from job_processor.core.job import State
from job_processor.store.base import GroupBy, Grouped, Query, Summary
from job_processor.store.base.groups import MAX_GROUPS, Member, grouped
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.matches import matching

log = structlog.get_logger(__name__)
DAMAGED_LIMIT = 50
"""How many damaged jobs a page may skip."""
_TEXTS = "JOIN prompts p ON p.n = j.n LEFT JOIN results r ON r.n = j.n"


def list_jobs(query: Query) -> Callable[[apsw.Connection], list[Summary]]:
    # As bytes, because substr of a text stops at the first NUL. A character has four bytes at most.
    texts = (
        f"substr(CAST(p.prompt AS BLOB), 1, {query.clip * 4}), "
        f"substr(CAST(r.result AS BLOB), 1, {query.clip * 4}), octet_length(p.prompt), octet_length(r.result)"
    )
    columns, joins = (texts, _TEXTS) if query.texts else ("NULL, NULL, 0, NULL", "")

    def run(db: apsw.Connection) -> list[Summary]:
        found: list[Summary] = []
        # A damaged job is skipped and the page filled up, because a short page means that it is the last.
        for row in islice(matching(db, query, f"{rows.COLUMNS}, {columns}", joins), query.limit + DAMAGED_LIMIT):
            try:
                found.append(_summary(row, query.clip))
            except JobDamaged:
                log.error("job_damaged", job=row[0])
            if len(found) == query.limit:
                break
        return found

    return run


def count_jobs(query: Query) -> Callable[[apsw.Connection], int]:
    def run(db: apsw.Connection) -> int:
        return sum(1 for _ in islice(matching(db, query, "j.id"), query.limit))

    return run


def count_by_state(query: Query) -> Callable[[apsw.Connection], dict[State, int]]:
    def run(db: apsw.Connection) -> dict[State, int]:
        states = Counter(row[1] for row in islice(matching(db, query, "j.id, j.state"), query.limit))
        return {State(state): count for state, count in states.items()}

    return run


_VALUES = {
    GroupBy.FLOW: ("j.flow", ""),
    GroupBy.TAG: ("j.record", ""),
    GroupBy.KEY: ("j.record", ""),
    GroupBy.ERROR: ("d.error", "JOIN search.docs d ON d.n = j.n AND d.error IS NOT NULL"),
    GroupBy.VERDICT: ("d.verdict", "JOIN search.docs d ON d.n = j.n AND d.verdict IS NOT NULL"),
}
"""Where the values of each kind of group are read. The index has those that are otherwise only in a job's record."""


def groups(query: Query, by: GroupBy) -> Callable[[apsw.Connection], Grouped]:
    column, joins = _VALUES[by]

    def run(db: apsw.Connection) -> Grouped:
        found = matching(
            db, query, f"j.id, j.flow, coalesce(j.finished_at, j.created_at), j.cost_micros, {column}", joins
        )
        return grouped((_member(row, by) for row in found), by, query.limit, MAX_GROUPS)

    return run


def _member(row: rows.Row, by: GroupBy) -> Member:
    job_id, flow, at, cost, value = row
    match by:
        case GroupBy.TAG:
            values = tuple(dict.fromkeys(rows.tags(value)))
        case GroupBy.KEY:
            key = rows.key(value)
            values = () if key is None else (key,)
        case _:
            values = (value,)
    return Member(job_id, flow, at, values, cost)


def _summary(row: rows.Row, clip: int) -> Summary:
    *columns, prompt, result, prompt_bytes, result_bytes = row
    text = _clipped(prompt, prompt_bytes, clip) or ""
    return rows.to_summary(tuple(columns), text, prompt_bytes, _clipped(result, result_bytes, clip), result_bytes)


def _clipped(text: bytes | None, size: int | None, characters: int) -> str | None:
    if size is None:
        return None
    # substr of an empty blob is NULL in SQLite. Only the last character can be cut in the middle of its bytes.
    return (text or b"").decode(errors="ignore")[:characters]
