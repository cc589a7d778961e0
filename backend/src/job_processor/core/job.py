"""A job: one prompt and everything that happened to it. Immutable; one job is one record, written atomically.

All times are integers in milliseconds since 1970-01-01T00:00:00Z.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias, Union

import msgspec

from job_processor.core.events import Event
from job_processor.core.exchange import Exchange
from job_processor.core.fairness import key_hash
from job_processor.core.verdict import Verdict

Json: TypeAlias = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]


class State(StrEnum):
    """The state of a job. The last three are final: only a person moves a job out of them (retry, accept)."""

    PENDING = "PENDING"
    """Not claimed; a worker may claim it from ``run_at`` on. Ends with a claim."""
    RUNNING = "RUNNING"
    """A worker holds the lease. Ends with the attempt's outcome or when the lease runs out."""
    WAITING = "WAITING"
    """The processor accepted the attempt and will call back. Ends with the callback or at its deadline."""
    COMPLETED = "COMPLETED"
    """Final: the job has a result."""
    FAILED = "FAILED"
    """Final: no attempt is left, or the error cannot be retried."""
    CANCELLED = "CANCELLED"
    """Final: a person or program cancelled it."""


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
IN_FLIGHT = frozenset({State.RUNNING, State.WAITING})


class AttemptEnd(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The processor reported an error, or its answer could not be used."""
    LOST = "lost"
    """The worker did not renew its lease in time."""
    OVERDUE = "overdue"
    """No callback came by the deadline, or the job's own deadline passed while the attempt was under way."""
    SNOOZED = "snoozed"
    """Put back, so that the attempt does not count: rate limit, outage, closed lane."""
    SUPERSEDED = "superseded"
    """A success of an older attempt completed the job first."""
    CANCELLED = "cancelled"


class JobError(msgspec.Struct, frozen=True, gc=False):
    """An error: ``message`` for people, ``code`` for programs."""

    code: str
    message: str


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What a model reported about one answer. ``None``: not reported."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    model: str | None = None
    finish_reason: str | None = None


class Refusals(msgspec.Struct, frozen=True, gc=False):
    """A job's consecutive refusals, without another answer in between; the input of ``core.evidence``.

    ``since``: when the first refused hand-over began. ``times``: the number of refusals. ``probes``: the number of
    refusals as the lane's probe. ``alone``: the number of refused probes with another job answered since ``alone_at``,
    the start of the previous probe that counted (initially ``since``).
    """

    since: int
    times: int = 1
    probes: int = 0
    alone: int = 0
    alone_at: int = 0


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try to process the job. Recorded before anything is sent; numbered 1, 2, 3 …, numbers are never reused."""

    number: int
    started_at: int
    worker: str
    ended_at: int | None = None
    end: AttemptEnd | None = None
    error: JobError | None = None
    execution_id: str | None = None
    """The processor's own id of this attempt (n8n's execution id), if it gave one."""
    usage: Usage | None = None
    cost_micros: int | None = None
    """The cost in micros (``core.cost``). ``None``: tokens unknown, or no prices."""
    partial: str | None = None
    """Partial answer: the text received before the answer failed; truncated (``core.limits``)."""
    asked_at: int | None = None
    """When the last reconcile call for this attempt began."""
    heard_at: int | None = None
    """When the processor last answered a reconcile call."""
    flow: str | None = None
    """The fallback flow whose processor got the attempt (``core.fallback``); ``None``: the job's own flow."""
    refusals: Refusals | None = None
    """The job's refusals, saved when the next attempt goes to another flow's processor and restored when it is back."""
    exchange: Exchange | None = None
    """What was sent and received. ``None``: claimed by an older version."""


class Lease(msgspec.Struct, frozen=True, gc=False):
    """The right to work on the current attempt until ``until``.

    RUNNING: held by a worker, which renews it. WAITING: held by the processor; ``until`` is the callback's deadline.
    """

    token: str
    owner: str
    until: int
    ask_at: int | None = None
    """When to ask the processor about the attempt (reconcile), even if that is before ``until``."""


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """Why a PENDING job was put back: ``detail`` for people, ``kind`` for programs (rate_limited, outage, …)."""

    kind: str
    detail: str


