"""A change stream that recovers: after an error it resumes or, if that is impossible, sends followers ``Resync``.

If the server refuses change streams, or never answers, changes are polled and the stream is retried now and then. The
loop never ends by itself: after every error, followers get ``Resync`` and later changes.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Protocol

from pymongo.asynchronous.change_stream import AsyncCollectionChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from job_processor.core.errors import StoreUnavailable
from job_processor.store.mongo.client import Collection, Document, is_transient
from job_processor.store.mongo.documents import UNREADABLE
from job_processor.store.mongo.tuning import Tuning

_AWAIT_MS = 1000
_NEW_CURSOR = frozenset({136, 234, 260, 280, 286})
"""Errors after which a stream cannot resume: its history is lost, or its resume token is invalid."""
_REFUSALS = 2
"""Number of failures in a row after which change streams count as refused by the server."""
_SILENCES = 2
"""Number of failures in a row with one resume token after which the token is dropped, because resuming from it fails
each time."""
_log = logging.getLogger(__name__)

_PIPELINE: list[Document] = [
    {
        "$match": {
            "$or": [
                {"operationType": {"$in": ["insert", "delete", "replace"]}},
                # Renewed leases are not reported: they do not change `notice`.
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


class Follower(Protocol):
    """Receives what a stream brings."""

    async def event(self, event: Document) -> None:
        """One event. Raises for an event that cannot be read."""
        ...

    def resync(self) -> None:
        """Changes were missed. Everything from now on is reported."""
        ...

    async def poll(self, seconds: float) -> None:
        """Poll for changes for so many seconds."""
        ...


class Stream:
    """The state of one stream: its resume token, and for how long it has failed."""

    def __init__(
        self, jobs: Collection, follower: Follower, tuning: Tuning, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._follower = follower
        self._tuning = tuning
        self._steady = steady
        self._token: Document | None = None
        self._missed = False
        self._silences = 0
        self._refusals = 0
        self._down_since: float | None = None
        self._down_logged = False
        self.is_up = False
        """True while events arrive as they happen."""

    async def run(self) -> None:
        """Run for ever."""
        pause = 0.05
        while True:
            try:
                await self._follow()
            except OperationFailure as error:
                self._failed(error)
            except TimeoutError:
                self._silences += 1
                if self._silences >= _SILENCES:
                    self._token = None
            except (PyMongoError, StoreUnavailable):
                pass
            except Exception as error:
                # An unexpected error: it is unknown what was reported, so followers get Resync.
                _log.warning("a change stream ended: %s", type(error).__name__)
                self._token = None
            if self.is_up:
                pause = 0.05
            self._note_down()
            self._missed = self._missed or self._token is None
            if self._refusals >= _REFUSALS:
                await self._poll_instead()
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, 2.0)

    async def _follow(self) -> None:
        """Read events until an error, or until the stream ends."""
        tuning = self._tuning
        # The timeout is several empty replies long.
        await_ms = min(_AWAIT_MS, int(tuning.stream_silence * 250))
        timeout = tuning.stream_silence if self._token is None else tuning.stream_resume
        stream: AsyncCollectionChangeStream[Document] | None = None
        try:
            async with asyncio.timeout(timeout):
                stream = await self._jobs.watch(_PIPELINE, resume_after=self._token, max_await_time_ms=await_ms)
            self._token = _token(stream) or self._token
            if self._missed:
                # Only after the stream is open: every later change is in it.
                self._follower.resync()
                self._missed = False
            while True:
                async with asyncio.timeout(timeout):
                    event = await stream.try_next()
                timeout = tuning.stream_silence
                self._note_up()
                if event is not None:
                    await self._report(event)
                elif not stream.alive:
                    self._token = None
                    return
                self._token = _token(stream) or self._token
        finally:
            if stream is not None:
                await _close_quietly(stream)

    async def _report(self, event: Document) -> None:
        try:
            await self._follower.event(event)
        except UNREADABLE as error:
            # A foreign document: its meaning is unknown, so followers get Resync.
            _log.warning("a change cannot be read (%s): followers fetch everything anew", type(error).__name__)
            self._follower.resync()

    def _failed(self, error: OperationFailure) -> None:
        if error.code in _NEW_CURSOR or error.has_error_label("NonResumableChangeStreamError"):
            self._token = None
        elif not is_transient(error):
            self._refusals += 1
            if self._refusals == _REFUSALS:
                _log.warning(
                    "the server gives no change stream (%s, code %s): changes are polled for. The account needs the "
                    "right changeStream on the collection jobs (readWrite has it).",
                    type(error).__name__,
                    error.code,
                )

    async def _poll_instead(self) -> None:
        """Poll for changes for a while, because there is no stream; then the stream is tried again."""
        self._token = None
        self._missed = True
        await self._follower.poll(self._tuning.stream_again)

    def _note_down(self) -> None:
        self.is_up = False
        now = self._steady()
        self._down_since = self._down_since or now
        if now - self._down_since > self._tuning.stream_down and not self._down_logged and self._refusals < _REFUSALS:
            self._down_logged = True
            _log.warning("the change stream has been down for %.0f s", now - self._down_since)

    def _note_up(self) -> None:
        if (self._down_logged or self._refusals >= _REFUSALS) and self._down_since is not None:
            _log.warning("the change stream is back after %.0f s", self._steady() - self._down_since)
        self.is_up = True
        self._down_since, self._down_logged = None, False
        self._silences = self._refusals = 0


async def _close_quietly(stream: "AsyncCollectionChangeStream[Document]") -> None:
    with contextlib.suppress(PyMongoError, TimeoutError):
        async with asyncio.timeout(1.0):
            await stream.close()


def _token(stream: "AsyncCollectionChangeStream[Document]") -> Document | None:
    token = stream.resume_token
    return None if token is None else dict(token)
