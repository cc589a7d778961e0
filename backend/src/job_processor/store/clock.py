"""The clock of a process: monotonic in its steps, drawn towards the wall clock slowly, set to it by whoever may.

A small difference is caught up with by running a little faster or slower. A large one (a laptop that slept, a machine
that started before it knew the time, an administrator) is made good in one step, by ``step``: whoever takes it moves
what is a duration along in the same moment (leases, waits between attempts), so that nothing ends or lasts for it.
What is promised in wall time stays where it is.
"""

import threading
import time
from collections.abc import Callable

MAX_SLEW = 0.1
"""Of the time that passed: so much faster or slower it runs to catch up."""
STEP_MS = 2_000
"""A larger difference from the wall clock is due to be made good in one step."""


class SteadyClock:
    """Milliseconds since 1970. ``wall`` and ``steady`` return seconds; tests pass their own. Any thread may ask."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._value = wall()
        self._last = steady()
        self._lock = threading.Lock()

    def now(self) -> int:
        with self._lock:
            steady = self._steady()
            passed = max(0.0, steady - self._last)
            self._last = steady
            self._value += passed
            off = self._wall() - self._value
            self._value += max(-passed * MAX_SLEW, min(passed * MAX_SLEW, off))
            return int(self._value * 1000)

    def step_due(self) -> int:
        """Milliseconds by which the wall clock is ahead (negative: behind); 0 while that is little."""
        now = self.now()
        off = int(self._wall() * 1000) - now
        return off if abs(off) > STEP_MS else 0

    def step(self, by: int) -> None:
        """Move on (or back) at once by so many milliseconds."""
        with self._lock:
            self._value += by / 1000
