"""What the handlers share, and the small reads that several of them need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts import Acts
from job_processor.bus import Bus
from job_processor.core.errors import JobNotFound
from job_processor.core.flow import FlowRules
from job_processor.core.ids import is_job_id
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.waiting import Waits, WaitsFor, waiting_for_its_time, waiting_on, waiting_without_flow
from job_processor.http.places import Limits, Places
from job_processor.http.prefer_wait import HeldRequests
from job_processor.http.situation import Situation, Situations
from job_processor.http.unproven import UnprovenCallbacks
from job_processor.signing import CallbackSigner
from job_processor.store.base import Store
from job_processor.telemetry import Telemetry

_encode = msgspec.json.Encoder().encode
MAX_PAGE_BYTES = 1024 * 1024
"""Of a list: a page ends before it grows beyond, and its Link leads on."""


@dataclass(frozen=True, slots=True)
class FlowInfo:
    """A flow as the API shows it."""

    rules: FlowRules
    processor: str


@dataclass(slots=True)
class Context:
    store: Store
    """Only read here; acts write it."""
    acts: Acts
    bus: Bus
    signer: CallbackSigner
    telemetry: Telemetry
    flows: Mapping[str, FlowInfo]
    max_result_bytes: int = 1_048_576
    """Of a result in a callback, in UTF-8; and of the bytes that are kept of one that cannot be read."""
    limits: Limits = field(default_factory=Limits)
    streams: Places = field(init=False)
    """Of event streams that are open."""
    situations: Situations = field(init=False)
    held: HeldRequests = field(init=False)
    unproven: UnprovenCallbacks = field(default_factory=UnprovenCallbacks)

    def __post_init__(self) -> None:
        self.streams = Places(self.limits.streams, self.limits.streams_per_address)
        self.situations = Situations(self.store)
        self.held = HeldRequests(self.store, self.bus)

    async def waits(self, job: Job) -> WaitsFor | None:
        """What the job waits for, as far as it can be told now: never raises, never takes long."""
        if job.state is not State.PENDING:
            # Only a PENDING job waits for its lane; the rest is in the job itself.
            return waiting_on(job, Lane(job.flow), FlowRules(job.flow), 0, self.store.now())
        return self.waits_in(job, await self.situations.recent())

    def waits_in(self, job: Waits, situation: Situation | None) -> WaitsFor | None:
        """``situation``: ``None`` when lanes and counts are not known; then only the job's own time can be told."""
        now = self.store.now()
        if job.flow not in self.flows and job.state is State.PENDING:
            return waiting_without_flow(job)
        if situation is None:
            return waiting_for_its_time(job, now)
        lane = situation.lanes.get(job.flow) or Lane(job.flow)
        return waiting_on(job, lane, self.acts.flows.rules(job.flow), situation.in_flight(job.flow), now)

    async def job(self, request: Request) -> Job:
        """The job that the path names. Raises ``JobNotFound``."""
        job = await self.store.get(job_id(request))
        if job is None:
            raise JobNotFound
        return job


def job_id(request: Request) -> str:
    """The id in the path; one that cannot be an id is one that does not exist."""
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise JobNotFound
    return value


def header(request: Request, name: bytes) -> bytes | None:
    """A request header by its lower-case name, without making an object of all of them."""
    for key, value in request.scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def answer_list(rows: Iterable[tuple[str, msgspec.Struct]], limit: int) -> tuple[Response, str | None]:
    """A page of at most ``MAX_PAGE_BYTES`` (but at least one row), and the id after which there may be more.

    ``rows``: each with its id.
    """
    encoded: list[bytes] = []
    size = 2
    last: str | None = None
    for id_, row in rows:
        one = _encode(row)
        size += len(one) + 1
        if encoded and size > MAX_PAGE_BYTES:
            return _page(encoded), last
        encoded.append(one)
        last = id_
    return _page(encoded), last if len(encoded) == limit else None


def _page(encoded: Sequence[bytes]) -> Response:
    return _Json(b"[" + b",".join(encoded) + b"]", 200, None)


def answer(
    body: msgspec.Struct | Sequence[msgspec.Struct], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return _Json(_encode(body), status, headers)


class _Json(Response):
    """A JSON answer whose headers are put together once; Starlette's own way takes four times as long."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        if headers:
            self.raw_headers += [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
