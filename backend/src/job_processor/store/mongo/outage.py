"""When the database did not answer: leases that ended meanwhile could not be renewed, whoever is alive."""

import time
from collections.abc import Callable


class Outage:
    """What this process saw of the last time without answers. Times are seconds of ``steady``."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._answered = steady()
        self._failing = False
        self._last: tuple[float, float] | None = None

    def answered(self) -> None:
        now = self._steady()
        if self._failing:
            self._failing = False
            self._last = (self._answered, now)
        self._answered = now

    def slept(self, seconds: float) -> None:
        """The clock went forward by so much at once; nobody renewed anything meanwhile, as in an outage."""
        if seconds > 0:
            now = self._steady()
            self._last = (now - seconds, now)

    def failed(self) -> None:
        self._failing = True

    def began_ago(self, shortest: float, grace: float) -> float | None:
        """Seconds since the last outage of ``shortest`` seconds or more began, if it ended less than ``grace`` ago.

        One that goes on may end with the very answer that this is asked for.
        """
        now = self._steady()
        if self._failing:
            began, ended = self._answered, now
        elif self._last is not None:
            began, ended = self._last
        else:
            return None
        if ended - began < shortest or now - ended >= grace:
            return None
        return now - began
