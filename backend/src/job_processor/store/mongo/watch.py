"""since and watch: who changed, told after it was durable.

A *position* is the server's time of a change in milliseconds, times a thousand, or a little more where that
is needed to make the positions that one process gives out grow strictly. ``since`` takes a range of them
before it reads: whatever is told after that call lies behind what the call tells, so that nobody who goes by
positions leaves out a change at the seam between past and present.

``since`` looks further back than its position (``Tuning.overlap``): what was stamped earlier but became
readable later is told late, and something may be told twice. Duplicates are harmless, gaps are not.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from pymongo.asynchronous.change_stream import AsyncCollectionChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import State
from job_processor.store.base import Notice, Resync
from job_processor.store.mongo.client import Document, Link

WATCH_LIMIT = 10_000
"""Notices a follower may lag behind before it is told to fetch anew."""
_SCALE = 1000
_AWAIT_MS = 1000
_SILENCE = 10.0
"""Seconds without even an empty answer after which the connection is taken for dead."""
_NEW_CURSOR = frozenset({136, 234, 260, 280, 286})
"""Errors after which a stream cannot be resumed: its history is lost, or its token means nothing any more."""

_Queue: TypeAlias = "asyncio.Queue[Notice | Resync | None]"
_decode_notice = msgspec.json.Decoder(tuple[int, State, str, int]).decode

_PIPELINE: list[Document] = [
    {
        "$match": {
            "$or": [
                {"operationType": {"$in": ["insert", "delete", "replace"]}},
                # Renewed leases and the like are no news: they leave `notice` as it is.
                {"updateDescription.updatedFields.notice": {"$exists": True}},
            ]
        }
    },
    {
        "$project": {
            "operationType": 1,
            "documentKey": 1,
            "wallTime": 1,
            "fullDocument.notice": 1,
            "fullDocument.changedAt": 1,
            "updateDescription.updatedFields.notice": 1,
            "updateDescription.updatedFields.changedAt": 1,
        }
    },
]


class Watch:
    """``server_now`` is the server's time in milliseconds, comparable with its stamps."""

    def __init__(self, link: Link, streams: bool, server_now: Callable[[], int]) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._gone = link.collection("gone")
        self._streams = streams
        self._now = server_now
        self._last = 0
        """The newest position given out by this process."""
        self._pumps: dict[asyncio.Task[None], _Queue] = {}

    async def since(self, position: int, limit: int) -> Sequence[Notice] | Resync:
        now = self._now()
        at = position // _SCALE
        newest = (now + int(self._link.tuning.ahead * 1000)) * _SCALE
        before = max(position, self._last)
        if at < now - int(self._link.tuning.keep_deletions * 1000) or before > newest:
            return Resync(self._next(now))
        self._last = before + limit
        found = await self._link.read(lambda again: self._changed(at, limit + 1))
        if len(found) > limit:
            return Resync(self._next(now))
        return [_at(notice, before + number) for number, (_, notice) in enumerate(found, start=1)]

    def _next(self, stamp: int) -> int:
        self._last = max(self._last + 1, stamp * _SCALE)
        return self._last

    async def _changed(self, after: int, limit: int) -> list[tuple[int, Notice]]:
        """Up to so many changes and deletions since then (less the overlap), by the server's time."""
        start = _date(after - int(self._link.tuning.overlap * 1000))
        moved = self._jobs.find({"changedAt": {"$gt": start}}, {"notice": 1, "changedAt": 1})
        gone = self._gone.find({"at": {"$gt": start}})
        found = [
            (_ms(one["changedAt"]), _told(one["_id"], one["notice"]))
            async for one in moved.sort("changedAt", 1).limit(limit)
        ]
        found += [(_ms(one["at"]), _deleted(one["_id"], one)) async for one in gone.sort("at", 1).limit(limit)]
        return sorted(found, key=lambda one: (one[0], one[1].job_id, one[1].rev))[:limit]

    async def follow(self) -> AsyncIterator[Notice | Resync]:
        queue: _Queue = asyncio.Queue()
        pump = asyncio.create_task(self._stream(queue) if self._streams else self._poll(queue), name="watch")
        self._pumps[pump] = queue
        pump.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (notice := await queue.get()) is not None:
                yield notice
            if not pump.cancelled() and (error := pump.exception()) is not None:
                raise error
        finally:
            self._pumps.pop(pump, None)
            await _end(pump)

    async def close(self) -> None:
        for pump in list(self._pumps):
            await _end(pump)

    async def _stream(self, queue: _Queue) -> None:
        """Notices from a change stream for ever; over a fault from where it was, or with the word to fetch anew."""
        token: Document | None = None
        missed = False
        pause = 0.05
        while True:
            stream: AsyncCollectionChangeStream[Document] | None = None
            try:
                async with asyncio.timeout(_SILENCE):
                    stream = await self._jobs.watch(_PIPELINE, resume_after=token, max_await_time_ms=_AWAIT_MS)
                token = _token(stream) or token
                if missed:
                    # Only now: what changes from here on is in the stream.
                    _put(queue, Resync(self._next(self._now())))
                    missed = False
                while True:
                    async with asyncio.timeout(_SILENCE):
                        event = await stream.try_next()
                    pause = 0.05
                    if event is not None:
                        stamp, notice = await self._notice(event)
                        _put(queue, _at(notice, self._next(stamp)))
                    elif not stream.alive:
                        token = None
                        break
                    token = _token(stream) or token
            except OperationFailure as error:
                if error.code in _NEW_CURSOR or error.has_error_label("NonResumableChangeStreamError"):
                    token = None
            except (PyMongoError, TimeoutError, StoreUnavailable):
                pass
            finally:
                if stream is not None:
                    await _let_go(stream)
            missed = missed or token is None
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2.0)

    async def _notice(self, event: Document) -> tuple[int, Notice]:
        job_id = str(event["documentKey"]["_id"])
        wall = event.get("wallTime")
        if event["operationType"] == "delete":
            word = await self._link.read(lambda again: self._gone.find_one({"_id": job_id}))
            stamp = self._now() if wall is None else _ms(wall)
            return stamp, _deleted(job_id, word or {"flow": "", "rev": 0})
        fields = event.get("fullDocument") or event["updateDescription"]["updatedFields"]
        # Two changes in one millisecond: the second leaves changedAt as it was, so it is not among the updated.
        at = fields.get("changedAt", wall)
        return self._now() if at is None else _ms(at), _told(job_id, fields["notice"])

    async def _poll(self, queue: _Queue) -> None:
        """The same without change streams: looks at what changed since the last look, and a little before."""
        after = self._now()
        overlap = int(self._link.tuning.overlap * 1000)
        seen: dict[tuple[str, State | None], tuple[int, int]] = {}
        first = True
        while True:
            with contextlib.suppress(StoreUnavailable):
                found = await self._link.read(lambda again, after=after: self._changed(after, WATCH_LIMIT + 1))  # type: ignore[misc]  # bound in the loop
                if len(found) > WATCH_LIMIT:
                    _put(queue, Resync(self._next(self._now())))
                    after = self._now()
                    seen.clear()
                    continue
                for stamp, notice in found:
                    key = (notice.job_id, notice.state)
                    if seen.get(key, (-1, 0))[0] >= notice.rev:
                        continue
                    seen[key] = (notice.rev, stamp)
                    # "From now on": what was changed before the first look is not told.
                    if not first or stamp > after:
                        _put(queue, _at(notice, self._next(stamp)))
                    after = max(after, stamp)
                first = False
                seen = {key: value for key, value in seen.items() if value[1] > after - 2 * overlap}
            await asyncio.sleep(self._link.tuning.poll_every)


