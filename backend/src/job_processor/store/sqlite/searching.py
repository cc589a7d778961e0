"""Reads that need the search index."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from job_processor.core.errors import StoreBroken, StoreUnavailable
from job_processor.store.sqlite import search_index
from job_processor.store.sqlite.indexer import Indexer
from job_processor.store.sqlite.readers import Readers
from job_processor.store.sqlite.writer import Transaction, Writer

T = TypeVar("T")
CATCH_UP_SECONDS = 0.5
"""How long a search waits until the index contains all earlier commits; after that it reads the index as it is."""


class Searching:
    """The search index of a store, and what is read with it."""

    def __init__(self, directory: Path, jobs: Path, writer: Writer) -> None:
        self.path = directory / search_index.FILE_NAME
        self._writer = writer
        self._indexer = Indexer(self.path, jobs, self._consumed)

    @property
    def is_filled(self) -> bool:
        return self._indexer.is_filled

    def committed(self, position: int) -> None:
        self._indexer.committed(position)

    def give_up(self, why: StoreBroken) -> None:
        """A search found damaged data: treat the index as damaged. Other reads find damage in the file of the jobs."""
        self._indexer.give_up()

    async def run(self, readers: Readers, read: Callable[[apsw.Connection], T]) -> T:
        """Wait until the index has caught up, at most ``CATCH_UP_SECONDS``, and read."""
        if self._indexer.is_damaged:
            raise StoreUnavailable("The search index is damaged; the next start builds it again.")
        await self._indexer.reach(self._writer.position, CATCH_UP_SECONDS)
        return await readers.searches.run(read)

    async def close(self) -> None:
        await self._indexer.close()

    def _consumed(self, position: int) -> None:
        """The index has removed the jobs that were deleted up to this position: delete the list of these."""

        def forget(tx: Transaction) -> None:
            tx.db.execute("DELETE FROM gone WHERE seq <= ?", (position,))

        # A failure does no harm: the next deletion tries again.
        self._writer.submit(forget, can_wait=True).add_done_callback(_look_at_error)


def _look_at_error(done: "asyncio.Future[None]") -> None:
    if not done.cancelled():
        # asyncio logs an exception that is never retrieved.
        done.exception()
