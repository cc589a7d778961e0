"""Rate limits: how many requests of one requester may pass within a minute, over all processes together.

A permit lets one request pass. A window counts the permits of each second, so of those granted within the last minute
none is forgotten, and no more than ``limit`` are used within any 60 seconds: there is no border at which twice as many
pass. Processes take permits in batches, and may use them for ``USE_MS``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

WINDOW_MS = 60_000
SECOND_MS = 1_000
USE_MS = 1_000
"""How long a granted permit may be used. It counts for as long longer, because it may be used so much later."""
_KEPT = (WINDOW_MS + USE_MS) // SECOND_MS
"""Full seconds before the current one that count."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one key or address may. 0: not limited.

    ``per_key``: requests a minute of a key that has no rate of its own, and of a person; ``per_address``: of an
    address, without a key; ``wrong_keys``: of an address, a minute; ``waiting_jobs``: PENDING jobs of a key.
    """

    per_key: int = 0
    per_address: int = 0
    wrong_keys: int = 0
    waiting_jobs: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """The permits granted in each second: (second since 1970, permits), oldest first."""

    granted: tuple[tuple[int, int], ...] = ()

    def since(self, first: int) -> "Window":
        """Without the seconds before ``first``."""
        return Window(tuple(one for one in self.granted if one[0] >= first))

    @property
    def total(self) -> int:
        return sum(permits for _, permits in self.granted)


@dataclass(frozen=True, slots=True)
class Grant:
    """``permits`` may be used until ``until``; ``left`` more could be had now. ``more_at``: when the oldest permits
    stop counting, so that others can be had. Times in milliseconds."""

    permits: int
    left: int
    until: int
    more_at: int


def take(window: Window, now: int, limit: int, wanted: int) -> tuple[Window, Grant]:
    """Grant as many permits of ``wanted`` as there are. ``limit``: permits in a minute."""
    second = now // SECOND_MS
    # A clock that was set back: what was granted in its future still counts, in the current second.
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
