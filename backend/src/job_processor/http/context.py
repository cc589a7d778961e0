"""What the handlers share, and the small reads that several of them need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from job_processor.acts import Acts
from job_processor.bus import Bus
from job_processor.core.errors import JobNotFound
from job_processor.core.flow import FlowRules
from job_processor.core.ids import is_job_id
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.waiting import Waits, WaitsFor, waiting_for_its_time, waiting_on, waiting_without_flow
from job_processor.http.connection_limits import Limits, Places
from job_processor.http.flow_status import FlowStatus, FlowStatusCache
from job_processor.http.prefer_wait import HeldRequests
from job_processor.http.unproven import UnprovenCallbacks
from job_processor.signing import CallbackSigner
from job_processor.store.base import Store
from job_processor.telemetry import Telemetry


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
    flow_status: FlowStatusCache = field(init=False)
    held: HeldRequests = field(init=False)
    unproven: UnprovenCallbacks = field(default_factory=UnprovenCallbacks)

    def __post_init__(self) -> None:
        self.streams = Places(self.limits.streams, self.limits.streams_per_address)
        self.flow_status = FlowStatusCache(self.store)
        self.held = HeldRequests(self.store, self.bus)

    async def waits(self, job: Job) -> WaitsFor | None:
        """What the job waits for, as far as it can be told now: never raises, never takes long."""
        if job.state is not State.PENDING:
            # Only a PENDING job waits for its lane; the rest is in the job itself.
            return waiting_on(job, Lane(job.flow), FlowRules(job.flow), 0, self.store.now())
        return self.waits_in(job, await self.flow_status.recent())

    def waits_in(self, job: Waits, status: FlowStatus | None) -> WaitsFor | None:
        """``status``: ``None`` when lanes and counts are not known; then only the job's own time can be told."""
        now = self.store.now()
        if job.flow not in self.flows and job.state is State.PENDING:
            return waiting_without_flow(job)
        if status is None:
            return waiting_for_its_time(job, now)
        lane = status.lanes.get(job.flow) or Lane(job.flow)
        return waiting_on(job, lane, self.acts.flows.rules(job.flow), status.in_flight(job.flow), now)

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
