"""What a processor is: the code that hands one attempt to the outside and says what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from job_processor.core.flow import FlowRules
from job_processor.core.job import Attempt, Json
from job_processor.core.outcome import HandOver, Outcome


@dataclass(frozen=True, slots=True)
class Dispatch:
    """All that a processor may know of the attempt it makes.

    ``callback_url`` and ``callback_token`` go to processors that report later; ``complaint`` says what was
    wrong with the result of the attempt before, when that is why there is another.
    """

    job_id: str
    attempt: int
    prompt: str
    metadata: Mapping[str, Json]
    result_schema: Mapping[str, Json] | None
    callback_url: str
    callback_token: str
    complaint: str | None
    progress: Callable[[str], Awaitable[None]]
    """Tell how far the work is, in words or partial text; may be called often, the newest word counts."""


class Processor(Protocol):
    async def open(self) -> None:
        """Get ready (connection pools). Called once, in the process that dispatches."""
        ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        """Make the attempt. Bounded by the flow's dispatch timeout; cancelled when the job is cancelled.

        An outcome alone says that the lane is well. An exception is a failed attempt and a fault of our own code: what
        the other side does is said by values.
        """
        ...

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Pass a cancel on for an attempt that awaits its callback; what was reached, in words, or ``None``."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a processor said when it was asked about an attempt.

    ``words`` are for the job's history. ``outcome``: its result or error, ``Accepted`` while it works on it, ``None``
    when it could not tell. ``answered`` is false when no answer came at all, so that it may be asked again soon.
    ``ended``: it knows that the work is over, and no callback will come.
    """

    words: str
    outcome: Outcome | None = None
    answered: bool = True
    ended: bool = False


@runtime_checkable
class Reconciler(Protocol):
    """A processor that can be asked about an attempt that waits for its callback."""

    @property
    def instance(self) -> str:
        """Who counts the executions: flows with the same one share their ids."""
        ...

    @property
    def can_be_asked(self) -> bool:
        """False when this flow lacks what it takes (an API key)."""
        ...

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        """What became of the attempt; ``None`` when there is no way to ask about this one."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a processor is built with, beside its own options.

    ``environment`` holds the secrets that options name (``api_key_env``); ``now`` is milliseconds since 1970.
    ``callback_secret`` is what our own callback endpoint takes in ``x-webhook-secret`` (the mock uses it).
    ``max_result_bytes``: of a result in UTF-8, the same for a callback and for an answer.
    """

    rules: FlowRules
    environment: Mapping[str, str]
    now: Callable[[], int]
    callback_secret: str
    max_result_bytes: int = 1_048_576
