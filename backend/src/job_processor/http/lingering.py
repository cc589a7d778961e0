"""Lingering close after an early response: what the client still sends is discarded for a while.

RFC 9112, section 9.6.
A client that sends its whole body before it reads would get a TCP reset instead of the response if the connection were
closed at once.
"""

SECONDS = 30.0
IDLE_SECONDS = 5.0
"""The longest time without a byte from the client."""
MAX_BYTES = 128 * 1024 * 1024
MAX_REFUSED_BYTES = 2 * 1024 * 1024
"""Maximum bytes discarded after the protocol itself refused a request; ``MAX_BYTES`` after any other response."""


class Lingering:
    """The state of one connection. Times are in seconds of the event loop's clock."""

    def __init__(self) -> None:
        self.is_on = False
        self.until = 0.0
        self.last_at = 0.0
        self._bytes = 0

    def begin(self, now: float) -> None:
        self.is_on = True
        self.last_at = now
        self.until = now + SECONDS

    def end(self) -> None:
        self.is_on = False

    def discard(self, size: int, now: float, refused: bool) -> bool:
        """Count discarded bytes. ``False``: the limit is exceeded."""
        self._bytes += size
        self.last_at = now
        return self._bytes <= (MAX_REFUSED_BYTES if refused else MAX_BYTES)

    def is_over(self, now: float) -> bool:
        """Whether one of the two timeouts has passed."""
        return self.is_on and now > min(self.until, self.last_at + IDLE_SECONDS)
