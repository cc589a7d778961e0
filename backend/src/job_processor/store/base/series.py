"""The series in a store (``core.series``): what happened to jobs, added up by flow and time.

``Jobs.apply`` stores the tally of a change in the same write. Rows stay when jobs are deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.series import Tally
from job_processor.core.series_rows import Collected, Row


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Rows of ``span`` milliseconds that begin at ``since`` or later and before ``until``, added up in buckets of
    ``step`` milliseconds, a multiple of the span. ``flows``: of these only; ``None``: of all."""

    span: int
    since: int
    until: int
    step: int
    flows: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KeysQuery:
    """What keys used on the days (UTC) that begin at ``since`` or later and before ``until``: up to ``limit`` keys, the
    highest cost first. ``flows``: in these only; ``None``: in all."""

    since: int
    until: int
    limit: int
    flows: frozenset[str] | None = None


class Series(Protocol):
    async def series(self, query: SeriesQuery) -> Collected:
        """The rows of the range in buckets. Raises ``ReadTooLong`` after a timeout."""
        ...

    async def series_of_keys(self, query: KeysQuery) -> Sequence[tuple[str, Tally]]:
        """What keys used: tokens and cost; jobs without a key are left out. Raises ``ReadTooLong`` after a timeout."""
        ...

    async def series_since(self) -> int:
        """The time (ms since 1970) from which on everything was counted."""
        ...

    async def note_waiting(self, oldest_ms: Mapping[str, int]) -> None:
        """Record how long the oldest due job of each flow has waited; a row keeps the maximum."""
        ...

    async def roll_up_series(self, limit: int) -> int:
        """Add up to ``limit`` tallies, as they were stored with the changes, to their rows. Returns how many. May be
        interrupted at any point and repeated by any process: each tally counts once."""
        ...

    async def prune_series(self, now: int, limit: int) -> int:
        """Delete up to ``limit`` rows past their retention (``core.series_rows.ids_too_old``). Returns how many."""
        ...

    async def list_series(self, after: str, limit: int) -> Sequence[Row]:
        """Up to ``limit`` rows whose ids (``Row.id``) sort after ``after``, in the order of their ids. Tallies that are
        not rolled up yet are not in them."""
        ...

    async def put_series(self, rows: Sequence[Row], since: int) -> None:
        """Add rows of another store; existing rows stay as they are. ``since``: the other store's ``series_since``; the
        earlier of the two is kept."""
        ...
