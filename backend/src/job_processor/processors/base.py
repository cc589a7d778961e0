"""The interface of processors. A processor hands an attempt to an outside system and returns its outcome."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import msgspec

from job_processor.core.flow import FlowRules
from job_processor.core.job import Attempt, Json
from job_processor.core.outcome import HandOver, Outcome
from job_processor.outgoing.session import Measured


class Dispatch(msgspec.Struct, frozen=True):
    """The input of one attempt.

    ``callback_url`` and ``callback_token`` are for processors that report by callback. ``complaint``: what was wrong
    with the previous attempt's result, if that is the reason for this attempt. ``measured``: to be filled with what is
    sent by HTTP and comes back.
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
    """Reports progress as text (a note, or the partial answer). May be called often; the newest text counts."""
    measured: Measured = msgspec.field(default_factory=Measured)


class Processor(Protocol):
    @property
    def sends_to(self) -> str:
        """Where attempts are sent, for people: method and address without its query, or the function. Recorded with
        each attempt, so at most ``MAX_SENT_TO_CHARACTERS`` and without secrets."""
        ...

    async def open(self) -> None:
        """Prepare (connection pools). Called once, in the process that dispatches."""
        ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        """Make the attempt. The flow's dispatch timeout limits it; its task is cancelled when the job is cancelled.

        A plain outcome implies ``LaneHealthy``. Whatever the other side does must be returned; an exception is a bug
        and makes the attempt fail.
        """
        ...

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Pass a cancel on to the system that works on a WAITING attempt; its answer for the history, or ``None``."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a reconcile call.

    ``words``: for the job's history. ``outcome``: the result or error, ``Accepted`` if the work goes on, ``None`` if
    unknown. ``answered``: false if there was no answer, so that the call may be repeated soon. ``ended``: the work is
    known to be over and no callback will come.
    """

    words: str
    outcome: Outcome | None = None
    answered: bool = True
    ended: bool = False


@runtime_checkable
class Reconciler(Protocol):
    """A processor that can be asked what became of a WAITING attempt."""

    @property
    def instance(self) -> str:
        """The system that numbers the executions: flows with the same instance share execution ids."""
        ...

    @property
    def can_reconcile(self) -> bool:
        """False if the flow lacks what reconcile needs (an API key)."""
        ...

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        """Ask what became of the attempt; ``None`` if this attempt cannot be asked about."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessorSetup:
    """What a processor is created with, in addition to its options.

    ``environment``: has the secrets that options refer to (``api_key_env``). ``now``: returns milliseconds since 1970.
    ``callback_secret``: the value of ``x-webhook-secret`` that our callback endpoint accepts (used by the mock).
    ``max_result_bytes``: maximum size of a result in UTF-8, the same for callbacks and for direct answers.
    """

    rules: FlowRules
    environment: Mapping[str, str]
    now: Callable[[], int]
    callback_secret: str
    max_result_bytes: int = 1_048_576
