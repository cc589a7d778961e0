"""Facts: events inside the process. Each act publishes one; metrics, caches and workers subscribe.

The history of a job and the notices of its end are written in the same write as the move itself
(``core.transitions``); they need no subscriber.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_args

import structlog

from job_processor.core.batch import Batch
from job_processor.core.bulk import BulkAction
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.outcome import Outcome
from job_processor.core.series import Counted
from job_processor.core.webhooks import DisabledBecause

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job was written. ``was``: its state before, ``None`` for a new job; it may be the state it still has."""

    job: Job
    was: State | None


@dataclass(frozen=True, slots=True)
class BatchSubmitted:
    """A batch was stored. ``jobs``: their number by flow; no ``JobMoved`` is published for each."""

    batch: Batch
    jobs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BatchCancelled:
    """A batch was cancelled; its open jobs will be."""

    batch_id: str


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """All jobs of a batch had ended for the first time."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class BatchesPruned:
    """Retention deleted batches with their jobs."""

    batches: int
    jobs: int


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
    """A worker reported the outcome of its attempt. ``written`` is false when the attempt was no longer current.

    ``flow``: the one whose processor had the attempt.
    """

    flow: str
    outcome: Outcome
    written: bool


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """The tokens of an attempt became known. ``flow``: the one whose processor used them; ``cost``: in micros
    (``core.cost``)."""

    flow: str
    prompt: int
    completion: int
    cost: int

    @classmethod
    def of(cls, job: Job, used: Counted) -> "TokensUsed":
        return cls(used.used_by or job.flow, used.prompt_tokens, used.completion_tokens, used.cost)


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


@dataclass(frozen=True, slots=True)
class DeliveriesDue:
    """A webhook is to be sent now."""


@dataclass(frozen=True, slots=True)
class DeliveryTried:
    """A webhook was sent, or given up. ``outcome``: delivered, failed or given_up."""

    outcome: str


@dataclass(frozen=True, slots=True)
class EndpointDisabled:
    """An endpoint was disabled by the product, not by a person."""

    because: DisabledBecause


@dataclass(frozen=True, slots=True)
class BulkActionMoved:
    """A bulk action was written. ``before``: as it was; ``None``: it is new."""

    after: BulkAction
    before: BulkAction | None


Fact: TypeAlias = (
    JobMoved
    | BatchSubmitted
    | BatchCancelled
    | BatchEnded
    | BatchesPruned
    | JobDeleted
    | JobsPruned
    | CallbacksPruned
    | AttemptEnded
    | TokensUsed
    | CallbackJudged
    | LaneMoved
    | KeysChanged
    | SignedIn
    | RequestRefused
    | DeliveriesDue
    | DeliveryTried
    | EndpointDisabled
    | BulkActionMoved
)

F = TypeVar("F", bound=Fact)


class Facts:
    """Publishes each fact to its subscribers, after its write is durable."""

    def __init__(self) -> None:
        # Each job publishes six facts, and most subscribers want one kind that is rare.
        self._subscribers: dict[type[object], list[Callable[[Any], None]]] = {kind: [] for kind in get_args(Fact)}

    def subscribe(self, subscriber: Callable[[Fact], None]) -> None:
        """To facts of all kinds. ``subscriber`` is called on the event loop and must return at once."""
        for subscribers in self._subscribers.values():
            subscribers.append(subscriber)

    def subscribe_to(self, kind: type[F], subscriber: Callable[[F], None]) -> None:
        """To facts of one kind."""
        self._subscribers[kind].append(subscriber)

    def tell(self, fact: Fact) -> None:
        for subscriber in self._subscribers[type(fact)]:
            try:
                subscriber(fact)
            except Exception:
                # The write is done: a fault of a subscriber must not look like a failed act.
                log.exception("subscriber_failed", fact=type(fact).__name__)
