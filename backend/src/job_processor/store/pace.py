"""How fast a store commits, measured on its groups of writes, and how long a new write would wait."""

import time
from collections.abc import Callable

_WEIGHT = 0.2
"""Weight of the newest group in the averages."""


class Pace:
    """``limit``: writes of one group at most; ``at_once``: groups that run at the same time.

    Groups may begin and end in another thread. ``monotonic`` gives seconds; tests pass their own.
    """

    def __init__(self, limit: int, at_once: int = 1, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._at_once = at_once
        self._monotonic = monotonic
        self._begun: list[float] = []
        self._group = 0.0
        self._each: float | None = None

    def begin(self) -> float:
        """A group of writes begins. The value is for ``end``."""
        began = self._monotonic()
        self._begun.append(began)
        return began

    def end(self, began: float, size: int) -> None:
        self._begun.remove(began)
        took = self._monotonic() - began
        self._group += _WEIGHT * (took - self._group)
        # A small group says what a commit costs, not how many writes fit into a second.
        if size >= self._limit // 8:
            each = took / size
            self._each = each if self._each is None else self._each + _WEIGHT * (each - self._each)

    def seconds(self, waiting: int) -> float:
        """How long a write would take that comes after ``waiting`` others, those of running groups included."""
        if not waiting:
            return 0.0
        oldest = min(self._begun, default=None)
        running = 0.0 if oldest is None else self._monotonic() - oldest
        at_once = self._limit * self._at_once
        if waiting <= at_once:
            # It fits into the next groups.
            expected = self._group
        elif self._each is None:
            expected = waiting / at_once * self._group
        else:
            expected = waiting * self._each / self._at_once
        return max(expected, running)
