"""When the command under way was sent: how much of a try's time the server really had for it.

A try may spend most of its limit on an election; the server then gets what is left, and stops a query that is not slow.
"""

import time
from contextvars import ContextVar

from pymongo import monitoring


class LastSent(monitoring.CommandListener):
    """Notes, for a try that has begun, when the last command was sent."""

    def __init__(self) -> None:
        self._try: ContextVar[list[float] | None] = ContextVar("try", default=None)

    def begin(self) -> list[float]:
        """A place in which the times of this task's commands appear: the last one, seconds of ``monotonic``."""
        place: list[float] = [time.monotonic()]
        self._try.set(place)
        return place

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        place = self._try.get()
        if place is not None:
            place[0] = time.monotonic()

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass
