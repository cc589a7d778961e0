"""The context object that a Python function gets with the prompt."""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Final

from job_processor.core.job import Json
from job_processor.processors.base import Dispatch


class Context:
    """The context of one attempt. All methods are thread-safe."""

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
        """True when the result is no longer needed. The function should check it regularly, because threads cannot be
        stopped."""
        return self._cancelled.is_set()

    def progress(self, text: str) -> None:
        """Report progress. Returns at once; if reports come faster than they can be stored, only the newest counts."""
        if not self.cancelled:
            # RuntimeError: the event loop has ended.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._on_progress, str(text))

    async def end(self) -> None:
        """The function has returned: store its last report and accept no more."""
        self._cancelled.set()
        # A report from a thread may still be queued in the event loop; one iteration delivers it.
        await asyncio.sleep(0)
        if self._reporting is not None:
            await self._reporting

    def abandon(self) -> None:
        """The result is no longer needed: set ``cancelled`` and stop reporting."""
        self._cancelled.set()
        if self._reporting is not None:
            self._reporting.cancel()

    def _on_progress(self, text: str) -> None:
        self._newest = text
        if self._reporting is None or self._reporting.done():
            self._reporting = self._loop.create_task(self._report_newest())

    async def _report_newest(self) -> None:
        while self._newest is not None:
            text, self._newest = self._newest, None
            # A failed report must not fail the attempt.
            with contextlib.suppress(Exception):
                await self._report(text)
