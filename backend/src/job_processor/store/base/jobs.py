"""Jobs in a store: the methods, and the values that they take and return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from job_processor.core.audit import AuditEntry
from job_processor.core.exchange import Exchange
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.shared_limit import queue_entry
from job_processor.core.transitions import Change
from job_processor.store.base.groups import GroupBy, Grouped
from job_processor.store.base.query import Query


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for one submission, and the fingerprint of the request.

    ``before``: the fingerprint of the same request as an earlier release computed it, which may be the stored one.
    """

    key: str
    fingerprint: str
    before: str | None = None

    def fits(self, stored: str) -> bool:
        """Does the stored fingerprint belong to this request?"""
        return stored in (self.fingerprint, self.before)


class Added(msgspec.Struct, frozen=True, gc=False):
    """``created`` is false when the job was made by an earlier request with the same key."""

    job: Job
    created: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """A job in a list: what a row shows, and nothing that grows with what happens to the job.

    ``job`` has no attempts, no history and no result schema (these fields are empty), and of its verdict no repair and
    only the first schema error and warning. Prompt and result may be clipped; the sizes are those of the whole, in
    bytes of UTF-8. Of a query without texts they are "", None, 0 and None.
    """

    job: Job
    prompt_bytes: int
    result_bytes: int | None

    @property
    def id(self) -> str:
        return self.job.id


