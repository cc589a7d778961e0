"""The clock of a process: monotonic, and corrected towards the wall clock.

A small difference is corrected by running a little faster or slower. A large one (a laptop that slept, a machine that
started before it knew the time, an administrator) is corrected by ``step``. Its caller moves all durations by the same
amount at the same time (leases, back-off), so that they keep their length. Times that clients asked for stay.
"""

import threading
import time
from collections.abc import Callable

MAX_SLEW = 0.1
"""How much faster or slower than real time the clock runs while it corrects a difference."""
STEP_SECONDS = 2.0
"""A larger difference from the wall clock is to be corrected by ``step``."""


class SteadyClock:
    """Milliseconds since 1970. ``wall`` and ``steady`` return seconds; tests pass their own. Thread-safe."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._value = wall()
        self._last = steady()
        self._lock = threading.Lock()

    def now(self) -> int:
        return self.read()[0]

    def step_due(self) -> int:
        """How far the wall clock is ahead, in milliseconds (negative: behind). 0 while the difference is small."""
        return self.read()[1]

    def read(self) -> tuple[int, int]:
        """``now`` and ``step_due`` of the same moment. Brings the clock to this moment.

        Several times a request: in one function, and without ``max``, ``min`` and ``abs``, which would double its cost.
        """
        with self._lock:
            steady = self._steady()
            passed = steady - self._last
            if passed < 0.0:
                passed = 0.0
            self._last = steady
            self._value += passed
            off = self._wall() - self._value
            slew = passed * MAX_SLEW
            correction = slew if off > slew else -slew if off < -slew else off
            self._value += correction
            off -= correction
            now = int(self._value * 1000)
        return now, 0 if -STEP_SECONDS <= off <= STEP_SECONDS else int(off * 1000)

    def step(self, by: int) -> None:
        """Set the clock forward (or back) by so many milliseconds."""
        with self._lock:
            self._value += by / 1000
