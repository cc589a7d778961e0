"""What a store does with jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.flow import FlowRules
from job_processor.core.ids import first_id_of
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.transitions import Change

ID_AHEAD_MS = 3_600_000
"""How far an id's time may be ahead of its job's ``created_at``. New ids stay within ``core.ids.AHEAD_MS``; ids of
older releases never went back when the clock did."""

TEXT_SEARCH_DEPTH = 100_000
"""A text search looks at this many jobs, the newest."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for one submission, and the fingerprint of what it asked for.

    ``before``: the fingerprint that an earlier release gave the same request; stored ones of that form are known by it.
    """

    key: str
    fingerprint: str
    before: str | None = None

    def fits(self, stored: str) -> bool:
        """Is this the request that the stored fingerprint is of?"""
        return stored in (self.fingerprint, self.before)


@dataclass(frozen=True, slots=True)
class Added:
    """``created`` is false when the key had already made this job."""

    job: Job
    created: bool


@dataclass(frozen=True, slots=True)
class Query:
    """Which jobs to list, newest id first. ``None`` or empty: no such limit.

    ``before`` is the id after which the page starts; ``text`` must occur in prompt or result (case-insensitive).
    ``clip`` is the number of characters of prompt and result to bring along.
    """

    limit: int = 50
    before: str | None = None
    states: frozenset[State] = frozenset()
    flow: str | None = None
    tag: str | None = None
    text: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    clip: int = 4096

    @property
    def first_id(self) -> str | None:
        """No job that is asked for has a smaller id, because an id begins with the time of creation."""
        return None if self.created_after is None else first_id_of(self.created_after)

    @property
    def end_id(self) -> str | None:
        """Every job that is asked for has a smaller id."""
        ends = [] if self.before is None else [self.before]
        if self.created_before is not None:
            ends.append(first_id_of(self.created_before + ID_AHEAD_MS))
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Summary:
    """A job of a list: what a row shows, and nothing that grows with what happened to the job.

    ``job`` comes without its attempts, its history and its result schema (these fields are empty); of its verdict
    without the repair and with the first of the schema errors and warnings. Prompt and result may be clipped; the
    sizes of the whole are in bytes of UTF-8.
    """

    job: Job
    prompt_bytes: int
    result_bytes: int | None

    @property
    def id(self) -> str:
        return self.job.id


@dataclass(frozen=True, slots=True)
class Awaited:
    """Which WAITING jobs of a flow to look at: those whose ``due_at`` has passed, and with ``unheard_since`` (ms) also
    those of whose attempt nothing was heard since then (``Job.heard_at``).

    Ordered by ``due_at``, or, with ``oldest``, by when they were last heard of; no more than ``limit``.
    """

    flow: str
    limit: int
    unheard_since: int | None = None
    oldest: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's wish for up to ``limit`` due jobs of one flow."""

    rules: FlowRules
    limit: int
    owner: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """The jobs now RUNNING under ``owner``, each with a lease of its own; and the lane as it stands after.

    ``retry_at``: when this flow may have something to claim again, if the store knows (a future ``run_at``,
    a lane that opens); ``None`` when only a wake-up or the next poll can tell. ``idle``: the lane would have admitted
    a job, and none was due.
    """

    jobs: Sequence[Job]
    lane: Lane
    retry_at: int | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that its worker still wants."""

    job_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs by flow and state, and the ``run_at`` of the oldest due PENDING job of each flow."""

    by_state: dict[tuple[str, State], int]
    oldest_due: dict[str, int]


class Jobs(Protocol):
    """Jobs: stored, read, handed over, moved on, deleted."""

    async def add(self, job: Job, key: IdempotencyKey | None = None) -> Added:
        """Store a new job durably before returning.

        With a key that was used before: the job it made, whole, if the fingerprint is the same,
        else ``IdempotencyMismatch``. Keys live as long as their job.
        """
        ...

    async def get(self, job_id: str) -> Job | None:
        """The whole job as last committed, or ``None``."""
        ...

    async def find_execution(self, execution_id: str, flows: frozenset[str] | None = None) -> str | None:
        """The id of the job in flight whose current attempt the processor knows by this id, or ``None``.

        ``flows``: only jobs of these. ``None`` also when there are several: two processors may count alike, and
        nobody knows which of them is meant.
        """
        ...

    async def list(self, query: Query) -> Sequence[Summary]:
        """Up to ``query.limit`` jobs, newest id first.

        Raises ``ReadTooLong`` or ``TooManySearches`` for what would hold others up; ends when it is cancelled.
        """
        ...

    async def counts(self) -> Counts: ...

    async def claim(self, claim: Claim) -> Claimed:
        """Hand over due PENDING jobs of one flow, highest priority first, then oldest ``run_at``, then oldest id.

        The lane (``core.lane.admit``) says how many; that and each job's move (``core.transitions.claim``,
        with a fresh token) are atomic: no two claims get the same job, and a flow's concurrency and rate
        are never exceeded, whoever claims. A job whose deadline has passed is not handed over.

        In a lane that is in trouble the one job is its probe: ``lane.wanted`` if that is due; else, while no job is
        ``lane.probed``, the first in the order above; else, of the due jobs but that one, the first that was never
        handed over, or the one that is due for the longest time, whatever its priority; and ``lane.probed`` when no
        other is due. The probe's place is taken while its job is RUNNING under the lease ``lane.probe`` and that lease
        has not ended.
        """
        ...

    async def extend(self, held: Sequence[Held], lease_ms: int) -> Sequence[str]:
        """Let RUNNING leases last that long from now on. Returns the ids of jobs whose lease is another's, or over."""
        ...

    async def apply(self, change: Change) -> bool:
        """The only write after ``add``: compare-and-set under the change's guard, history in the same write.

        ``False``: somebody else changed the job first; nothing was written.
        """
        ...

    async def overdue(self, limit: int, but_callbacks_of: frozenset[str] = frozenset()) -> Sequence[Job]:
        """Jobs whose ``due_at`` has passed, longest overdue first, whole.

        Without the WAITING jobs of these flows, unless it is the job's own deadline that has passed.
        """
        ...

    async def awaited(self, which: Awaited) -> Sequence[Job]:
        """WAITING jobs to ask a processor about, whole."""
        ...

    async def prune(self, finished_before: int, limit: int) -> int:
        """Delete up to ``limit`` final jobs that finished before then; returns how many. Never any other."""
        ...

    async def delete(self, job_id: str) -> bool:
        """Delete a final job and its kept callbacks. ``False``: there is none of that id in a final state."""
        ...
