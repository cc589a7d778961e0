"""Outcomes (what a processor returns for an attempt) and signals (everything that can change a job)."""

from typing import TypeAlias

import msgspec

from job_processor.core.exchange import EndedBy, Exchange
from job_processor.core.job import JobError, Refusals, Usage
from job_processor.core.lane import Trouble
from job_processor.core.verdict import Verdict


class Succeeded(msgspec.Struct, frozen=True, gc=False):
    """The attempt succeeded. ``result``: the text that the processor returned, byte for byte. ``verdict``: set once the
    result was examined. ``note``: a remark for the history if the result arrived in an unusual way.
    """

    result: str
    verdict: Verdict | None = None
    usage: Usage | None = None
    note: str | None = None


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The processor accepted the attempt and will call back within ``timeout_ms`` milliseconds."""

    timeout_ms: int
    execution_id: str | None = None


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The attempt failed. ``retryable``: another attempt may succeed; otherwise the job becomes FAILED.

    ``partial``: the text received before the answer failed; it is stored with the attempt.
    ``note``: added to the error message in the history. ``refusals``: the job's updated refusals, if it was refused.
    """

    error: JobError
    retryable: bool = True
    usage: Usage | None = None
    partial: str | None = None
    note: str | None = None
    refusals: Refusals | None = None


class Deferred(msgspec.Struct, frozen=True, gc=False):
    """Snooze: put the job back until ``until`` (milliseconds since 1970); the attempt does not count.

    ``kind``: the reason for programs, ``reason``: for people. ``refusals``: the job's updated refusals, if it was
    refused; ``None`` leaves them unchanged.
    """

    until: int
    kind: str
    reason: str
    refusals: Refusals | None = None


MIN_AGAIN_SECONDS, MAX_AGAIN_SECONDS = 1, 7 * 86_400


def again(seconds: float, now: int, note: str | None = None) -> Deferred:
    """The outcome "put back" for a processor that asks to get the job again in ``seconds``.

    ``seconds``: from ``MIN_AGAIN_SECONDS`` to ``MAX_AGAIN_SECONDS``; ``now``: milliseconds since 1970; ``note``: a
    remark for the history if the request had an unusual form.
    """
    reason = f"The processor asked to be given the job again in {seconds:g} s."
    return Deferred(now + int(seconds * 1000), "again", f"{reason} {note}" if note else reason)


def is_again_seconds(value: float) -> bool:
    return MIN_AGAIN_SECONDS <= value <= MAX_AGAIN_SECONDS


Outcome: TypeAlias = Succeeded | Accepted | Failed | Deferred


class LaneHealthy(msgspec.Struct, frozen=True, gc=False):
    """The processor is reachable and answers."""


class LaneServerError(msgspec.Struct, frozen=True, gc=False):
    """A server error or a broken answer; ``OUTAGE_THRESHOLD`` consecutive ones count as an outage."""

    detail: str


class LaneClosed(msgspec.Struct, frozen=True, gc=False):
    """The processor takes no jobs. ``until``: its ``Retry-After``, milliseconds since 1970; ``None``: it gave none."""

    trouble: Trouble
    detail: str
    until: int | None = None
    after_crashes: str | None = None
    """Another possible cause, for people; shown if attempts of the flow crashed shortly before."""


LaneReport: TypeAlias = LaneHealthy | LaneServerError | LaneClosed


class HandOver(msgspec.Struct, frozen=True, gc=False):
    """The result of one hand-over: the outcome for the job (``job``) and the report on the lane (``lane``).

    ``lane``: ``None`` if the attempt says nothing about the lane. ``against_job``: replaces ``job`` if the refusal is
    due to the job and not to the lane (``core.evidence``); ``None``: it cannot be, such as a refused connection.
    """

    job: Outcome
    lane: LaneReport | None = LaneHealthy()
    against_job: Failed | None = None


