"""Deletes final jobs, kept callbacks and bulk actions after the retention time."""

import structlog

from job_processor.workers.pruning import Pruning

log = structlog.get_logger(__name__)
BATCH = 200


class Pruner(Pruning):
    name = "pruner"

    async def prune(self, before: int) -> bool:
        pruned = await self._acts.jobs.prune(before, BATCH)
        callbacks = await self._acts.callbacks.prune(before, BATCH)
        bulk_actions = await self._acts.bulk.prune(before, BATCH)
        if pruned or callbacks or bulk_actions:
            log.info("pruned", jobs=pruned, callbacks=callbacks, bulk_actions=bulk_actions)
        return BATCH in (pruned, callbacks, bulk_actions)
