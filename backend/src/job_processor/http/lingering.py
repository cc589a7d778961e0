"""Reading on after an early answer: what the client still sends is discarded for a while before the connection closes.

A client that writes its whole body before it reads would see a reset instead of the answer if the connection were
closed at once.
"""

SECONDS = 30.0
IDLE_SECONDS = 5.0
"""How long without a byte from the client."""
MAX_BYTES = 128 * 1024 * 1024
MAX_REFUSED_BYTES = 2 * 1024 * 1024
"""Most bytes after a refusal by the protocol itself."""


class Lingering:
    """One connection's. Times are in seconds of the event loop's clock."""

    def __init__(self) -> None:
        self.until: float | None = None
        self.last_at = 0.0
        self._bytes = 0

    @property
    def is_on(self) -> bool:
        return self.until is not None

    def begin(self, now: float) -> None:
        self.last_at = now
        self.until = now + SECONDS

    def end(self) -> None:
        self.until = None

    def discard(self, size: int, now: float, refused: bool) -> bool:
        """Count bytes that were discarded. ``False``: they are too many."""
        self._bytes += size
        self.last_at = now
        return self._bytes <= (MAX_REFUSED_BYTES if refused else MAX_BYTES)

    def is_over(self, now: float) -> bool:
        """Whether its time is up."""
        return self.until is not None and now > min(self.until, self.last_at + IDLE_SECONDS)
