"""counts: an exact count of the jobs that are not final; a cached one of the final jobs, renewed in the background.

Every count in MongoDB walks the index, about a second for a million entries. A small database is counted as a whole
each time. A large one is counted in the background, by one query at a time with its own timeout; a call counts only the
jobs that are not final, which are few.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from job_processor import tasks
from job_processor.core.errors import ReadTooLong
from job_processor.core.job import FINAL, State
from job_processor.store.base import Counts
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.fallen import fallen_back

T = TypeVar("T")
_COSTLY = 0.1
"""Counts that take longer (seconds) are cached."""
_OPEN = sorted(state.value for state in State if state not in FINAL)
_STATES = frozenset(state.value for state in State)
_log = logging.getLogger(__name__)


class Cached(Generic[T]):
    """A cached result of a query. All callers share one running query; a slow result is cached for longer."""

    def __init__(self, measure: Callable[[], Awaitable[T]], reuse: float) -> None:
        self._measure = measure
        self._reuse = reuse
        self._task: asyncio.Task[T] | None = None
        self._good_until = 0.0
        self.seconds = 0.0
        self.value: T | None = None

    @property
    def is_fresh(self) -> bool:
        return self.value is not None and time.monotonic() < self._good_until

    async def get(self) -> T:
        """The value, or an older one when the query times out."""
        if self.value is not None and self.is_fresh:
            return self.value
        try:
            return await asyncio.shield(self.start())
        except ReadTooLong:
            if self.value is None:
                raise
            return self.value

    def start(self) -> "asyncio.Task[T]":
        """Start the query in the background, unless it is running."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="count")
            self._task.add_done_callback(_log_failure)
        return self._task

    def take_value_of(self, other: "Cached[T]") -> None:
        """Take the value of ``other``, which was measured by the same query."""
        self.value, self.seconds, self._good_until = other.value, other.seconds, other._good_until

    async def stop(self) -> None:
        if self._task is not None:
            await tasks.end(self._task)

    async def _run(self) -> T:
        started = time.monotonic()
        self.value = await self._measure()
        self.seconds = time.monotonic() - started
        good_for = self.seconds * self._reuse if self.seconds >= _COSTLY else 0.0
        self._good_until = time.monotonic() + good_for
        return self.value


def _log_failure(task: "asyncio.Task[Any]") -> None:
    """Log a failure, because no caller may be waiting any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.debug("counting failed: %s", error)


class Counting:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        tuning = link.tuning
        self._quick = Cached(lambda: self._whole(min(tuning.quick_count, tuning.try_timeout)), tuning.count_reuse)
        self._background = Cached(lambda: self._whole(tuning.whole_count), tuning.count_reuse)
        self._open = Cached(self._open_only, tuning.count_reuse)
        self._large = False

    async def counts(self, now: int) -> Counts:
        """In a large database the final states are those of the last background count, and missing before the first."""
        by_state = await self._by_state()
        flows = sorted({flow for flow, state in by_state if state is State.PENDING})
        firsts = await asyncio.gather(*(self._oldest(flow) for flow in flows))
        fallen = await fallen_back(self._link)
        due = {flow: first for flow, first in zip(flows, firsts, strict=True) if first is not None and first <= now}
        return Counts(by_state, due, Counter((one.flow, one.via) for one in fallen))

    async def stop(self) -> None:
        for one in (self._quick, self._background, self._open):
            await one.stop()

    async def _by_state(self) -> dict[tuple[str, State], int]:
        if self._background.value is not None and self._background.seconds < _COSTLY:
            self._large = False
        if not self._large:
            try:
                counted = dict(await self._quick.get())
            except ReadTooLong:
                self._large = True
            else:
                # A slow count is cached; the next one runs in the background.
                self._large = self._quick.seconds >= _COSTLY and self._link.tuning.count_reuse > 0
                if self._large:
                    self._background.take_value_of(self._quick)
                return counted
        if not self._background.is_fresh:
            self._background.start()
        final = {key: n for key, n in (self._background.value or {}).items() if key[1] in FINAL}
        return final | await self._open.get()

    async def _whole(self, limit: float) -> dict[tuple[str, State], int]:
        return await self._grouped([], limit)

    async def _open_only(self) -> dict[tuple[str, State], int]:
        # Flow by flow: the index gives each distinct flow in one step, then only open jobs are counted.
        flows = await self._link.read(lambda again: self._jobs.distinct("flow"))
        where = {"flow": {"$in": sorted(flow for flow in flows if isinstance(flow, str))}, "state": {"$in": _OPEN}}
        return await self._grouped([{"$match": where}], self._link.tuning.try_timeout)

    async def _grouped(self, pipeline: list[Document], limit: float) -> dict[tuple[str, State], int]:
        group: Document = {"$group": {"_id": {"flow": "$flow", "state": "$state"}, "n": {"$sum": 1}}}

        async def run(hint: str | None) -> dict[tuple[str, State], int]:
            options: dict[str, Any] = {} if hint is None else {"hint": hint}
            found = await self._jobs.aggregate([*pipeline, group], **options)
            # Other documents in the collection are not jobs.
            return {
                (one["_id"]["flow"], State(one["_id"]["state"])): int(one["n"])
                async for one in found
                if one["_id"].get("state") in _STATES and isinstance(one["_id"].get("flow"), str)
            }

        return await self._link.hinted(run, "counts", limit)

    async def _oldest(self, flow: str) -> int | None:
        where = {"flow": flow, "state": State.PENDING.value}

        async def run(hint: str | None) -> Document | None:
            return await self._jobs.find_one(where, {"_id": 0, "runAt": 1}, sort=[("runAt", 1)], hint=hint)

        found = await self._link.hinted(run, "counts")
        return None if found is None else int(found["runAt"])
