"""Records when a command was sent, to know how much of the timeout of a try the server had for it.

A try may spend most of its timeout waiting for an election; then the server stops a query that is not slow.
"""

import time
from contextvars import ContextVar

from pymongo import monitoring


class LastSent(monitoring.CommandListener):
    """Records when the last command of a try was sent."""

    def __init__(self) -> None:
        self._try: ContextVar[list[float] | None] = ContextVar("try", default=None)

    def begin(self) -> list[float]:
        """Start recording for this task: the list gets the time of its last command (seconds of ``monotonic``)."""
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
