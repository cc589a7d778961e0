"""Counts of jobs by flow and state, and of PENDING jobs by owner, kept in memory and updated after each commit.

The counts are exact, because only this process writes the file. An index over the owners of PENDING jobs would make
each submission with a key, and each claim, more expensive.
"""

from collections.abc import Iterable

import apsw

from job_processor.core.job import State

# The owner is stored behind the record in a row, so SQLite reads past the record to it: only for PENDING jobs.
_COUNT = """
SELECT flow, state, CASE WHEN state = 'PENDING' THEN waiting_of END AS owner, count(*) FROM jobs
GROUP BY flow, state, owner
"""


Move = tuple[str, State | None, State | None, str]
"""(flow, from, to, owner) of a job that changed state. From ``None``: it is new; to ``None``: it was deleted. The owner
may be empty if neither state is PENDING."""


class JobCounts:
    """The counts of the file when it was opened, plus what was committed since. ``db`` ``None``: an empty file."""

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
        """The number of owners that have PENDING jobs."""
        return len(self._waiting)

    def follow(self, moves: Iterable[Move]) -> None:
        """Add the moves of a commit to the counts."""
        # Many jobs of a commit make the same move.
        same: dict[Move, int] = {}
        for move in moves:
            same[move] = same.get(move, 0) + 1
        for (flow, before, after, owner), number in same.items():
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
            # Owners without PENDING jobs are dropped, so that the table does not grow without limit.
            self._waiting.pop(owner, None)