def _put(queue: _Queue, one: Notice | Resync) -> None:
    if queue.qsize() >= WATCH_LIMIT:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(Resync(one.position))
    else:
        queue.put_nowait(one)


async def _end(pump: "asyncio.Task[None]") -> None:
    pump.cancel()
    with contextlib.suppress(asyncio.CancelledError, PyMongoError, StoreUnavailable):
        await pump


async def _let_go(stream: "AsyncCollectionChangeStream[Document]") -> None:
    with contextlib.suppress(PyMongoError, TimeoutError):
        async with asyncio.timeout(1.0):
            await stream.close()


def _token(stream: "AsyncCollectionChangeStream[Document]") -> Document | None:
    token = stream.resume_token
    return None if token is None else dict(token)


def _told(job_id: str, notice: str) -> Notice:
    rev, state, flow, run_at = _decode_notice(notice)
    return Notice(0, job_id, state, flow, rev, run_at)


def _deleted(job_id: str, word: dict[str, Any]) -> Notice:
    return Notice(0, job_id, None, word["flow"], word["rev"], 0)


def _at(notice: Notice, position: int) -> Notice:
    return Notice(position, notice.job_id, notice.state, notice.flow, notice.rev, notice.run_at)


def _ms(stamp: datetime) -> int:
    return round(stamp.timestamp() * 1000)


def _date(ms: int) -> datetime:
    return datetime.fromtimestamp(max(ms, 0) / 1000, UTC)
