"""The acts on the series: roll up, note waiting times, delete rows past their retention. The store counts each change
of a job itself."""

from job_processor.store.base import Store


class Series:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def note_waiting(self) -> None:
        """Record how long the oldest due job of each flow has waited."""
        now = self._store.now()
        oldest = (await self._store.counts()).oldest_due
        if oldest:
            await self._store.note_waiting({flow: max(0, now - due) for flow, due in oldest.items()})

    async def roll_up(self, limit: int) -> int:
        return await self._store.roll_up_series(limit)

    async def prune(self, now: int, limit: int) -> int:
        return await self._store.prune_series(now, limit)
