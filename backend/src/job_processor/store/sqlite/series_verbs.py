"""The methods of ``store.base`` for the series; they run in the reading and writing threads."""

from collections.abc import Callable, Mapping, Sequence

from job_processor.core.series import Tally
from job_processor.core.series_rows import Collected, Row
from job_processor.store.base import KeysQuery, SeriesQuery
from job_processor.store.sqlite import series
from job_processor.store.sqlite.access_verbs import AccessVerbs


class SeriesVerbs(AccessVerbs):
    _now: Callable[[], int]
    """The clock, callable in any thread."""

    async def series(self, query: SeriesQuery) -> Collected:
        # A range of many rows is read by the threads for searches, so that it delays no list.
        one = query.until - query.since <= query.span
        return await (self._open_readers.points if one else self._open_readers.searches).run(series.read(query))

    async def series_of_keys(self, query: KeysQuery) -> Sequence[tuple[str, Tally]]:
        return await self._open_readers.searches.run(series.read_keys(query))

    async def series_since(self) -> int:
        found = await self._open_readers.points.run(series.since)
        return self.now() if found is None else found

    async def note_waiting(self, oldest_ms: Mapping[str, int]) -> None:
        await self._open_writer.submit(series.note_waiting(oldest_ms, self._now))

    async def roll_up_series(self, limit: int) -> int:
        return await self._open_writer.submit(series.roll_up(limit))

    async def prune_series(self, now: int, limit: int) -> int:
        return await self._open_writer.submit(series.prune(now, limit))

    async def list_series(self, after: str, limit: int) -> Sequence[Row]:
        return await self._open_readers.upkeep.run(series.list_rows(after, limit))

    async def put_series(self, rows: Sequence[Row], since: int) -> None:
        await self._open_writer.submit(series.put(rows, since))
