"""Request rate limits: a sliding window of one minute per requester, shared by all processes.

A permit allows one request. The window counts the granted permits by second, so no more than ``limit`` are used within
any 60 seconds (a fixed window would allow twice as many around its boundary). A process takes permits in batches, and
may use them for ``USE_MS``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

WINDOW_MS = 60_000
SECOND_MS = 1_000
USE_MS = 1_000
"""How long a granted permit may be used. The window is longer by this time, because the use may be that late."""
_KEPT = (WINDOW_MS + USE_MS) // SECOND_MS
"""Number of full seconds before the current one that are in the window."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The default limits of keys and addresses. 0: no limit.

    ``per_key``: requests per minute of a key without its own rate limit, and of a person; ``per_address``: requests per
    minute of an address without a key; ``wrong_keys``: requests per minute of an address with an invalid key;
    ``waiting_jobs``: PENDING jobs of a key.
    """

    per_key: int = 0
    per_address: int = 0
    wrong_keys: int = 0
    waiting_jobs: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """The sliding window: pairs of (second since 1970, granted permits), oldest first."""

    granted: tuple[tuple[int, int], ...] = ()

    def since(self, first: int) -> "Window":
        """The window without the seconds before ``first``."""
        return Window(tuple(one for one in self.granted if one[0] >= first))

    @property
    def total(self) -> int:
        """The number of permits in the window."""
        return sum(permits for _, permits in self.granted)


@dataclass(frozen=True, slots=True)
class Grant:
    """``permits`` granted permits, valid until ``until``. ``left``: how many more are available now. ``more_at``: when
    the oldest permits leave the window, so that new ones become available. Times in milliseconds since 1970."""

    permits: int
    left: int
    until: int
    more_at: int


def take(window: Window, now: int, limit: int, wanted: int) -> tuple[Window, Grant]:
    """The window after granting up to ``wanted`` permits, and the grant. ``limit``: maximum permits per minute."""
    second = now // SECOND_MS
    # If the clock was set back, permits of future seconds still count, as granted in the current second.
    known = Window(_merged((min(at, second), permits) for at, permits in window.since(second - _KEPT).granted))
    permits = max(0, min(wanted, limit - known.total))
    after = Window(_merged((*known.granted, (second, permits)))) if permits else known
    oldest = after.granted[0][0] if after.granted else second
    return after, Grant(permits, max(0, limit - after.total), now + USE_MS, (oldest + _KEPT + 1) * SECOND_MS)


def _merged(granted: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    by_second: dict[int, int] = {}
    for at, permits in granted:
        by_second[at] = by_second.get(at, 0) + permits
    return tuple(sorted(by_second.items()))
