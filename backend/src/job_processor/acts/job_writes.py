"""The writes of jobs that are under way in this process.

A callback often comes while the acceptance before it is being written. Decided at once, it would be decided by what is
about to change: its compare-and-set would be lost, and everything done twice. So the next signal waits for the write.
"""

import asyncio
from collections.abc import Awaitable

MAX_WAIT_SECONDS = 0.25
"""A write that takes longer is not waited for: it may be long, and the compare-and-set is right without it."""


class JobWrites:
    """An optimisation: what may be written, here or by another process, is decided by the compare-and-set alone."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[None] | None] = {}
        """By the id of the job, a future that is done when the write ends; ``None``: no signal waits for that."""

    async def ended(self, job_id: str) -> None:
        """Wait until the write of this job that is under way has ended, at most ``MAX_WAIT_SECONDS``."""
        if job_id not in self._under_way:
            return
        end = self._under_way[job_id]
        if end is None:
            end = self._under_way[job_id] = asyncio.get_running_loop().create_future()
        await asyncio.wait((end,), timeout=MAX_WAIT_SECONDS)

    async def run(self, job_id: str, write: Awaitable[bool]) -> bool:
        """Await the write. If another write of the same job is under way, ``ended`` waits for that one only."""
        if job_id in self._under_way:
            return await write
        self._under_way[job_id] = None
        try:
            return await write
        finally:
            end = self._under_way.pop(job_id)
            if end is not None:
                end.set_result(None)
