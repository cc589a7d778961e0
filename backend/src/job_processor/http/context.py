"""The dependencies of the request handlers, and small reads that several of them need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from job_processor.acts import Acts
from job_processor.bus import Bus
from job_processor.core.access import Principal, Requester
from job_processor.core.errors import JobNotFound
from job_processor.core.fallback import first_open
from job_processor.core.flow import FlowRules
from job_processor.core.ids import is_job_id
from job_processor.core.job import Job, State
from job_processor.core.lane import open_lane
from job_processor.core.waiting import WaitingFields, WaitingFor, waiting_for_run_at, waiting_on, waiting_without_flow
from job_processor.http import visibility
from job_processor.http.access import Auth, Gate, principal_of
from job_processor.http.byte_room import ByteRoom
from job_processor.http.connection_limits import Limits, Slots
from job_processor.http.flow_status import FlowStatus, FlowStatusCache
from job_processor.http.prefer_wait import WaitingRequests
from job_processor.http.unauthenticated import UnauthenticatedCallbacks
from job_processor.oidc.base import People
from job_processor.signing import CallbackSigner
from job_processor.store.base import Store
from job_processor.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class FlowInfo:
    """A flow as the API shows it."""

    rules: FlowRules
    processor: str
    executions_url: str | None = None
    """The address at which people see an execution, without ``/`` and the execution's id at its end."""


@dataclass(slots=True)
class Context:
    store: Store
    """Handlers only read it; acts write it."""
    acts: Acts
    bus: Bus
    signer: CallbackSigner
    telemetry: Telemetry
    flows: Mapping[str, FlowInfo]
    batch_keep_ms: int | None = None
    """How long a batch is kept after its end, if it does not say so itself; ``None``: for ever."""
    max_result_bytes: int = 1_048_576
    """Maximum UTF-8 bytes of a result in a callback, and maximum bytes kept of an unreadable callback."""
    webhook_private_addresses: bool = False
    """Whether webhooks may be sent to private and loopback addresses."""
    limits: Limits = field(default_factory=Limits)
    auth: Auth = Auth.OFF
    people: People | None = None
    """The identity provider with which people sign in; ``None``: there is none."""
    gate: Gate = field(init=False)
    streams: Slots = field(init=False)
    """Counts open event streams."""
    flow_status: FlowStatusCache = field(init=False)
    waiting_requests: WaitingRequests = field(init=False)
    batch_bytes: ByteRoom = field(default_factory=ByteRoom)
    unauthenticated: UnauthenticatedCallbacks = field(default_factory=UnauthenticatedCallbacks)

    def __post_init__(self) -> None:
        self.streams = Slots(self.limits.streams, self.limits.streams_per_address)
        limiting = [one.rules for one in self.flows.values() if one.rules.limits_keys]
        self.flow_status = FlowStatusCache(self.store, limiting=limiting)
        acts = self.acts
        self.gate = Gate(
            self.auth,
            acts.credentials,
            acts.refusals,
            acts.rate_limits,
            people=self.people,
        )
        self.waiting_requests = WaitingRequests(self.store, self.bus, acts.credentials)

    async def waits(self, job: Job) -> WaitingFor | None:
        """What the job waits for (``waitingOn``). Never raises; waits at most ``READ_TIMEOUT_SECONDS`` for the lane."""
        if job.is_final:
            return None
        if job.state is not State.PENDING:
            # Only a PENDING job waits for its lane; otherwise the job itself holds the answer.
            return waiting_on(job, open_lane(job.flow), FlowRules(job.flow), 0, self.store.now())
        return self.waits_in(job, await self.flow_status.recent())

    def waits_in(self, job: WaitingFields, status: FlowStatus | None) -> WaitingFor | None:
        """What the job waits for, from lanes and counts already read. ``status`` ``None``: they are not available, so
        only a wait for ``runAt`` is known."""
        now = self.store.now()
        if job.flow not in self.flows and job.state is State.PENDING:
            return waiting_without_flow(job)
        if status is None:
            return waiting_for_run_at(job, now)
        lane = status.lanes.get(job.flow) or open_lane(job.flow)
        in_flight, full_keys = status.in_flight.get(job.flow, 0), status.full_keys.get(job.flow, {})
        rules = self.acts.flows.rules(job.flow)
        shared = None if rules.limit is None else status.of_limit(rules.limit)
        falls_to = first_open(map(self.acts.flows.rules, rules.fallback), status.lanes, now)
        return waiting_on(job, lane, rules, in_flight, now, full_keys, shared, self.acts.flows.currency, falls_to)

    async def job(self, request: Request) -> Job:
        """The job whose id is in the path. Raises ``JobNotFound``, also for one of a flow that the requester may not
        see."""
        return await visibility.job_of(self.store, job_id(request), principal_of(request))

    async def shown(self, job: Job, principal: Principal) -> Job:
        """The job without what the principal may not see."""
        return await visibility.without_foreign_origin(self.store, job, principal)

    def requester(self, request: Request) -> Requester:
        return self.gate.requester(request)


def job_id(request: Request) -> str:
    """The id in the path. Raises ``JobNotFound`` if it is not a valid id."""
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise JobNotFound
    return value
