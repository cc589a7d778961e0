"""Whether the clock can be believed when something is to be deleted for its age.

A machine may start with a clock that is months ahead, and learn the time a minute later. The clock is believed at once
when it goes on from where the last worker whose clock was believed left it, and else after an hour of going on evenly.
"""

import time
from collections.abc import Callable, Iterable

from job_processor.store.base import Worker

GAP_MS = 86_400_000
"""So long ago at the most the last sign of life may lie."""
SETTLED_SECONDS = 3_600.0
"""A clock that went on evenly for so long is believed: who sets clocks does it sooner."""
JUMP_MS = 60_000


def last_trusted(workers: Iterable[Worker]) -> int | None:
    """When a worker whose clock was believed last gave a sign of life, in milliseconds by the store's clock."""
    return max((worker.seen_at for worker in workers if worker.clock_trusted), default=None)


class TrustedTime:
    """``last_seen``: when a worker whose clock was believed last gave a sign of life before this process, by the
    store's clock; ``None``: never.

    ``steady`` gives seconds of a clock that nobody sets; tests pass their own.
    """

    def __init__(self, last_seen: int | None, steady: Callable[[], float] = time.monotonic) -> None:
        self._last_seen = last_seen
        self._steady = steady
        self._known: tuple[int, float] | None = None
        self._since = steady()
        self._trusted = False

    def is_trusted(self, now: int) -> bool:
        """``now``: the store's time. To be asked again and again, at least once in some minutes."""
        steady = self._steady()
        if self._known is None:
            self._trusted = self._last_seen is not None and 0 <= now - self._last_seen <= GAP_MS
        elif abs(now - self._known[0] - (steady - self._known[1]) * 1000) > JUMP_MS:
            self._trusted, self._since = False, steady
        elif steady - self._since >= SETTLED_SECONDS:
            self._trusted = True
        self._known = (now, steady)
        return self._trusted
