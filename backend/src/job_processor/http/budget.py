"""Memory budgets for buffered bytes, shared by all connections.

When a budget is exceeded, the connections that hold the most are evicted first, so that many unfinished large requests
cannot keep small ones from being served.
"""

import ctypes
import ctypes.util
from collections.abc import Callable
from typing import Protocol

UNFINISHED_BYTES = 64 * 1024 * 1024
"""Limit for unfinished requests: once for those not authenticated, and once more for bodies of authenticated
callbacks."""
UNSENT_BYTES = 128 * 1024 * 1024
"""Limit for response bytes that clients have not read yet."""
TRIM_BYTES = 16 * 1024 * 1024
"""After this much was freed, ``malloc_trim`` returns memory to the operating system."""


class Holder(Protocol):
    def evict(self) -> None:
        """Free the bytes and call ``Budget.hold`` with 0 before returning."""


class Budget:
    def __init__(self, limit: int = UNFINISHED_BYTES) -> None:
        self.limit = limit
        self.total = 0
        self.peak = 0
        """The largest total since ``should_trim`` last returned ``True``."""
        self._held: dict[Holder, int] = {}

    def hold(self, who: Holder, size: int) -> None:
        """Set the bytes that ``who`` holds to ``size``. May evict ``who`` or other holders."""
        before = self._held.pop(who, 0)
        if size:
            self._held[who] = size
        self.total += size - before
        self.peak = max(self.peak, self.total)
        if size > before and self.total > self.limit:
            self._make_room()

    def should_trim(self) -> bool:
        """Whether the total fell by ``TRIM_BYTES`` below its peak; resets the peak if so."""
        if self.peak - self.total < TRIM_BYTES:
            return False
        self.peak = self.total
        return True

    def _make_room(self) -> None:
        # Free an eighth more than needed, so that the holders are not sorted again for every few bytes.
        wanted = self.limit - self.limit // 8
        for who, _ in sorted(self._held.items(), key=lambda one: one[1], reverse=True):
            if self.total <= wanted:
                return
            who.evict()


def trimmer() -> Callable[[], None]:
    """A function that returns freed memory to the operating system (glibc's ``malloc_trim``); elsewhere it does
    nothing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return lambda: None
    return lambda: trim(0) and None
