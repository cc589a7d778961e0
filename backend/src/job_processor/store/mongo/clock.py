"""The clock of the database, read now and then; in between, the process's monotonic clock continues it.

Leases and ``run_at`` are measured by it in every process, so clock skew between machines does not matter. A small
difference is corrected slowly. A large one means that this machine slept or that the clock of the server was set: then
the server's time is taken at once, because all stored times are measured by it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from job_processor import tasks
from job_processor.core.errors import StoreUnavailable
from job_processor.store.clock import SteadyClock

STEP_MS = 60_000
"""A larger difference is corrected at once: members of a replica set do not differ by so much."""
Reading = Callable[[], Awaitable[datetime]]
_log = logging.getLogger(__name__)


class DatabaseClock:
    """``read`` asks the server for its time. Call ``start`` before the first ``now``."""

    def __init__(
        self,
        read: Reading,
        every: float,
        steady: Callable[[], float] = time.monotonic,
        stepped: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """``stepped`` is called with the seconds by which the clock was set forward at once (negative: back)."""
        self._read = read
        self._stepped = stepped
        self._every = every
        self._steady = steady
        self._offset = 0.0
        self._clock: SteadyClock | None = None
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Read the time soon, because another server may be the primary now."""
        self._hurry.set()

    def now(self) -> int:
        if self._clock is None:
            raise StoreUnavailable("The store is not open.")
        return self._clock.now()

    def server_now(self) -> int:
        """The server's time as last read, uncorrected: for comparing with times that the server wrote."""
        if self._clock is None:
            raise StoreUnavailable("The store is not open.")
        return int((self._steady() + self._offset) * 1000)

    async def start(self) -> None:
        await self.measure()
        # The clock of a new primary may differ: every process corrects its own slowly.
        self._clock = SteadyClock(lambda: self._steady() + self._offset, self._steady)
        self._task = asyncio.create_task(self._keep_measuring(), name="database-clock")

    async def stop(self) -> None:
        if self._task is not None:
            await tasks.end(self._task)
            self._task = None

    async def measure(self) -> None:
        """Take the quickest of three readings: its error is at most half of its round-trip time.

        Raises ``StoreUnavailable`` for a time without a time zone, which would be read as local time.
        """
        best: tuple[float, float] | None = None
        for _ in range(3):
            before = self._steady()
            at = await self._read()
            if at.tzinfo is None:
                raise StoreUnavailable("The database's time came without its time zone.")
            round_trip = self._steady() - before
            offset = at.timestamp() - (before + round_trip / 2)
            if best is None or round_trip < best[0]:
                best = (round_trip, offset)
        assert best is not None
        self._offset = best[1]
        if self._clock is not None and abs(by := self._clock.step_due()) > STEP_MS:
            self._clock.step(by)
            _log.warning("the database's clock is set: it differed by %.0f s", by / 1000)
            self._stepped(by / 1000)

    async def _keep_measuring(self) -> None:
        while True:
            # Not ``wait_for``: before Python 3.12 it loses a cancel that comes as the event is set, and ``stop`` would
            # wait for ever.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._hurry.wait()
            self._hurry.clear()
            try:
                await self.measure()
            except Exception as error:
                # The last reading stays in use: monotonic clocks drift by milliseconds an hour.
                _log.debug("the database's clock could not be read: %s", type(error).__name__)
                await asyncio.sleep(min(1.0, self._every))
