"""The methods of ``store.base`` that list jobs and count them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import apsw

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import Job, State
from job_processor.store.base import Ahead, GroupBy, Grouped, Query, Summary
from job_processor.store.sqlite import lists
from job_processor.store.sqlite.access_verbs import AccessVerbs
from job_processor.store.sqlite.ahead import ahead
from job_processor.store.sqlite.searching import Searching

T = TypeVar("T")


class ListVerbs(AccessVerbs):
    def __init__(self) -> None:
        super().__init__()
        self._search: Searching | None = None

    async def list(self, query: Query) -> Sequence[Summary]:
        return await self._read_list(query, lists.list_jobs(query))

    async def count(self, query: Query) -> int:
        return await self._read_list(query, lists.count_jobs(query))

    async def count_by_state(self, query: Query) -> Mapping[State, int]:
        return await self._read_list(query, lists.count_by_state(query))

    async def groups(self, query: Query, by: GroupBy) -> Grouped:
        indexed = by in (GroupBy.ERROR, GroupBy.VERDICT)
        return await self._read_list(query, lists.groups(query, by), indexed)

    async def ahead(self, job: Job, most: int) -> Ahead | None:
        return await self._open_readers.points.run(ahead(job, most))

    def is_searchable(self) -> bool:
        return self._search is not None and self._search.is_filled

    async def _read_list(self, query: Query, read: Callable[[apsw.Connection], T], indexed: bool = False) -> T:
        if not (indexed or query.needs_index):
            return await self._open_readers.lists.run(read)
        if self._search is None:
            raise StoreUnavailable("The search index could not be opened when the server started.")
        return await self._search.run(self._open_readers, read)
