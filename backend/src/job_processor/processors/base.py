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

    ``callback_url``, ``callback_token``: for processors that report by callback. ``complaint``: the error of the
    previous attempt's result, if this attempt was made because of an invalid result. ``measured``: the processor
    records there what it sends and receives by HTTP.
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
        """The receiver of attempts, for people: method and URL without query, or the function. It is recorded with each
        attempt, so it has at most ``MAX_SENT_TO_CHARACTERS`` and no secrets."""
        ...

    async def open(self) -> None:
        """Prepare (connection pools). Called once, in the process that dispatches."""
        ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        """Make the attempt. Its time is limited by the flow's dispatch timeout; its task is cancelled with the job.

        A plain outcome implies ``LaneHealthy``. Errors of the other side must be returned as outcomes; an exception is
        a bug, and fails the attempt.
        """
        ...

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Pass a cancel on to the system that works on a WAITING attempt. Returns its answer for the history, or
        ``None`` if the work cannot be stopped. May be called again for the same attempt, if the first call was cut off.
        """
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a reconcile call.

    ``words``: a text for the job's history. ``outcome``: the result or error, ``Accepted`` if the attempt is still
    being processed, ``None`` if unknown. ``answered``: false without an answer, so that the call may be repeated soon.
    ``ended``: the processor has ended the attempt and will send no callback.
    """

    words: str
    outcome: Outcome | None = None
    answered: bool = True
    ended: bool = False


@runtime_checkable
class Reconciler(Protocol):
    """A processor that can be asked about a WAITING attempt."""

    @property
    def instance(self) -> str:
        """The system that assigns the execution ids; flows with the same instance share them."""
        ...

    @property
    def can_reconcile(self) -> bool:
        """False if the flow lacks what reconcile needs (an API key)."""
        ...

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        """The processor's answer about the attempt; ``None`` if this attempt cannot be asked about."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessorSetup:
    """The constructor arguments of a processor besides its options.

    ``environment``: contains the secrets that options name (``api_key_env``). ``now``: returns milliseconds since 1970.
    ``callback_secret``: the value of ``x-webhook-secret`` that our callback endpoint accepts (used by the mock).
    ``max_result_bytes``: maximum size of a result in UTF-8, the same for callbacks and for direct answers.
    """

    rules: FlowRules
    environment: Mapping[str, str]
    now: Callable[[], int]
    callback_secret: str
    max_result_bytes: int = 1_048_576
