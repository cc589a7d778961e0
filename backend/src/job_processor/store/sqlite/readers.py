"""The reading threads: one a kind of read, so that no kind waits for another."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from job_processor.core.errors import StoreBroken
from job_processor.store.sqlite.reader import Reader, Searches

POINT_SECONDS, LIST_SECONDS, UPKEEP_SECONDS, SEARCH_SECONDS = 5.0, 5.0, 10.0, 5.0
"""What one read of each kind may take."""
SEARCHES, SEARCH_LINE = 2, 2
"""Text searches at once, and how many may wait for each of these."""


class Readers:
    """``points``: by a key, and small tables. ``upkeep``: overdue jobs and the oldest due ones, without which workers
    stand still. ``searches``: texts, which may read the whole file.

    ``broken`` is called when the file or the disk is in doubt.
    """

    def __init__(self, path: Path, broken: Callable[[StoreBroken], None]) -> None:
        self.points = Reader(path, "sqlite-points", POINT_SECONDS, broken)
        self.lists = Reader(path, "sqlite-lists", LIST_SECONDS, broken)
        self.upkeep = Reader(path, "sqlite-upkeep", UPKEEP_SECONDS, broken)
        self.searches = Searches(path, SEARCHES, SEARCH_LINE, SEARCH_SECONDS, broken)

    async def close(self) -> None:
        await asyncio.gather(self.points.close(), self.lists.close(), self.upkeep.close(), self.searches.close())