class WebhookEvent(StrEnum):
    """The events that webhooks notify of: how a job ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobWebhook(msgspec.Struct, frozen=True, gc=False):
    """The webhook of one job: the URL that is notified of its end, and the events to notify of."""

    url: str
    events: tuple[WebhookEvent, ...] = tuple(WebhookEvent)


class Spent(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Milliseconds that a job has spent in each stage, without the current one.

    ``scheduled``: before the requested start; not part of the duration. ``queued``: PENDING; ``handing_over``: RUNNING;
    ``processing``: WAITING; these three add up to the duration.
    """

    scheduled: int = 0
    queued: int = 0
    handing_over: int = 0
    processing: int = 0

    @property
    def working(self) -> int:
        """The sum of the stages that belong to the duration."""
        return self.queued + self.handing_over + self.processing


NOTHING_SPENT = Spent()


class Job(msgspec.Struct, frozen=True, gc=False):
    """One record. ``rev``: incremented by every change and checked by every compare-and-set."""

    id: str
    prompt: str
    flow: str
    state: State
    rev: int
    created_at: int
    updated_at: int
    run_at: int
    priority: int
    max_attempts: int
    attempt: int = 0
    """Number of the newest attempt; 0 before the first."""
    failures: int = 0
    """Number of failed attempts; at ``max_attempts`` the job fails."""
    lease: Lease | None = None
    deadline: int | None = None
    finished_at: int | None = None
    result: str | None = None
    """Set only in a final state."""
    verdict: Verdict | None = None
    error: JobError | None = None
    snooze: Snooze | None = None
    refusals: Refusals | None = None
    progress: str | None = None
    attempts: tuple[Attempt, ...] = ()
    history: tuple[Event, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = MappingProxyType({})
    result_schema: Mapping[str, Json] | None = None
    replay_of: str | None = None
    batch_id: str | None = None
    """The batch that the job was submitted with; ``None``: submitted alone."""
    batch_line: int | None = None
    """The number of the job's line in the batch, from 1."""
    custom_id: str | None = None
    """The client's own name for the job, unique in its batch."""
    owner: str = ""
    """``Principal.owner`` of the submitter, whose quota of waiting jobs the job counts against. Empty: no quota."""
    webhook: JobWebhook | None = None
    bulk_actions: tuple[str, ...] = ()
    """Ids of the newest bulk actions that cancelled or retried the job, so that each does so only once."""
    idle_ms: int = 0
    """Milliseconds that do not count for the duration: before the requested start, and between an end and a retry."""
    spent: Spent = NOTHING_SPENT
    answered_by: str | None = None
    """The fallback flow whose processor gave the result; ``None``: the job's own flow."""
    key: str | None = None
    """The customer or tenant, for the round robin of a flow; ``None``: the owner is used instead."""
    cost_micros: int | None = None
    """The cost in micros (``core.cost``) of all attempts, including trimmed ones. ``None``: no attempt has a cost."""

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def lease_until(self) -> int | None:
        return None if self.lease is None else self.lease.until

    @property
    def duration_ms(self) -> int | None:
        """From the requested start to the end, without the time between an end and a retry; ``None``: not final."""
        return None if self.finished_at is None else max(0, self.finished_at - self.created_at - self.idle_ms)

    def via(self) -> str | None:
        """The fallback flow whose processor has the job in flight; ``None``: its own flow, or not in flight."""
        return self.attempts[-1].flow if self.lease is not None and self.attempts else None

    def waiting_of(self) -> str | None:
        """The owner whose quota of waiting jobs the job uses: set while it is PENDING and has an owner."""
        return self.owner or None if self.state is State.PENDING else None

    def key_hash(self) -> int:
        """The hash of the job's key, which orders the round robin (``core.fairness``)."""
        return key_hash(self.key, self.owner)

    def heard_at(self) -> int | None:
        """When the processor last confirmed the attempt: its last reconcile answer, else the attempt's start.

        ``None``: the job is not WAITING.
        """
        if self.state is not State.WAITING:
            return None
        newest = self.attempts[-1]
        return newest.started_at if newest.heard_at is None else newest.heard_at

    def due_at(self) -> int | None:
        """When the reaper must check the job: the earliest of the lease's end, ``ask_at`` and the job's deadline.

        ``None``: never.
        """
        if self.state in FINAL:
            return None
        if self.lease is None:
            return self.deadline
        times = (self.lease.until, self.lease.ask_at, self.deadline)
        return min(time for time in times if time is not None)
