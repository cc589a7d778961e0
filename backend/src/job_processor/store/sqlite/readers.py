"""The reading threads: one for each kind of read, so that no kind waits for another."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from job_processor.core.errors import StoreBroken
from job_processor.store.sqlite.reader import Reader, Searches

POINT_SECONDS, LIST_SECONDS, UPKEEP_SECONDS, SEARCH_SECONDS = 5.0, 5.0, 10.0, 5.0
"""Timeout of one read of each kind."""
SEARCHES, SEARCH_LINE = 2, 8
"""Searches that run at once, and how many may be queued for each of these."""


class Index(Protocol):
    @property
    def path(self) -> Path: ...

    def give_up(self, why: StoreBroken) -> None: ...


class Readers:
    """``points``: reads by a key, and of small tables. ``upkeep``: overdue jobs and the oldest due ones, which workers
    depend on. ``searches``: queries of the search index.

    ``broken`` is called when the file or the disk may be damaged. ``index``: the search index, if there is one.
    """

    def __init__(self, path: Path, broken: Callable[[StoreBroken], None], index: Index | None = None) -> None:
        self.points = Reader(path, "sqlite-points", POINT_SECONDS, broken)
        self.lists = Reader(path, "sqlite-lists", LIST_SECONDS, broken)
        self.upkeep = Reader(path, "sqlite-upkeep", UPKEEP_SECONDS, broken)
        # Damage that a search finds may be in the index only; damage in the file of the jobs is found by other reads
        # too.
        damaged, search = (broken, None) if index is None else (index.give_up, index.path)
        self.searches = Searches(path, SEARCHES, SEARCH_LINE, SEARCH_SECONDS, damaged, search)

    async def close(self) -> None:
        await asyncio.gather(self.points.close(), self.lists.close(), self.upkeep.close(), self.searches.close())
