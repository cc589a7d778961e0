"""Deletes sessions that have ended, and keys that ended and entries of the audit after their retention time, while the
clock is trusted."""

from job_processor.acts import Acts
from job_processor.store.base import Store
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

BATCH = 500
POLL_SECONDS = 60.0


class AccessPruner(Loop):
    """``retention_days``: of the audit; 0: for ever."""

    name = "access-pruner"

    def __init__(self, acts: Acts, store: Store, retention_days: float, time: TrustedTime) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._time = time
        self._retention_ms = int(retention_days * 86_400_000)

    async def tick(self) -> float:
        now = self._store.now()
        if not self._time.is_trusted(now):
            return POLL_SECONDS
        await self._acts.sessions.prune()
        if not self._retention_ms:
            return POLL_SECONDS
        await self._acts.api_keys.prune(now - self._retention_ms)
        pruned = await self._acts.trail.prune(now - self._retention_ms, BATCH)
        return 0.05 if pruned == BATCH else POLL_SECONDS