def lane_closed(trouble: Trouble, detail: str, until: int | None = None, against_job: Failed | None = None) -> HandOver:
    """Close the lane and put the job back. The job is due at once, so that it keeps its place in the queue."""
    return HandOver(Deferred(0, trouble.value, detail), LaneClosed(trouble, detail, until), against_job)


def server_fault(code: str, detail: str) -> HandOver:
    """A failed attempt that also counts as a server error of the lane."""
    return HandOver(Failed(JobError(code, detail)), LaneServerError(detail))


class Reported(msgspec.Struct, frozen=True, gc=False):
    """The outcome of an attempt, reported by a worker, a callback or a reconcile call.

    A worker identifies the attempt by its lease ``token``, a callback by the ``attempt`` in its callback token. If a
    callback with the shared secret names no attempt, it is about the current one.
    """

    outcome: Outcome
    attempt: int | None = None
    token: str | None = None
    execution: str | None = None
    """The processor's execution id, if the report names nothing else; it must match the current attempt."""
    note: str | None = None
    """A remark for the history if the outcome did not arrive in the usual way."""
    asked: str | None = None
    """The processor's answer to a reconcile call, for the history."""
    exchange: Exchange | None = None
    """The worker's update of the attempt's exchange; ``None``: no change."""

    @property
    def received_by(self) -> EndedBy:
        """How the outcome was received."""
        if self.asked is not None:
            return EndedBy.RECONCILE
        return EndedBy.CALLBACK if self.token is None else EndedBy.RESPONSE


class Progressed(msgspec.Struct, frozen=True, gc=False):
    """A progress text from the processor; changes no state."""

    text: str
    attempt: int | None = None
    token: str | None = None


class CallbackUnreadable(msgspec.Struct, frozen=True, gc=False):
    """An authenticated callback that could not be read; its bytes are in the callback inbox. Changes no state.

    ``attempt``: the number of the attempt; ``None``: unknown, the newest is assumed.
    """

    text: str
    attempt: int | None = None


class Expired(msgspec.Struct, frozen=True, gc=False):
    """The job's ``due_at`` has passed. ``asked``: the processor's answer to a preceding reconcile call."""

    asked: str | None = None


class Asking(msgspec.Struct, frozen=True, gc=False):
    """A worker is about to ask the processor about a WAITING attempt (reconcile); only one worker may."""

    attempt: int
    token: str


class Asked(msgspec.Struct, frozen=True, gc=False):
    """The end of a reconcile call that did not end the WAITING attempt; changes no state and no deadline.

    ``text``: the processor's answer, for the history; ``None`` if the call could not be made. ``answered``: false if
    the processor did not answer; then it may be asked again soon.
    """

    text: str | None
    attempt: int
    token: str
    answered: bool = True


class FlowMissing(msgspec.Struct, frozen=True, gc=False):
    """The flow of a PENDING job is not defined any more."""


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """A request to cancel the job. ``reason``: for the history. ``bulk``: the id of the requesting bulk action, which
    acts on each job only once."""

    reason: str | None = None
    bulk: str | None = None


class CancelAnswered(msgspec.Struct, frozen=True, gc=False):
    """The processor's answer to a cancel request that was passed on to it, for the history; changes no state."""

    text: str
    attempt: int


class LateResult(msgspec.Struct, frozen=True, gc=False):
    """A late result arrived for a FAILED or CANCELLED job; changes no state. ``attempt``: its attempt, if known."""

    attempt: int | None = None


class Retried(msgspec.Struct, frozen=True, gc=False):
    """A request to retry a FAILED or CANCELLED job with ``more_attempts`` more attempts. ``reason`` and ``bulk``: as in
    ``Cancelled``."""

    more_attempts: int
    reason: str | None = None
    bulk: str | None = None


class ResultAccepted(msgspec.Struct, frozen=True, gc=False):
    """A person accepted the content of a kept callback as the result of a FAILED or CANCELLED job.

    ``unread``: the content is the body of an unreadable callback; it may also complete a job that is not final.
    ``attempt``: the attempt of the callback, if known.
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
    | LateResult
    | Retried
    | ResultAccepted
)
