"""A job: one prompt and everything that happened to it. Frozen data; what must be atomic lives here.

All times are integers: milliseconds since 1970-01-01T00:00:00Z.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, Union

from job_processor.core.events import Event
from job_processor.core.verdict import Verdict

Json: TypeAlias = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]


class State(StrEnum):
    """Where a job stands. The last three are final: only a person moves a job out of them."""

    PENDING = "PENDING"
    """Waits for a worker until ``run_at`` or later; a claim moves it on."""
    RUNNING = "RUNNING"
    """A worker holds the lease; its outcome, or the end of the lease, moves it on."""
    WAITING = "WAITING"
    """A processor promised to call back; the callback, or its deadline, moves it on."""
    COMPLETED = "COMPLETED"
    """Final: a result is kept."""
    FAILED = "FAILED"
    """Final: no attempt is left, or the error was about the job itself."""
    CANCELLED = "CANCELLED"
    """Final: a person or program called it off."""


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
IN_FLIGHT = frozenset({State.RUNNING, State.WAITING})


class AttemptEnd(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The processor said so, or its answer could not be used."""
    LOST = "lost"
    """The worker stopped renewing its lease."""
    OVERDUE = "overdue"
    """No callback came by the deadline."""
    SNOOZED = "snoozed"
    """Put back without being counted: 429, outage, closed lane."""
    SUPERSEDED = "superseded"
    """An older attempt's success completed the job first."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobError:
    """What went wrong, for a person (``message``) and for a program (``code``)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model reported about one answer. ``None``: it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    model: str | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. Recorded before it is sent; numbered 1, 2, 3 … and never decremented."""

    number: int
    started_at: int
    worker: str
    ended_at: int | None = None
    end: AttemptEnd | None = None
    error: JobError | None = None
    execution_id: str | None = None
    """The processor's own name for this try (n8n's execution id), when it gave one."""
    usage: Usage | None = None
    partial: str | None = None
    """What came of an answer that ended badly: no result, but paid for. Bounded (``bounds.py``)."""
    asked_at: int | None = None
    """When somebody last began to ask the processor what became of it."""
    heard_at: int | None = None
    """When the processor last gave an answer to that."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The claim on an attempt. RUNNING: a worker's; WAITING: the processor's, until its callback is due."""

    token: str
    owner: str
    until: int
    ask_at: int | None = None
    """When the processor is to be asked what became of the attempt, whatever is left until ``until``."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Why a PENDING job was put back, in words. ``kind`` is for programs: rate_limited, outage, …"""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals that a job met one after another, with no other answer between. What they prove: evidence.py.

    ``since``: when the first refused hand-over began. ``probes``: how many of them it met as the lane's probe.
    ``alone``: how many of those while others got through since ``alone_at``, the time of the one before (at first
    ``since``).
    """

    since: int
    times: int = 1
    probes: int = 0
    alone: int = 0
    alone_at: int = 0


class Job(NamedTuple):
    """One record. ``rev`` grows by one with every change and is part of every compare-and-set.

    A named tuple: it is copied at every move, and a frozen dataclass of this width takes five times as long.
    """

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
    """Attempts that were sent and failed: what is held against ``max_attempts``."""
    lease: Lease | None = None
    deadline: int | None = None
    finished_at: int | None = None
    result: str | None = None
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

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def lease_until(self) -> int | None:
        return None if self.lease is None else self.lease.until

    def heard_at(self) -> int | None:
        """WAITING: since when nothing is known of the attempt but that it began, or that its processor was asked."""
        if self.state is not State.WAITING:
            return None
        newest = self.attempts[-1]
        return newest.started_at if newest.heard_at is None else newest.heard_at

    def due_at(self) -> int | None:
        """When the reaper must look at this job: when its lease ends, its processor is to be asked, or its own
        deadline is, whichever comes first."""
        if self.state in FINAL:
            return None
        if self.lease is None:
            return self.deadline
        times = (self.lease.until, self.lease.ask_at, self.deadline)
        return min(time for time in times if time is not None)
