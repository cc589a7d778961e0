"""What a processor may say about an attempt, and every other thing that can happen to a job."""

from dataclasses import dataclass
from typing import TypeAlias

from job_processor.core.job import JobError, Refusals, Usage
from job_processor.core.lane import Trouble
from job_processor.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The raw text the processor returned, byte for byte, and the verdict on it.

    ``note``: what is odd about how it came, in words for the history.
    """

    result: str
    verdict: Verdict | None = None
    usage: Usage | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The processor promised to call back within ``timeout_ms`` milliseconds."""

    timeout_ms: int
    execution_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """``retryable``: another attempt may succeed. Otherwise the error is about the job and ends it.

    ``partial``: what came of an answer before it ended badly; it was paid for, and is kept with the attempt.
    ``note``: words for the history beside the error's own. ``refusals``: what the job has met, if it was refused.
    """

    error: JobError
    retryable: bool = True
    usage: Usage | None = None
    partial: str | None = None
    note: str | None = None
    refusals: Refusals | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: put the job back until then (milliseconds since 1970) at no cost of an attempt.

    ``refusals``: what the job has met, if it was refused; ``None`` leaves what is known of it as it is.
    """

    until: int
    kind: str
    reason: str
    refusals: Refusals | None = None


Outcome: TypeAlias = Succeeded | Accepted | Failed | Deferred


@dataclass(frozen=True, slots=True)
class LaneWell:
    """The processor can be reached and does its part."""


@dataclass(frozen=True, slots=True)
class LaneFault:
    """A server error or a broken answer: one says little of the lane, several in a row are an outage."""

    detail: str


@dataclass(frozen=True, slots=True)
class LaneClosed:
    """The processor takes no jobs. ``until``: its own word, milliseconds since 1970; ``None``: it gave none."""

    trouble: Trouble
    detail: str
    until: int | None = None
    after_crashes: str | None = None
    """What else may be behind it when attempts of the flow crashed a short while ago, in words."""


LaneSign: TypeAlias = LaneWell | LaneFault | LaneClosed


@dataclass(frozen=True, slots=True)
class HandOver:
    """What came of handing one attempt to a processor: what it means for the job, and for the flow's lane.

    ``against_job``: the outcome instead of ``job`` when the evidence is against the job and not the lane (others get
    through and this one does not). ``None``: the job can have no part in it (a refused connection).
    ``lane`` is ``None`` when the attempt says nothing of it.
    """

    job: Outcome
    lane: LaneSign | None = LaneWell()
    against_job: Failed | None = None


def lane_closed(trouble: Trouble, detail: str, until: int | None = None, against_job: Failed | None = None) -> HandOver:
    """The lane closes and the job is put back at no cost, due at once so that it keeps its place."""
    return HandOver(Deferred(0, trouble.value, detail), LaneClosed(trouble, detail, until), against_job)


def server_fault(code: str, detail: str) -> HandOver:
    """A failed attempt that also speaks against the lane."""
    return HandOver(Failed(JobError(code, detail)), LaneFault(detail))


@dataclass(frozen=True, slots=True)
class Reported:
    """An outcome, and whose it is.

    A worker proves itself by the lease ``token``. A callback names its ``attempt`` when its token is bound
    to one; with only the shared secret it may not, and then speaks for the current attempt.
    """

    outcome: Outcome
    attempt: int | None = None
    token: str | None = None
    execution: str | None = None
    """The processor's own id of the attempt, when that is all it knows of it; must be the current attempt's."""
    note: str | None = None
    """How we came to know, in words for the history, when it is not by the usual way."""
    asked: str | None = None
    """What the processor said when it was asked about the attempt, in words for the history, when it was."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """A processor's word on how far it is; changes no state."""

    text: str
    attempt: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackUnreadable:
    """A callback that proved itself and could not be read; its bytes are kept elsewhere. Changes no state.

    ``attempt``: which it is about, if that is known; else the newest.
    """

    text: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """The look at a job whose ``due_at`` has passed. ``asked``: what its processor said when it was asked before."""

    asked: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody is about to ask the processor about a WAITING attempt; of several who want to, one may."""

    attempt: int
    token: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the processor said of a WAITING attempt, in words; changes no state and no deadline.

    ``answered``: it gave an answer. Otherwise it may be asked again soon. ``text`` is ``None`` when there is nobody
    who could be asked: whoever wished for that waits on as before.
    """

    text: str | None
    attempt: int
    token: str
    answered: bool = True


@dataclass(frozen=True, slots=True)
class FlowMissing:
    """A look at a PENDING job whose flow is not defined any more."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A person's or program's wish to call the job off."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CancelAnswered:
    """What the processor of a cancelled attempt made of the cancel, in words; changes no state."""

    text: str
    attempt: int


@dataclass(frozen=True, slots=True)
class CameLate:
    """A result came for a FAILED or CANCELLED job; changes no state. ``attempt``: whose it is, if that is known."""

    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Retried:
    """A person's wish to try a FAILED or CANCELLED job again, with this many more attempts."""

    more_attempts: int


@dataclass(frozen=True, slots=True)
class ResultAccepted:
    """A person took what a callback brought as the result of a FAILED or CANCELLED job.

    ``unread``: of any job that is not COMPLETED. Nobody but a person can read it, so it is as welcome as a success is
    while the job is not final. ``attempt``: which it is of, if that is known.
    """

    result: str
    verdict: Verdict | None = None
    unread: bool = False
    attempt: int | None = None


Signal: TypeAlias = (
    Reported
    | Progressed
    | CallbackUnreadable
    | Expired
    | FlowMissing
    | Asking
    | Asked
    | Cancelled
    | CancelAnswered
    | CameLate
    | Retried
    | ResultAccepted
)
