"""What happened, for whoever wants to know: acts tell one fact each, and metrics (later webhooks and audit) subscribe.

The history of a job is written in the same write as the move itself (``core.transitions``); it needs no subscriber.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.outcome import Outcome

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job was written. ``was``: its state before, ``None`` for a new job; it may be the state it still has."""

    job: Job
    was: State | None


@dataclass(frozen=True, slots=True)
class JobDeleted:
    """A person deleted a final job."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobsPruned:
    """Retention deleted final jobs."""

    count: int


@dataclass(frozen=True, slots=True)
class CallbacksPruned:
    """Retention deleted kept callbacks."""

    count: int


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """A worker reported the outcome of its attempt. ``written`` is false when the attempt was no longer current."""

    flow: str
    outcome: Outcome
    written: bool


@dataclass(frozen=True, slots=True)
class CallbackJudged:
    """A callback was answered. ``verdict``: a ``core.callbacks.CallbackVerdict``, or ``unauthorized``."""

    verdict: str


@dataclass(frozen=True, slots=True)
class LaneMoved:
    """A flow's lane was written."""

    before: Lane
    after: Lane


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """A key or a session was made or ended in this process."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session began. ``kind``: of whom, a key or a person (``core.access.PrincipalKind``)."""

    kind: str


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A request had no valid credential, not the right, or was beyond a limit. ``code``: of its problem."""

    code: str


Fact: TypeAlias = (
    JobMoved
    | JobDeleted
    | JobsPruned
    | CallbacksPruned
    | AttemptEnded
    | CallbackJudged
    | LaneMoved
    | KeysChanged
    | SignedIn
    | RequestRefused
)


class Facts:
    """Tells each fact to all subscribers, after its write was durable."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Fact], None]] = []

    def subscribe(self, subscriber: Callable[[Fact], None]) -> None:
        """``subscriber`` is called on the event loop and must return at once."""
        self._subscribers.append(subscriber)

    def tell(self, fact: Fact) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(fact)
            except Exception:
                # The write is done: a fault of a subscriber must not look like a failed act.
                log.exception("subscriber_failed", fact=type(fact).__name__)
