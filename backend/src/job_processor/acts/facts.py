"""Facts: events inside the process. Each act publishes one; metrics, caches and workers subscribe.

The history of a job and the notices of its end are written in the same write as the move itself
(``core.transitions``); they need no subscriber.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, get_args

import msgspec
import structlog

from job_processor.core.batch import Batch
from job_processor.core.bulk import BulkAction
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.outcome import Outcome
from job_processor.core.series import Counted
from job_processor.core.webhooks import DisabledBecause

log = structlog.get_logger(__name__)


class JobMoved(msgspec.Struct, frozen=True, gc=False):
    """A job was written. ``was``: its state before, ``None`` for a new job; it may be the state it still has."""

    job: Job
    was: State | None


class BatchSubmitted(msgspec.Struct, frozen=True, gc=False):
    """A batch was stored. ``jobs``: their number by flow; no ``JobMoved`` is published for each."""

    batch: Batch
    jobs: Mapping[str, int]


class BatchCancelled(msgspec.Struct, frozen=True, gc=False):
    """A batch was cancelled; its open jobs will be."""

    batch_id: str


class BatchEnded(msgspec.Struct, frozen=True, gc=False):
    """All jobs of a batch had ended for the first time."""

    batch: Batch


class BatchesPruned(msgspec.Struct, frozen=True, gc=False):
    """Retention deleted batches with their jobs."""

    batches: int
    jobs: int


class JobDeleted(msgspec.Struct, frozen=True, gc=False):
    """A person deleted a final job."""

    job_id: str


class JobsPruned(msgspec.Struct, frozen=True, gc=False):
    """Retention deleted final jobs."""

    count: int


class CallbacksPruned(msgspec.Struct, frozen=True, gc=False):
    """Retention deleted kept callbacks."""

    count: int


class AttemptEnded(msgspec.Struct, frozen=True, gc=False):
    """A worker reported the outcome of its attempt. ``written`` is false when the attempt was no longer current.

    ``flow``: the one whose processor had the attempt.
    """

    flow: str
    outcome: Outcome
    written: bool


class TokensUsed(msgspec.Struct, frozen=True, gc=False):
    """The tokens of an attempt became known. ``flow``: the one whose processor used them; ``cost``: in micros
    (``core.cost``)."""

    flow: str
    prompt: int
    completion: int
    cost: int

    @classmethod
    def of(cls, job: Job, used: Counted) -> "TokensUsed":
        return cls(used.used_by or job.flow, used.prompt_tokens, used.completion_tokens, used.cost)


class CallbackJudged(msgspec.Struct, frozen=True, gc=False):
    """A callback was answered. ``verdict``: a ``core.callbacks.CallbackVerdict``, or ``unauthorized``."""

    verdict: str


class LaneMoved(msgspec.Struct, frozen=True, gc=False):
    """A flow's lane was written."""

    before: Lane
    after: Lane


class KeysChanged(msgspec.Struct, frozen=True, gc=False):
    """A key or a session was made or ended in this process."""


class SignedIn(msgspec.Struct, frozen=True, gc=False):
    """A session began. ``kind``: of whom, a key or a person (``core.access.PrincipalKind``)."""

    kind: str


class RequestRefused(msgspec.Struct, frozen=True, gc=False):
    """A request had no valid credential, not the right, or was beyond a limit. ``code``: of its problem."""

    code: str


class DeliveriesDue(msgspec.Struct, frozen=True, gc=False):
    """A webhook is to be sent now."""


class DeliveryTried(msgspec.Struct, frozen=True, gc=False):
    """A webhook was sent, or given up. ``outcome``: delivered, failed or given_up."""

    outcome: str


class EndpointDisabled(msgspec.Struct, frozen=True, gc=False):
    """An endpoint was disabled by the product, not by a person."""

    because: DisabledBecause


class BulkActionMoved(msgspec.Struct, frozen=True, gc=False):
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
