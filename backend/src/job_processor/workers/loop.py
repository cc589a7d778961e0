"""The base class of the background loops: it calls ``tick`` again and again, with the pause that ``tick`` returns."""

import asyncio
import contextlib

import structlog

from job_processor import tasks
from job_processor.core.errors import StoreUnavailable

log = structlog.get_logger(__name__)
STOP_SECONDS = 2.0
"""Timeout for the running tick, and then for the last writes, when the loop is stopped; then they are cancelled."""
_BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Loop:
    """``start`` and ``stop`` are idempotent. A tick that raises is logged and repeated after a back-off."""

    name = "loop"

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def tick(self) -> float:
        """Do a piece of work. Returns the seconds to sleep, which ``wake`` cuts short; 0: call it again at once."""
        raise NotImplementedError

    async def stopped(self) -> None:
        """Called once after the last tick."""

    async def last_writes(self) -> None:
        """Called once after ``stopped``: writes that may be lost, abandoned after ``STOP_SECONDS``, because a store
        that does not answer must not delay the end of the process."""

    def wake(self) -> None:
        self._wake.set()

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            task, self._task = self._task, None
            # A tick that waits for an unavailable store must not delay the end of the process.
            _, late = await asyncio.wait([task], timeout=STOP_SECONDS)
            await tasks.end(*late)
            await self.stopped()
            await self._write_last()

    async def _write_last(self) -> None:
        writing = asyncio.create_task(self.last_writes())
        _, late = await asyncio.wait([writing], timeout=STOP_SECONDS)
        await tasks.end(*late)
        error = TimeoutError() if writing.cancelled() else writing.exception()
        if error is not None:
            log.warning("last_writes_failed", loop=self.name, reason=repr(error))

    async def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._wake.clear()
            try:
                pause = await self.tick()
                failures = 0
            except StoreUnavailable as error:
                pause = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
                log.warning("loop_waits_for_store", loop=self.name, reason=str(error), seconds=pause)
            except Exception:
                pause = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
                log.exception("loop_failed", loop=self.name, seconds=pause)
            if pause > 0 and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
            else:
                await asyncio.sleep(0)
