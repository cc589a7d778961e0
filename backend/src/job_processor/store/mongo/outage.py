"""Records outages of the database: workers could not renew the leases that ended during an outage."""

import time
from collections.abc import Callable


class Outage:
    """The last outage that this process saw. Times are seconds of ``steady``."""

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
        """The clock was set forward by so many seconds: no lease was renewed meanwhile, as in an outage."""
        if seconds > 0:
            now = self._steady()
            self._last = (now - seconds, now)

    def failed(self) -> None:
        self._failing = True

    def began_ago(self, shortest: float, grace: float) -> float | None:
        """Seconds since the start of the last outage of at least ``shortest`` seconds, if it ended less than ``grace``
        seconds ago.

        An outage that has not ended counts too: the reply that is being handled may be its end.
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
