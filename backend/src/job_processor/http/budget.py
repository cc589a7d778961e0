"""How many bytes are kept for clients at once, of all connections together.

When they are too many, the connections that hold most give up, until there is room: a small request is served however
many large ones are begun and never ended beside it.
"""

import ctypes
import ctypes.util
from collections.abc import Callable
from typing import Protocol

UNFINISHED_BYTES = 64 * 1024 * 1024
"""Of heads, and of bodies whose sender has proven nothing; and as much again of bodies of proven callbacks."""
UNTAKEN_BYTES = 128 * 1024 * 1024
"""Of answers that are not taken by those they are for."""
TRIM_BYTES = 16 * 1024 * 1024
"""When so much was let go, the C library is told to give it back to the system."""


class Holder(Protocol):
    def give_up(self) -> None:
        """What it holds is let go (``Budget.hold`` with 0), now."""


class Budget:
    def __init__(self, limit: int = UNFINISHED_BYTES) -> None:
        self.limit = limit
        self.total = 0
        self.peak = 0
        """The largest total since ``shrunk`` last said yes."""
        self._held: dict[Holder, int] = {}

    def hold(self, who: Holder, size: int) -> None:
        """``size``: the bytes it holds now. May make it, or another, give up."""
        before = self._held.pop(who, 0)
        if size:
            self._held[who] = size
        self.total += size - before
        self.peak = max(self.peak, self.total)
        if size > before and self.total > self.limit:
            self._make_room()

    def shrunk(self) -> bool:
        """Has much been let go since the last time this was true?"""
        if self.peak - self.total < TRIM_BYTES:
            return False
        self.peak = self.total
        return True

    def _make_room(self) -> None:
        # More than is needed, so that they are sorted once for many bytes.
        wanted = self.limit - self.limit // 8
        for who, _ in sorted(self._held.items(), key=lambda one: one[1], reverse=True):
            if self.total <= wanted:
                return
            who.give_up()


def trimmer() -> Callable[[], None]:
    """Gives freed memory back to the system; does nothing where the C library cannot (it is glibc's)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return lambda: None
    return lambda: trim(0) and None
