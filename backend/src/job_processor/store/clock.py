"""A clock that never jumps: monotonic in its steps, drawn towards the wall clock slowly."""

import time
from collections.abc import Callable

MAX_SLEW = 0.1
"""Of the time that passed: an hour's jump of the wall clock takes ten hours to follow, and nobody's lease
ends at once because an administrator set the clock."""


class SteadyClock:
    """Milliseconds since 1970. ``wall`` and ``steady`` return seconds; tests pass their own."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._value = wall()
        self._last = steady()

    def now(self) -> int:
        steady = self._steady()
        passed = max(0.0, steady - self._last)
        self._last = steady
        self._value += passed
        off = self._wall() - self._value
        self._value += max(-passed * MAX_SLEW, min(passed * MAX_SLEW, off))
        return int(self._value * 1000)
