"""Deletes final jobs, kept callbacks and bulk actions after the retention time, while the clock is trusted."""

import structlog

from job_processor.acts import Acts
from job_processor.store.base import Store
from job_processor.workers.loop import Loop
from job_processor.workers.trusted_time import TrustedTime

log = structlog.get_logger(__name__)
BATCH = 200
POLL_SECONDS = 60.0


class Pruner(Loop):
    name = "pruner"

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
        before = now - self._retention_ms
        pruned = await self._acts.jobs.prune(before, BATCH)
        callbacks = await self._acts.callbacks.prune(before, BATCH)
        bulk_actions = await self._acts.bulk.prune(before, BATCH)
        if pruned or callbacks or bulk_actions:
            log.info("pruned", jobs=pruned, callbacks=callbacks, bulk_actions=bulk_actions)
        return 0.05 if BATCH in (pruned, callbacks, bulk_actions) else POLL_SECONDS
