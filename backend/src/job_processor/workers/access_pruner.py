"""Deletes sessions that have ended, and keys that ended and entries of the audit after their retention time."""

from job_processor.workers.pruning import Pruning

BATCH = 500


class AccessPruner(Pruning):
    """``retention_days``: of the audit; 0: for ever."""

    name = "access-pruner"

    async def prune(self, before: int) -> bool:
        await self._acts.sessions.prune()
        if not self._retention_ms:
            return False
        await self._acts.api_keys.prune(before)
        return await self._acts.trail.prune(before, BATCH) == BATCH
