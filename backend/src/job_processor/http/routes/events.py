"""Server-sent events: notices that a job changed, in batches, and the progress of bulk actions.

Clients can resume after a disconnect, but the progress of bulk actions is not resumed: they read it again.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from job_processor.bus import Listener
from job_processor.core.access import Principal
from job_processor.core.bulk import BulkAction
from job_processor.core.errors import StoreUnavailable
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.connection_limits import Slots, client_address
from job_processor.http.context import Context
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.problems import RequestRefused
from job_processor.http.query import parse
from job_processor.http.streaming import Stream
from job_processor.store.base import Notice, Resync

HEARTBEAT_SECONDS = 15.0
BATCH_SECONDS = 0.1
"""Pause after each batch, in which further notices collect; the first notice after a quiet time is sent at once."""
MAX_BATCH_SECONDS = 1.0
"""The pause after a big batch. A batch has only the newest notice of each job, so with longer pauses a busy server
sends fewer notices to each client."""
_SECONDS_PER_NOTICE = 0.01
RESUME_LIMIT = 2_000
"""Maximum notices that a resuming client gets; one that missed more gets a ``resync``."""
# A proxy that compresses or buffers would hold events back.
_HEADERS = {"x-accel-buffering": "no", "cache-control": "no-store, no-transform"}


class _Event(msgspec.Struct, rename="camel"):
    id: str
    status: str | None
    flow: str
    rev: int


_encode = msgspec.json.Encoder().encode


class _LimitedStream(Stream):
    """An event stream that takes a slot while it is open. Raises ``RequestRefused`` (503) if none is free."""

    def __init__(self, content: AsyncIterator[bytes], slots: Slots, address: str) -> None:
        super().__init__(content, headers=_HEADERS, media_type="text/event-stream")
        self._slots = slots
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._slots.held(self._address) as has_slot:
            if not has_slot:
                raise RequestRefused(
                    503, "too_many_streams", "Too many event streams are open.", headers={"retry-after": "10"}
                )
            await super().__call__(scope, receive, send)


class EventsQuery(msgspec.Struct, frozen=True, rename="camel"):
    """The query parameters of an event stream."""

    last_event_id: Annotated[str, Meta(description="the same as the header, for clients that cannot set headers")] = ""


async def events(context: Context, request: Request) -> Response:
    """Changes of all jobs."""
    return _open(context, request, None)


async def job_events(context: Context, request: Request) -> Response:
    """Changes of one job. Raises ``JobNotFound``."""
    job = await context.job(request)
    return _open(context, request, job.id)


def _open(context: Context, request: Request, job_id: str | None) -> Response:
    if request.method == "HEAD":
        # A streaming response to HEAD would never end.
        return Response(headers=_HEADERS, media_type="text/event-stream")
    given = request.headers.get("last-event-id", parse(request.query_params, EventsQuery).last_event_id)
    position = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None
    # An invalid id is answered like one that is too old: with a resync, so that the client fetches everything again.
    invalid_id = bool(given) and position is None
    address = client_address(request)
    principal = principal_of(request)
    return _LimitedStream(_stream(context, principal, job_id, position, invalid_id), context.streams, address)


async def _stream(
    context: Context, principal: Principal, job_id: str | None, position: int | None, invalid_id: bool
) -> AsyncIterator[bytes]:
    # Positions count the changes of all flows, so a key that is limited to some flows gets none, and cannot resume.
    numbered = principal.flows is None
    ended = False

    def end() -> None:
        nonlocal ended
        ended = True
        listener.close()

    with (
        context.bus.listen(job_id, principal.flows) as listener,
        context.acts.credentials.held(principal, end),
    ):
        # Subscribe before reading missed notices, so that no change falls between the two.
        yield b"retry: 1000\n\n"
        missed = await _missed_notices(context, position, job_id) if numbered else [Resync(0)]
        if invalid_id:
            missed = [Resync(0)]
        yield _hello_event(missed) + _job_events(missed, numbered=numbered)
        # After a resync use the store's position: the client's may be ahead of it.
        sent = max((n.position for n in missed), default=position or 0)
        while not listener.closed:
            notices = await _next_notices(listener)
            if ended:
                return
            fresh = [n for n in notices if isinstance(n, Resync) or n.position > sent]
            if fresh:
                sent = max(sent, *(n.position for n in fresh))
            told = _job_events(fresh, numbered=numbered) + _bulk_events(listener.take_bulk_actions())
            yield told or b": still here\n\n"
            if told:
                await asyncio.sleep(_pause_after(len(fresh)))


def _pause_after(notices: int) -> float:
    return min(MAX_BATCH_SECONDS, BATCH_SECONDS + notices * _SECONDS_PER_NOTICE)


async def _missed_notices(context: Context, position: int | None, job_id: str | None) -> Sequence[Notice | Resync]:
    if position is None:
        return []
    try:
        found = await context.store.since(position, RESUME_LIMIT)
    except StoreUnavailable:
        return [Resync(0)]
    if isinstance(found, Resync):
        return [found]
    return [n for n in found if job_id is None or n.job_id == job_id]


async def _next_notices(listener: Listener) -> Sequence[Notice | Resync]:
    """The next notices; empty after ``HEARTBEAT_SECONDS`` without any."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            return await listener.take()
    except TimeoutError:
        return ()


def _hello_event(missed: Sequence[Notice | Resync]) -> bytes:
    return f'event: hello\ndata: {{"missed": {len(missed)}}}\n\n'.encode()


def _job_events(notices: Iterable[Notice | Resync], *, numbered: bool) -> bytes:
    parts: list[bytes] = []
    for n in notices:
        position = b"id: %d\n" % n.position if numbered else b""
        if isinstance(n, Resync):
            parts.append(b"event: resync\n%bdata: {}\n\n" % position)
        else:
            status = None if n.state is None else n.state.value
            data = _encode(_Event(n.job_id, status, n.flow, n.rev))
            parts.append(b"event: job\n%bdata: %b\n\n" % (position, data))
    return b"".join(parts)


def _bulk_events(actions: Iterable[BulkAction]) -> bytes:
    # Without an id: a client resumes from the position of a job's change.
    return b"".join(b"event: bulk\ndata: %b\n\n" % _encode(render.bulk_action(action)) for action in actions)


_RESUME = (Param("Last-Event-ID", "header", "the id of the last event seen: missed events are sent first"),)
_STREAM = Answer("server-sent events", media="text/event-stream")
OPERATIONS = (
    Operation(
        "GET",
        "/jobs/{id}/events",
        "followJob",
        Needs.READ,
        "Changes of one job",
        job_events,
        {200: _STREAM},
        params=(JOB_ID, *_RESUME),
        query=EventsQuery,
        problems=(404, 503),
    ),
    Operation(
        "GET",
        "/events",
        "followJobs",
        Needs.READ,
        "Changes of all jobs",
        events,
        {200: _STREAM},
        params=_RESUME,
        query=EventsQuery,
        problems=(503,),
    ),
)
