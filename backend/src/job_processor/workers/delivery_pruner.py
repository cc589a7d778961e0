"""Deletes settled deliveries of webhooks after their retention time, while the clock is trusted."""

from job_processor.acts import Acts
from job_processor.store.base import Store
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

BATCH = 500
POLL_SECONDS = 60.0


class DeliveryPruner(Loop):
    name = "delivery-pruner"

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
        pruned = await self._acts.deliveries.prune(now - self._retention_ms, BATCH)
        return 0.05 if pruned == BATCH else POLL_SECONDS
