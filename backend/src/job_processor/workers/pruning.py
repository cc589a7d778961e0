"""The base class of the loops that delete by age."""

from job_processor.acts import Acts
from job_processor.store.base import Store
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

POLL_SECONDS = 60.0
MORE_SECONDS = 0.05
"""The pause before the next batch, when there may be more to delete."""
DAY_MS = 86_400_000


class Pruning(Loop):
    """Deletes what is older than ``retention_days``, one batch at a time, while the store's clock is trusted."""

    def __init__(self, acts: Acts, store: Store, retention_days: float, time: TrustedTime) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._time = time
        self._retention_ms = int(retention_days * DAY_MS)

    async def tick(self) -> float:
        now = self._store.now()
        if not self._time.is_trusted(now):
            return POLL_SECONDS
        return MORE_SECONDS if await self.prune(now - self._retention_ms) else POLL_SECONDS

    async def prune(self, before: int) -> bool:
        """Delete a batch of what is older than ``before`` (ms since 1970). Returns whether there may be more."""
        raise NotImplementedError
