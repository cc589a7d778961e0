"""Deletes settled deliveries of webhooks after their retention time."""

from job_processor.workers.pruning import Pruning

BATCH = 500


class DeliveryPruner(Pruning):
    name = "delivery-pruner"

    async def prune(self, before: int) -> bool:
        return await self._acts.deliveries.prune(before, BATCH) == BATCH
