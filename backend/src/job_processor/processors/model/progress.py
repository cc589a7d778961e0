"""Reports partial text while an answer arrives, at most twice a second, and always the newest text before a pause."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from job_processor.core.errors import JobProcessorError

PROGRESS_MS: Final = 500
"""Minimum time between two reports."""
PROGRESS_LIMIT: Final = 8_000
"""Maximum characters of a report: the end of the text."""


CLOSE_SECONDS: Final = 0.2
"""Timeout for a report in progress when the answer has ended."""


class Reporter:
    """Throttles reports. ``now`` returns milliseconds since 1970. A report that cannot be stored is dropped."""

    def __init__(self, report: Callable[[str], Awaitable[None]], now: Callable[[], int]) -> None:
        self._report = report
        self._now = now
        self._reported_at: int | None = None
        self._newest: Callable[[], str] | None = None
        self._later: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def report(self, text: Callable[[], str]) -> None:
        """Report new text, now or after the pause. ``text`` is called only when it is reported.

        Returns at once, because a caller that stops reading the answer loses data if the connection breaks (aiohttp
        drops what was received but not read).
        """
        self._newest = text
        wait = self._wait_ms()
        if wait > 0 or self._writing is not None:
            self._write_later(wait)
        else:
            self._cancel()
            self._write_now()

    async def close(self) -> None:
        """Stop reporting, because the answer has ended."""
        self._newest = None
        self._cancel()
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=CLOSE_SECONDS)
        if self._writing is not None:
            self._writing.cancel()

    def _wait_ms(self) -> int:
        if self._reported_at is None:
            return 0
        passed = self._now() - self._reported_at
        return PROGRESS_MS - passed if 0 <= passed < PROGRESS_MS else 0

    def _write_later(self, wait_ms: int) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().create_task(self._after(wait_ms))

    async def _after(self, wait_ms: int) -> None:
        await asyncio.sleep(wait_ms / 1000)
        self._later = None
        self._write_now()

    def _write_now(self) -> None:
        if self._newest is None or self._writing is not None:
            return
        text, self._newest = self._newest(), None
        self._reported_at = self._now()
        self._writing = asyncio.get_running_loop().create_task(self._write(tail_of(text)))

    async def _write(self, text: str) -> None:
        try:
            # The store may be unavailable, or the job deleted.
            with contextlib.suppress(JobProcessorError):
                await self._report(text)
        finally:
            self._writing = None
            if self._newest is not None:
                self._write_later(PROGRESS_MS)

    def _cancel(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None


def tail_of(text: str) -> str:
    """The last ``PROGRESS_LIMIT`` characters of a text."""
    tail = text if len(text) <= PROGRESS_LIMIT else "…" + text[1 - PROGRESS_LIMIT :]
    # Drop lone surrogates, because the second half of a pair may not have arrived yet.
    return tail.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
