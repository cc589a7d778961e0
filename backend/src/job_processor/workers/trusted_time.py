"""Decides whether the store's clock is trusted for deleting by age.

A machine may boot with a clock that is months ahead and be corrected a minute later. The clock is trusted at once if it
is at most a day after the last heartbeat with a trusted clock, otherwise after an hour without a jump.
"""

import time
from collections.abc import Callable, Iterable

from job_processor.store.base import Worker

MAX_GAP_MS = 86_400_000
"""Maximum age of the last heartbeat with a trusted clock for trusting the clock at start."""
SETTLED_SECONDS = 3_600.0
"""A clock that did not jump for this long is trusted."""
MAX_JUMP_MS = 60_000


def last_trusted(workers: Iterable[Worker]) -> int | None:
    """The time of the last heartbeat with a trusted clock, in milliseconds of the store's clock; ``None``: never."""
    return max((worker.seen_at for worker in workers if worker.clock_trusted), default=None)


class TrustedTime:
    """``last_seen``: see ``last_trusted``, at the start of this process. ``monotonic``: monotonic seconds; tests pass
    their own."""

    def __init__(self, last_seen: int | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._last_seen = last_seen
        self._monotonic = monotonic
        self._last_reading: tuple[int, float] | None = None
        self._steady_since = monotonic()
        self._trusted = False

    def is_trusted(self, now: int) -> bool:
        """Whether the clock is trusted. ``now``: the store's time in milliseconds.

        Each call compares it with the monotonic clock, so it must be called at least every few minutes.
        """
        monotonic = self._monotonic()
        if self._last_reading is None:
            self._trusted = self._last_seen is not None and 0 <= now - self._last_seen <= MAX_GAP_MS
        elif abs(now - self._last_reading[0] - (monotonic - self._last_reading[1]) * 1000) > MAX_JUMP_MS:
            self._trusted, self._steady_since = False, monotonic
        elif monotonic - self._steady_since >= SETTLED_SECONDS:
            self._trusted = True
        self._last_reading = (now, monotonic)
        return self._trusted
