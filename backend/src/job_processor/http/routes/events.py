"""Server-sent events: hints that something changed, resumable, coalesced, never a burden to others.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from job_processor.bus import Listener
from job_processor.core.errors import StoreUnavailable
from job_processor.http.connection_limits import Places, address_of
from job_processor.http.context import Context
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.problems import Refused
from job_processor.http.query import parse
from job_processor.store.base import Notice, Resync

HEARTBEAT_SECONDS = 15.0
BATCH_SECONDS = 0.1
"""Notices of this span go out together; the first after a quiet time goes at once."""
RESUME_LIMIT = 2_000
_HEADERS = {"x-accel-buffering": "no"}


class _Event(msgspec.Struct, rename="camel"):
    id: str
    status: str | None
    flow: str
    rev: int


_encode = msgspec.json.Encoder().encode


class _InItsPlace(StreamingResponse):
    """A stream that holds one of the places as long as it goes on. Raises ``Refused`` when there is none."""

    def __init__(self, content: AsyncIterator[bytes], places: Places, address: str) -> None:
        super().__init__(content, headers=_HEADERS, media_type="text/event-stream")
        self._places = places
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._places.held(self._address) as has_place:
            if not has_place:
                raise Refused(
                    503, "too_many_streams", "Too many event streams are open.", headers={"retry-after": "10"}
                )
            await super().__call__(scope, receive, send)


class EventsQuery(msgspec.Struct, frozen=True, rename="camel"):
    """The query of an event stream."""

    last_event_id: Annotated[str, Meta(description="the same as the header, for clients that cannot set headers")] = ""


async def events(context: Context, request: Request) -> Response:
    """All jobs."""
    return _open(context, request, None)


async def job_events(context: Context, request: Request) -> Response:
    """One job, from its present state on."""
    job = await context.job(request)
    return _open(context, request, job.id)


def _open(context: Context, request: Request, job_id: str | None) -> Response:
    if request.method == "HEAD":
        # A HEAD has no body that could go on for ever.
        return Response(headers=_HEADERS, media_type="text/event-stream")
    given = request.headers.get("last-event-id", parse(request.query_params, EventsQuery).last_event_id)
    position = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None
    # An id that is not ours counts as one that is too old: the client must fetch everything anew.
    forged = bool(given) and position is None
    address = address_of(request, behind_proxy=context.limits.behind_proxy)
    return _InItsPlace(_follow(context, job_id, position, forged), context.streams, address)


async def _follow(context: Context, job_id: str | None, position: int | None, forged: bool) -> AsyncIterator[bytes]:
    with context.bus.listen(job_id) as listener:
        # Listen before reading the past, so that no change falls between the two.
        yield b"retry: 1000\n\n"
        past = await _past(context, position, job_id)
        if forged:
            past = [Resync(0)]
        yield _hello(past) + _render(past)
        # After a resync the store's own position counts: the client's may be ahead of it.
        sent = max((n.position for n in past), default=position or 0)
        while not listener.closed:
            notices = await _next(listener)
            fresh = [n for n in notices if isinstance(n, Resync) or n.position > sent]
            if fresh:
                sent = max(sent, *(n.position for n in fresh))
            yield _render(fresh) if fresh else b": still here\n\n"
            if fresh:
                await asyncio.sleep(BATCH_SECONDS)


async def _past(context: Context, position: int | None, job_id: str | None) -> Sequence[Notice | Resync]:
    if position is None:
        return []
    try:
        found = await context.store.since(position, RESUME_LIMIT)
    except StoreUnavailable:
        return [Resync(0)]
    if isinstance(found, Resync):
        return [found]
    return [n for n in found if job_id is None or n.job_id == job_id]


async def _next(listener: Listener) -> Sequence[Notice | Resync]:
    """What has changed, or nothing when it is time for a heartbeat."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            return await listener.take()
    except TimeoutError:
        return ()


def _hello(past: Sequence[Notice | Resync]) -> bytes:
    return f'event: hello\ndata: {{"missed": {len(past)}}}\n\n'.encode()


def _render(notices: Iterable[Notice | Resync]) -> bytes:
    parts: list[bytes] = []
    for n in notices:
        if isinstance(n, Resync):
            parts.append(b"event: resync\nid: %d\ndata: {}\n\n" % n.position)
        else:
            status = None if n.state is None else n.state.value
            data = _encode(_Event(n.job_id, status, n.flow, n.rev))
            parts.append(b"event: job\nid: %d\ndata: %b\n\n" % (n.position, data))
    return b"".join(parts)


_RESUME = (Param("Last-Event-ID", "header", "the id of the last event seen: what was missed comes first"),)
_STREAM = Answer("server-sent events", media="text/event-stream")
OPERATIONS = (
    Operation(
        "GET",
        "/jobs/{id}/events",
        "followJob",
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
        "Changes of all jobs",
        events,
        {200: _STREAM},
        params=_RESUME,
        query=EventsQuery,
        problems=(503,),
    ),
)
