"""Keeps the series: rolls up tallies, records how long jobs wait and which budgets are used up, and deletes rows past
their retention."""

from job_processor.acts import Acts
from job_processor.store.base import Store
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

GROUP = 500
POLL_SECONDS = 2.0
BUDGETS_MS, NOTE_MS, PRUNE_MS = 1_000, 15_000, 60_000


class SeriesKeeper(Loop):
    name = "series-keeper"

    def __init__(self, acts: Acts, store: Store, time: TrustedTime) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._time = time
        self._noted_at = self._pruned_at = self._budgets_at = 0

    async def tick(self) -> float:
        rolled_up = await self._acts.series.roll_up(GROUP)
        now = self._store.now()
        if abs(now - self._budgets_at) >= BUDGETS_MS:
            self._budgets_at = now
            await self._acts.budgets.note()
        if abs(now - self._noted_at) >= NOTE_MS:
            self._noted_at = now
            await self._acts.series.note_waiting()
        if abs(now - self._pruned_at) >= PRUNE_MS and self._time.is_trusted(now):
            pruned = await self._acts.series.prune(now, GROUP)
            if pruned < GROUP:
                self._pruned_at = now
        return 0.05 if rolled_up >= GROUP else POLL_SECONDS
