"""How fast a store commits, measured on its groups of writes, and how long a new write would wait."""

import time
from collections.abc import Callable

_WEIGHT = 0.2
"""Weight of the newest group in the averages."""


class Pace:
    """``limit``: maximum number of writes in a group; ``concurrent``: maximum number of groups that run at a time.

    Groups may begin and end in another thread. ``monotonic`` gives seconds; tests pass their own.
    """

    def __init__(self, limit: int, concurrent: int = 1, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._concurrent = concurrent
        self._monotonic = monotonic
        self._begun: list[float] = []
        self._group_seconds = 0.0
        self._write_seconds: float | None = None

    def begin(self) -> float:
        """A group of writes begins. The value is for ``end``."""
        began = self._monotonic()
        self._begun.append(began)
        return began

    def end(self, began: float, size: int) -> None:
        self._begun.remove(began)
        duration = self._monotonic() - began
        self._group_seconds += _WEIGHT * (duration - self._group_seconds)
        # A small group shows what a commit costs, not how many writes fit into a second.
        if size >= self._limit // 8:
            newest = duration / size
            average = newest if self._write_seconds is None else self._write_seconds
            self._write_seconds = average + _WEIGHT * (newest - average)

    def seconds(self, waiting: int) -> float:
        """Estimated seconds for a write that is queued behind ``waiting`` others, those of running groups included."""
        if not waiting:
            return 0.0
        oldest = min(self._begun, default=None)
        running = 0.0 if oldest is None else self._monotonic() - oldest
        capacity = self._limit * self._concurrent
        if waiting <= capacity:
            # It fits into the next groups.
            expected = self._group_seconds
        elif self._write_seconds is None:
            expected = waiting / capacity * self._group_seconds
        else:
            expected = waiting * self._write_seconds / self._concurrent
        return max(expected, running)