@dataclass(frozen=True, slots=True)
class WaitingQuery:
    """Which WAITING jobs to return of those that a flow's processor has: those whose ``due_at`` has passed and, with
    ``lost_before`` (ms), also those about which it has not answered since then (``Job.heard_at``).

    At most ``limit``, ordered by ``due_at`` or, with ``oldest``, by ``heard_at``.
    """

    flow: str
    limit: int
    lost_before: int | None = None
    oldest: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker asks for up to ``limit`` due jobs of one flow.

    ``rules``: of the flow whose processor gets them. ``of``: the flow whose jobs they are, if they are to fall back to
    that processor; ``None``: its own. ``before``: the fallback flows of ``of`` that come before that one. ``exchange``:
    what is recorded of where the attempts are sent; ``None``: nothing.
    """

    rules: FlowRules
    limit: int
    owner: str
    of: FlowRules | None = None
    before: tuple[FlowRules, ...] = ()
    exchange: Exchange | None = None

    @property
    def source(self) -> FlowRules:
        """The rules of the flow whose jobs are claimed."""
        return self.rules if self.of is None else self.of

    @property
    def queue_entry(self) -> str:
        """The claim's entry in the queue of a shared limit (``core.shared_limit.queue_entry``)."""
        return queue_entry(self.rules.name, None if self.of is None else self.of.name)

    @property
    def lanes(self) -> tuple[str, ...]:
        """The flows whose lanes decide whether jobs fall back."""
        return () if self.of is None else (self.of.name, *(one.name for one in self.before))


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claimed jobs, each RUNNING with a lease of ``owner``, and the lane after the claim.

    ``retry_at``: when the flow may have another job to claim, if that is known (the next ``run_at``, or a lane that
    opens); ``None``: only a notice or the next poll can tell. ``idle``: the lane would have admitted a job, but none
    was due. ``estimated``: the tokens that its job was charged, where the flow shares ``tokens_per_minute``: then a
    claim has one job at most.
    """

    jobs: Sequence[Job]
    lane: Lane
    retry_at: int | None = None
    idle: bool = False
    estimated: int | None = None


def earliest(*times: int | None) -> int | None:
    """The earliest of these times; ``None`` is skipped, and is returned if all are ``None``."""
    return min((time for time in times if time is not None), default=None)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that its worker wants to renew."""

    job_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Number of jobs by flow and state, the ``run_at`` of the oldest due PENDING job of each flow, and the number of
    jobs in flight that fell back, by their flow and the flow whose processor has them."""

    by_state: dict[tuple[str, State], int]
    oldest_due: dict[str, int]
    fallen_back: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ahead:
    """``jobs``: how many jobs of its flow are claimed before a job, at most; ``more``: that number or more."""

    jobs: int
    more: bool


class Jobs(Protocol):
    """Jobs: stored, read, claimed, moved, deleted."""

    async def add(self, job: Job, key: IdempotencyKey | None = None, record: AuditEntry | None = None) -> Added:
        """Store a new job durably.

        If the key was used before: returns the job made then when the fingerprint fits, else raises
        ``IdempotencyMismatch``. A key is deleted together with its job.
        """
        ...

    async def get(self, job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        """The whole job as last committed, or ``None``.

        ``flows``: a job of another flow is not read: the answer is ``None``, as fast as for an unknown id, so that its
        timing does not show that the job exists.
        """
        ...

    async def find_execution(self, execution_id: str, flows: frozenset[str] | None = None) -> str | None:
        """The id of the job in flight whose current attempt has this execution id, or ``None``.

        ``flows``: only jobs that the processors of these have. ``None`` also when several jobs match: two processors
        may use the same ids.
        """
        ...

    async def list(self, query: Query) -> Sequence[Summary]:
        """Up to ``query.limit`` jobs, newest id first.

        Raises ``ReadTooLong`` after a timeout, ``TooManySearches`` when too many searches are running. Cancelling it
        stops the query.
        """
        ...

    async def count(self, query: Query) -> int:
        """The number of jobs that match, damaged ones too, but at most ``query.limit``: no more are counted.

        Raises as ``list`` does.
        """
        ...

    async def count_by_state(self, query: Query) -> Mapping[State, int]:
        """The number of matching jobs in each state. At most ``query.limit`` jobs are counted in all, the newest first
        if the store reads them in that order. States without jobs are missing."""
        ...

    async def groups(self, query: Query, by: GroupBy) -> Grouped:
        """The newest ``query.limit`` matching jobs, grouped by a value; jobs without this value are left out."""
        ...

    def is_searchable(self) -> bool:
        """Whether all jobs are in the search index (words, errors, verdicts, executions, metadata). After an upgrade,
        older jobs are added to it in the background."""
        ...

    async def counts(self) -> Counts: ...

    async def count_waiting(self, owner: str, most: int) -> int:
        """The number of PENDING jobs of this owner, counted up to ``most``."""
        ...

    async def ahead(self, job: Job, most: int) -> Ahead | None:
        """The maximum number of jobs waiting now that are claimed before this one. Counted are the due jobs of its flow
        with a higher priority, those of its own key before it, and of every other key of its priority as many as may
        have their turn first. Counting stops at ``most``, or after a few small reads.

        ``None``: the job is not PENDING, or not due.
        """
        ...

    async def claim(self, claim: Claim) -> Claimed:
        """Claim due PENDING jobs of one flow: the highest priority first; within a priority the keys (``Job.key_hash``)
        take turns, round robin; within a key by ``run_at``, then id. Each process keeps its own turns.

        The lane (``core.lane.admit``) says how many; that and each job's move (``core.claiming.claim``,
        with a fresh token) are atomic: no two claims get the same job, and a flow's concurrency and rate
        are never exceeded, however many workers claim. The same holds for the limits of each key
        (``core.key_limits``): keys at their limit are skipped. A job whose deadline has passed is not claimed.

        In a lane that is in trouble the one job is its probe: ``lane.wanted`` if that is due; else, while no job is
        ``lane.probed``, one of the highest priority; else, of the due jobs but that one, one that was never handed
        over, of the highest priority among these, or the one that is due for the longest time, whatever its priority;
        and ``lane.probed`` when no other is due. The probe's place is taken while its job is RUNNING under the lease
        ``lane.probe`` and that lease has not ended.

        With ``claim.of`` the jobs are of that flow, if ``core.fallback.fall_back`` lets them go; lane, limits and rate
        are those of ``claim.rules``, which count them from then on (``Job.via``), and not those of their own flow.
        The claim is never ``idle``.
        """
        ...

    async def full_keys(self, rules: FlowRules) -> Mapping[int, int | None]:
        """The hashes of the keys that have reached one of the flow's limits per key, each with the time at which it may
        start a job again (ms since 1970); ``None``: when one of its jobs has ended."""
        ...

    async def extend(self, held: Sequence[Held], lease_ms: int) -> Sequence[str]:
        """Renew the leases of RUNNING jobs: they end ``lease_ms`` milliseconds from now. Returns the ids of the jobs
        whose lease is lost."""
        ...

    async def apply(self, change: Change, record: AuditEntry | None = None) -> bool:
        """Write a changed job by compare-and-set under the guard of the change, its history and notices in the same
        write.

        The only method besides ``claim`` and ``extend`` that changes a job. ``False``: another process changed the job
        first; nothing was written.
        """
        ...

    async def overdue(self, limit: int, but_callbacks_of: frozenset[str] = frozenset()) -> Sequence[Job]:
        """Whole jobs whose ``due_at`` has passed, longest overdue first.

        Without WAITING jobs that the processors of the flows in ``but_callbacks_of`` have, unless their deadline has
        passed.
        """
        ...

    async def list_waiting(self, which: WaitingQuery) -> Sequence[Job]:
        """Whole WAITING jobs whose processor is to be asked about their attempts."""
        ...

    async def prune(self, finished_before: int, limit: int) -> int:
        """Delete up to ``limit`` final jobs that finished before ``finished_before``. Jobs of a batch are kept as long
        as their batch (``prune_batches``). Returns how many were deleted."""
        ...

    async def delete(self, job_id: str, record: AuditEntry | None = None, rev: int | None = None) -> bool:
        """Delete a final job with its kept callbacks and its settled deliveries; pending deliveries are still sent.

        Returns ``False`` if no job of this id is in a final state. ``rev``: only if the job still has this revision.
        """
        ...

    async def is_being_deleted(self, job_id: str) -> bool:
        """Whether the job still exists although its deletion has begun: it is under way, or the store failed meanwhile.
        Such a job cannot be changed any more; ``delete`` completes its deletion."""
        ...
