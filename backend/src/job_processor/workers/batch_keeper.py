"""Maintains batches: cancels the jobs of cancelled batches, records which batches have ended, completes batches that a
crashed process left incomplete, and deletes batches after their retention time."""

import structlog

from job_processor.acts import Acts
from job_processor.acts.facts import BatchCancelled
from job_processor.store.base import Store
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

log = structlog.get_logger(__name__)
POLL_SECONDS = 1.0
UPKEEP_SECONDS = 30.0
TENDED = 100
"""Maximum number of batches in one tick."""
PRUNED = 200
"""Maximum number of jobs that one tick deletes."""


class BatchKeeper(Loop):
    name = "batch-keeper"

    def __init__(self, acts: Acts, store: Store, time: TrustedTime) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._time = time
        self._upkeep_at = 0.0

    def hear(self, fact: BatchCancelled) -> None:
        """Subscriber of ``acts.facts``: a cancel is carried out at once in the process that got the request."""
        self.wake()

    async def tick(self) -> float:
        more = await self._acts.batches.tend(TENDED)
        now = self._store.now()
        if now >= self._upkeep_at:
            left = await self._acts.batches.complete()
            if left:
                log.warning("batches_completed", count=left)
                # At once, because some of them may have been cancelled.
                more = await self._acts.batches.tend(TENDED)
            pruning = self._time.is_trusted(now) and await self._acts.batches.prune(PRUNED)
            self._upkeep_at = now + (0 if pruning else UPKEEP_SECONDS * 1000)
            more = more or pruning
        return 0.05 if more else POLL_SECONDS
