"""What a Python function is told beside the prompt, and how it reports back."""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Final

from job_processor.core.job import Json
from job_processor.processors.base import Dispatch


class Context:
    """Made anew for each attempt; every method may be called from any thread."""

    def __init__(self, dispatch: Dispatch, loop: asyncio.AbstractEventLoop) -> None:
        self.job_id: Final = dispatch.job_id
        self.attempt: Final = dispatch.attempt
        self.metadata: Final[Mapping[str, Json]] = dispatch.metadata
        self.result_schema: Final = dispatch.result_schema
        self.complaint: Final = dispatch.complaint
        self._report = dispatch.progress
        self._loop = loop
        self._cancelled = threading.Event()
        self._newest: str | None = None
        self._reporting: asyncio.Task[None] | None = None

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for the result any more. A thread cannot be stopped: look here now and then."""
        return self._cancelled.is_set()

    def progress(self, text: str) -> None:
        """Report how far the work is. Returns at once; when reports come faster than they are kept, the newest wins."""
        if not self.cancelled:
            # After the loop's end there is nobody to report to.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._heard, str(text))

    async def end(self) -> None:
        """The function has returned: its last word is still passed on, and none after it."""
        self._cancelled.set()
        # What a thread said last is on its way through the loop; it is there after one turn.
        await asyncio.sleep(0)
        if self._reporting is not None:
            await self._reporting

    def abandon(self) -> None:
        """Nobody waits any more."""
        self._cancelled.set()
        if self._reporting is not None:
            self._reporting.cancel()

    def _heard(self, text: str) -> None:
        self._newest = text
        if self._reporting is None or self._reporting.done():
            self._reporting = self._loop.create_task(self._tell())

    async def _tell(self) -> None:
        while self._newest is not None:
            text, self._newest = self._newest, None
            # A report that cannot be kept is no reason to fail the work.
            with contextlib.suppress(Exception):
                await self._report(text)
