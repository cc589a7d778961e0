"""Refreshes an API process's cache of keys and sessions, and writes the audit of refused requests."""

from job_processor.acts import Acts
from job_processor.workers.loop import Loop

EVERY_SECONDS = 1.0


class AccessWatch(Loop):
    name = "access"

    def __init__(self, acts: Acts) -> None:
        super().__init__()
        self._acts = acts

    async def tick(self) -> float:
        await self._acts.credentials.refresh()
        await self._acts.refusals.write(EVERY_SECONDS)
        return EVERY_SECONDS

    async def last_writes(self) -> None:
        await self._acts.credentials.flush()
        await self._acts.refusals.write(60.0)
