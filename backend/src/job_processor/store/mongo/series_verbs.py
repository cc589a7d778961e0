"""The methods of ``store.base`` for the series; each calls the module that does it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from job_processor.core.series import Tally
from job_processor.core.series_rows import Collected, Row
from job_processor.store.base import KeysQuery, SeriesQuery
from job_processor.store.mongo.series import Series


class _Parts(Protocol):
    @property
    def rows(self) -> Series: ...


class SeriesVerbs:
    @property
    def _open(self) -> _Parts:
        raise NotImplementedError

    async def series(self, query: SeriesQuery) -> Collected:
        return await self._open.rows.series(query)

    async def series_of_keys(self, query: KeysQuery) -> Sequence[tuple[str, Tally]]:
        return await self._open.rows.of_keys(query)

    async def series_since(self) -> int:
        return await self._open.rows.since()

    async def note_waiting(self, oldest_ms: Mapping[str, int]) -> None:
        await self._open.rows.note_waiting(oldest_ms)

    async def roll_up_series(self, limit: int) -> int:
        return await self._open.rows.roll_up(limit)

    async def prune_series(self, now: int, limit: int) -> int:
        return await self._open.rows.prune(now, limit)

    async def list_series(self, after: str, limit: int) -> Sequence[Row]:
        return await self._open.rows.list(after, limit)

    async def put_series(self, rows: Sequence[Row], since: int) -> None:
        await self._open.rows.put(rows, since)
