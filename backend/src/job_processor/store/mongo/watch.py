"""since and watch: which jobs changed, reported after the change is durable.

A *position* is the time of a change on the server in microseconds, raised a little if needed, so that the positions of
one process strictly increase. ``since`` reserves a range of positions before it reads. So every change that is reported
after this call has a later position than those in its result, and a client that resumes from a position misses no
change.

``since`` reads back before its position (``Tuning.overlap``), because a write may become readable after one with a
later timestamp. So a change may be reported twice. Duplicates are harmless, gaps are not.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from job_processor import tasks
from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import State
from job_processor.store.base import Notice, Resync
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.stream import Stream

WATCH_LIMIT = 10_000
"""Notices that may be queued for a follower before it gets ``Resync`` instead."""
_SCALE = 1000

_Queue: TypeAlias = "asyncio.Queue[Notice | Resync | None]"
_decode_notice = msgspec.json.Decoder(tuple[int, State, str, int]).decode


class Watch:
    """``server_now``: the time of the server in milliseconds, comparable with its timestamps."""

    def __init__(self, link: Link, streams: bool, server_now: Callable[[], int]) -> None:
        self._link = link
        self.tuning = link.tuning
        self.jobs = link.collection("jobs")
        self._gone = link.collection("gone")
        self._streams = streams
        self.now = server_now
        self._last = 0
        """The newest position given out by this process."""
        self._pumps: dict[asyncio.Task[None], _Pump] = {}

    @property
    def arrive(self) -> bool:
        """Whether changes reach all followers as they happen."""
        return self._streams and all(pump.stream.is_up for pump in self._pumps.values())

    async def since(self, position: int, limit: int) -> Sequence[Notice] | Resync:
        now = self.now()
        at = position // _SCALE
        newest = (now + int(self.tuning.ahead * 1000)) * _SCALE
        before = max(position, self._last)
        if at < now - int(self.tuning.keep_deletions * 1000) or before > newest:
            return Resync(self.next(now))
        self._last = before + limit
        found = await self.read(at, limit + 1)
        if len(found) > limit:
            return Resync(self.next(now))
        return [_at(notice, before + number) for number, (_, notice) in enumerate(found, start=1)]

    def next(self, stamp: int) -> int:
        self._last = max(self._last + 1, stamp * _SCALE)
        return self._last

    async def read(self, after: int, limit: int) -> list[tuple[int, Notice]]:
        """Up to ``limit`` changes and deletions since ``after`` (server time, ms) minus the overlap, oldest first."""
        return await self._link.read(lambda again: self._changed(after, limit))

    async def _changed(self, after: int, limit: int) -> list[tuple[int, Notice]]:
        start = _date(after - int(self.tuning.overlap * 1000))
        moved = self.jobs.find({"changedAt": {"$gt": start}}, {"notice": 1, "changedAt": 1})
        gone = self._gone.find({"at": {"$gt": start}})
        # A document without a notice is a foreign one.
        found = [
            (_ms(one["changedAt"]), _notice_of(one["_id"], one["notice"]))
            async for one in moved.sort("changedAt", 1).limit(limit)
            if "notice" in one
        ]
        found += [(_ms(one["at"]), _deleted(one["_id"], one)) async for one in gone.sort("at", 1).limit(limit)]
        return sorted(found, key=lambda one: (one[0], one[1].job_id, one[1].rev))[:limit]

    async def follow(self) -> AsyncIterator[Notice | Resync]:
        queue: _Queue = asyncio.Queue()
        made = _Pump(self, queue)
        pump = asyncio.create_task(made.stream.run() if self._streams else made.poll(None), name="watch")
        self._pumps[pump] = made
        pump.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (notice := await queue.get()) is not None:
                yield notice
            if not pump.cancelled() and (error := pump.exception()) is not None:
                raise error
        finally:
            self._pumps.pop(pump, None)
            await tasks.end(pump)

    async def close(self) -> None:
        for pump in list(self._pumps):
            await tasks.end(pump)

    async def notice(self, event: Document) -> tuple[int, Notice]:
        """The notice of a change event, and its time on the server. Raises for an event that cannot be read."""
        job_id = str(event["documentKey"]["_id"])
        wall = event.get("wallTime")
        if event["operationType"] == "delete":
            word = await self._link.read(lambda again: self._gone.find_one({"_id": job_id}))
            stamp = self.now() if wall is None else _ms(wall)
            return stamp, _deleted(job_id, word or {"flow": "", "rev": 0})
        inserted = event.get("fullDocument")
        fields = event["updateDescription"]["updatedFields"] if inserted is None else inserted
        # The second of two changes in one millisecond does not change changedAt, so it is not in the event.
        at = fields.get("changedAt", wall)
        return self.now() if at is None else _ms(at), _notice_of(job_id, fields["notice"])


class _Pump:
    """Fills the queue of one follower."""

    def __init__(self, watch: Watch, queue: _Queue) -> None:
        self._watch = watch
        self._queue = queue
        self._tuning = watch.tuning
        self._after: int | None = None
        """The time of the server up to which polling has reported; ``None``: it has not begun."""
        self._looked = False
        self._seen: dict[tuple[str, State | None], tuple[int, int]] = {}
        self.stream = Stream(watch.jobs, self, watch.tuning)

    async def event(self, event: Document) -> None:
        stamp, notice = await self._watch.notice(event)
        _put(self._queue, _at(notice, self._watch.next(stamp)))

    def resync(self) -> None:
        _put(self._queue, Resync(self._watch.next(self._watch.now())))

    async def poll(self, seconds: float | None) -> None:
        """Poll for changes since the last poll minus the overlap, for ``seconds``; ``None``: for ever."""
        until = None if seconds is None else time.monotonic() + seconds
        while until is None or time.monotonic() < until:
            with contextlib.suppress(StoreUnavailable):
                await self._look()
            await asyncio.sleep(self._tuning.poll_every)

    async def _look(self) -> None:
        after = self._after = self._watch.now() if self._after is None else self._after
        found = await self._watch.read(after, WATCH_LIMIT + 1)
        if len(found) > WATCH_LIMIT:
            self.resync()
            self._after = self._watch.now()
            self._seen.clear()
            return
        newest = after
        for stamp, notice in found:
            key = (notice.job_id, notice.state)
            if self._seen.get(key, (-1, 0))[0] >= notice.rev:
                continue
            self._seen[key] = (notice.rev, stamp)
            # Changes before the first poll are not reported.
            if self._looked or stamp > after:
                _put(self._queue, _at(notice, self._watch.next(stamp)))
            newest = max(newest, stamp)
        self._after, self._looked = newest, True
        overlap = int(self._tuning.overlap * 1000)
        self._seen = {key: value for key, value in self._seen.items() if value[1] > newest - 2 * overlap}


def _put(queue: _Queue, one: Notice | Resync) -> None:
    if queue.qsize() >= WATCH_LIMIT:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(Resync(one.position))
    else:
        queue.put_nowait(one)


def _notice_of(job_id: str, notice: str) -> Notice:
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
