"""The audit in a store (``core.audit``). Entries are added and read, and deleted by age alone; none is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.audit import AuditAct, AuditEntry, AuditOutcome
from job_processor.core.ids import first_id_of
from job_processor.store.base.query import ID_AHEAD_MS


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries to list, newest id first. ``None`` or empty: no condition.

    ``before``: the id after which the page starts. ``since`` and ``until``: milliseconds, from and before.
    """

    limit: int = 50
    before: str | None = None
    who: str | None = None
    what: str | None = None
    acts: frozenset[AuditAct] = frozenset()
    outcomes: frozenset[AuditOutcome] = frozenset()
    since: int | None = None
    until: int | None = None


class Audit(Protocol):
    async def record(self, entries: Sequence[AuditEntry]) -> None:
        """Add entries of acts that write nothing else to the store. An entry whose id is stored already is ignored."""
        ...

    async def list_audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Up to ``query.limit`` entries, newest id first."""
        ...

    async def prune_audit(self, before: int, limit: int) -> int:
        """Delete up to ``limit`` entries that are older than ``before``. Returns how many."""
        ...


def id_bounds(query: AuditQuery) -> tuple[str | None, str | None]:
    """The range of the entries' ids, from (inclusive) and to (exclusive): an id begins with its entry's time."""
    first = None if query.since is None else first_id_of(query.since)
    ends = [] if query.before is None else [query.before]
    if query.until is not None:
        ends.append(first_id_of(query.until + ID_AHEAD_MS))
    return first, min(ends, default=None)
