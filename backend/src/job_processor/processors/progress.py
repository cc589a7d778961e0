"""Partial text is reported while it comes: at most twice a second, and the last of it before a pause too."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from job_processor.core.errors import JobProcessorError

PROGRESS_MS: Final = 500
"""Between two reports of partial text."""
PROGRESS_LIMIT: Final = 8_000
"""Characters of partial text that are reported: the last ones."""


CLOSE_SECONDS: Final = 0.2
"""What the report that is under way gets when the answer has ended."""


class Reporter:
    """``now``: milliseconds since 1970. A report that cannot be kept is dropped: the answer is worth more."""

    def __init__(self, report: Callable[[str], Awaitable[None]], now: Callable[[], int]) -> None:
        self._report = report
        self._now = now
        self._told_at: int | None = None
        self._newest: Callable[[], str] | None = None
        self._later: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def heard(self, text: Callable[[], str]) -> None:
        """There is more text. ``text`` is only called when it is reported: now, or when the pause is over.

        Returns at once: a reader of an answer that waits for anything but the answer loses what comes meanwhile when
        the connection breaks (aiohttp drops what was received and not read).
        """
        self._newest = text
        wait = self._wait_ms()
        if wait > 0 or self._writing is not None:
            self._tell_later(wait)
        else:
            self._cancel()
            self._tell()

    async def close(self) -> None:
        """The answer has ended: nothing more is reported."""
        self._newest = None
        self._cancel()
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=CLOSE_SECONDS)
        if self._writing is not None:
            self._writing.cancel()

    def _wait_ms(self) -> int:
        if self._told_at is None:
            return 0
        passed = self._now() - self._told_at
        return PROGRESS_MS - passed if 0 <= passed < PROGRESS_MS else 0

    def _tell_later(self, wait_ms: int) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().create_task(self._after(wait_ms))

    async def _after(self, wait_ms: int) -> None:
        await asyncio.sleep(wait_ms / 1000)
        self._later = None
        self._tell()

    def _tell(self) -> None:
        if self._newest is None or self._writing is not None:
            return
        text, self._newest = self._newest(), None
        self._told_at = self._now()
        self._writing = asyncio.get_running_loop().create_task(self._write(last_of(text)))

    async def _write(self, text: str) -> None:
        try:
            # The store may be away, the job deleted.
            with contextlib.suppress(JobProcessorError):
                await self._report(text)
        finally:
            self._writing = None
            if self._newest is not None:
                self._tell_later(PROGRESS_MS)

    def _cancel(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None


def last_of(text: str) -> str:
    """The end of a text, as much of it as is reported."""
    last = text if len(text) <= PROGRESS_LIMIT else "…" + text[1 - PROGRESS_LIMIT :]
    # The second half of a character that comes in two pieces may still be on its way; a half cannot be kept.
    return last.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
