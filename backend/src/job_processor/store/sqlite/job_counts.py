"""How many jobs there are of each flow and state, and how many wait of each owner: kept in memory as they move.

Only this process writes the file, so nothing happens but what it committed. An index over the owners of waiting jobs
would cost a part of a write at each submission with a key, and again at each claim.
"""

from collections.abc import Iterable

import apsw

from job_processor.core.job import State

# The owner is behind the record in a row: it is read of the jobs alone that need it, not past the records of all.
_COUNT = """
SELECT flow, state, CASE WHEN state = 'PENDING' THEN waiting_of END AS owner, count(*) FROM jobs
GROUP BY flow, state, owner
"""


Move = tuple[str, State | None, State | None, str]
"""(flow, from, to, owner) of a job that changed state. ``None``: it is new, or deleted. The owner of one that was not
PENDING and is not may be left out: empty."""


class JobCounts:
    """What the file has, and from then on what was committed. ``db`` ``None``: nothing."""

    def __init__(self, db: apsw.Connection | None = None) -> None:
        self.by_state: dict[tuple[str, State], int] = {}
        self._waiting: dict[str, int] = {}
        rows: Iterable[tuple[str, str, str | None, int]]
        rows = () if db is None else db.execute(_COUNT)
        for flow, state, owner, number in rows:
            self._add(flow, State(state), number)
            if owner:
                self._waiting[owner] = self._waiting.get(owner, 0) + number

    def waiting_of(self, owner: str) -> int:
        """The number of PENDING jobs of this owner."""
        return self._waiting.get(owner, 0)

    @property
    def owners(self) -> int:
        """The number of owners of whom jobs wait."""
        return len(self._waiting)

    def follow(self, moves: Iterable[Move]) -> None:
        """Count what was committed."""
        # Of the jobs of a commit many move alike.
        alike: dict[Move, int] = {}
        for move in moves:
            alike[move] = alike.get(move, 0) + 1
        for (flow, before, after, owner), number in alike.items():
            if before is not None:
                self._add(flow, before, -number)
            if after is not None:
                self._add(flow, after, number)
            if owner and before is not after:
                self._wait(owner, number * ((after is State.PENDING) - (before is State.PENDING)))

    def _add(self, flow: str, state: State, more: int) -> None:
        key = (flow, state)
        self.by_state[key] = self.by_state.get(key, 0) + more

    def _wait(self, owner: str, more: int) -> None:
        waiting = self._waiting.get(owner, 0) + more
        if waiting > 0:
            self._waiting[owner] = waiting
        else:
            # Of an owner of whom nothing waits nothing is kept: there may have been many.
            self._waiting.pop(owner, None)
