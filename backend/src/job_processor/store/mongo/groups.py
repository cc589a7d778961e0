"""Group commit: writes that arrive while others are running are sent together, and wait for their majority together.

A single update costs the client about 0.4 ms of CPU and a wait for the majority; in a group of fifty, each costs a
tenth of that CPU and shares one wait. Each write of a group is a compare-and-set or an insert on one document and
leaves a random mark there. So a group is unordered and may be sent again as a whole; if it is unknown which of its
writes were applied, the marks show it. Two writes of one document are never in one group, because their order would be
undefined.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure

from job_processor.core.errors import StoreUnavailable
from job_processor.store.mongo.client import Collection, Document, Link
from job_processor.store.mongo.errors import NOT_PYMONGO, is_transient, translate
from job_processor.store.pace import Pace

MAX_WRITES = 100
"""Maximum number of writes in a group."""
MAX_BYTES = 2 * 1024 * 1024
"""Maximum bytes of the texts of a group: it must be sent within the timeout of one try."""
INSERT_SHARE = 8
"""Inserts (new jobs) come after other writes, but one of this many places in each group is reserved for them."""
MAX_CONCURRENT = 2
"""Maximum number of groups that run at a time; meanwhile writes are collected for the next one."""
_DUPLICATE = 11000


@dataclass(eq=False, slots=True)
class Write:
    """One write. ``mark`` is what it leaves in ``writes`` of the document, or in ``birth``."""

    id: str
    mark: str
    where: Document
    update: Document
    size: int = 0
    upsert: bool = False
    since: float = field(default_factory=time.monotonic)
    done: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Groups:
    """Group commit for one collection."""

    def __init__(self, link: Link, collection: Collection) -> None:
        self._link = link
        self._collection = collection
        self._changes: deque[Write] = deque()
        self._inserts: deque[Write] = deque()
        self._running = 0
        self._pace = Pace(MAX_WRITES, MAX_CONCURRENT)
        self._under_way: set[asyncio.Task[None]] = set()
        self._gathering = False

    async def write(self, write: Write) -> bool:
        """Whether the write was applied. False: its condition was not met, or the document existed. Raises
        ``StoreUnavailable``."""
        self._queue_of(write).append(write)
        self._gather()
        return await write.done

    def queue_seconds(self) -> float:
        """Estimated seconds that a write would wait that comes now."""
        return self._pace.seconds(len(self._changes) + len(self._inserts) + self._running)

    def _queue_of(self, write: Write) -> deque[Write]:
        return self._inserts if write.upsert else self._changes

    async def finish(self) -> None:
        """Wait for the groups that are running; writes that are not sent yet fail."""
        for queue in (self._changes, self._inserts):
            while queue:
                _refuse(queue.popleft(), StoreUnavailable("The store is closed."))
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _gather(self) -> None:
        """Start a group after one turn of the event loop, so that all writes of this turn are in it."""
        if not self._gathering and (self._changes or self._inserts) and len(self._under_way) < MAX_CONCURRENT:
            self._gathering = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._gathering = False
        group = self._next()
        if group:
            task = asyncio.create_task(self._send(group), name="group-commit")
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        self._gather()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._gather()

    def _next(self) -> list[Write]:
        group: dict[str, Write] = {}
        later: list[Write] = []
        size = 0
        # While groups fail, a write does not wait for all groups before it.
        oldest = time.monotonic() - self._link.tuning.try_timeout
        inserts = min(len(self._inserts), MAX_WRITES // INSERT_SHARE)
        for queue, most in ((self._changes, MAX_WRITES - inserts), (self._inserts, MAX_WRITES)):
            while queue and len(group) < most and (size < MAX_BYTES or not group):
                write = queue.popleft()
                if write.done.done():
                    # Cancelled before it was sent.
                    continue
                if write.since < oldest:
                    _refuse(write, StoreUnavailable("The database is behind with its writes; this one was not sent."))
                    continue
                if write.id in group:
                    later.append(write)
                else:
                    group[write.id] = write
                    size += write.size
        for write in reversed(later):
            self._queue_of(write).appendleft(write)
        return list(group.values())

    async def _send(self, group: Sequence[Write]) -> None:
        began = self._pace.begin()
        self._running += len(group)
        try:
            written = await self._which_were_written(group)
        except StoreUnavailable as error:
            for write in group:
                _refuse(write, error)
        except Exception as error:
            # An unexpected error: the callers must not wait for ever.
            for write in group:
                _refuse(write, StoreUnavailable(f"The write was given up: {type(error).__name__}."))
            raise
        else:
            for write, answer in zip(group, written, strict=True):
                if isinstance(answer, StoreUnavailable):
                    _refuse(write, answer)
                elif not write.done.done():
                    write.done.set_result(answer)
        finally:
            self._running -= len(group)
            self._pace.end(began, len(group))

    async def _which_were_written(self, group: Sequence[Write]) -> list[bool | StoreUnavailable]:
        if len(group) == 1:
            return [await self._link.do(self._alone(group[0]))]
        try:
            return await self._link.do(lambda again: self._together(group))
        except _TooLarge:
            # One of the writes is accepted by no server; each is sent alone to find out which.
            answers = await asyncio.gather(
                *(self._link.do(self._alone(write)) for write in group), return_exceptions=True
            )
            return [_answer(answer) for answer in answers]

    def _alone(self, write: Write) -> Callable[[bool], Awaitable[bool]]:
        async def run(again: bool) -> bool:
            try:
                result = await self._collection.update_one(write.where, write.update, upsert=write.upsert)
            except OperationFailure as error:
                if error.code != _DUPLICATE:
                    raise
            else:
                if result.upserted_id is not None or result.matched_count == 1:
                    return True
            # Not applied, or applied by an earlier try (ours or the driver's) whose reply was lost: the mark tells.
            return write.mark in await self._marks([write])

        return run

    async def _together(self, group: Sequence[Write]) -> list[bool | StoreUnavailable]:
        writes = [UpdateOne(write.where, write.update, upsert=write.upsert) for write in group]
        refused: dict[int, StoreUnavailable] = {}
        try:
            result = await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            if is_transient(error):
                raise
            for problem in (error.details or {}).get("writeErrors", []):
                if problem.get("code") != _DUPLICATE:
                    refused[problem["index"]] = translate(OperationFailure("", problem.get("code")))
        except NOT_PYMONGO:
            raise _TooLarge from None
        else:
            if result.matched_count + result.upserted_count == len(group):
                return [True] * len(group)
        there = await self._marks(group)
        return [refused.get(number) or write.mark in there for number, write in enumerate(group)]

    async def _marks(self, group: Sequence[Write]) -> set[str]:
        """Which of the marks are in the documents of these writes."""
        wanted = {"_id": {"$in": [write.id for write in group]}}
        marks: set[str] = set()
        async for one in self._collection.find(wanted, {"writes": 1, "birth": 1}):
            marks.update(one.get("writes", ()))
            marks.add(one.get("birth", ""))
        return marks


class _TooLarge(Exception):
    pass


def _answer(answer: bool | BaseException) -> bool | StoreUnavailable:
    if isinstance(answer, bool | StoreUnavailable):
        return answer
    raise answer


def _refuse(write: Write, error: StoreUnavailable) -> None:
    if not write.done.done():
        # One exception each: the traceback of a shared one grows each time it is raised.
        write.done.set_exception(type(error)(str(error)))
