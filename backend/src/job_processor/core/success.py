"""Successes: completing a job, results that a flow refuses, and results that a person accepts."""

from msgspec import structs

from job_processor.core.closing import exchange_after, finish, is_current, join_notes
from job_processor.core.events import Event, EventKind
from job_processor.core.failure import fail_attempt
from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.job import Attempt, AttemptEnd, Job, JobError, State
from job_processor.core.outcome import Failed, Reported, ResultAccepted, Signal, Succeeded
from job_processor.core.spent import idle_at
from job_processor.core.verdict import ResultKind, Verdict


def takes_result(job: Job, signal: Signal) -> bool:
    """Whether the result in ``signal`` would change the job, whatever its verdict."""
    match signal:
        case ResultAccepted():
            return job.state in (State.FAILED, State.CANCELLED) or (signal.unread and not job.is_final)
        case Reported(outcome=Succeeded()):
            return not job.is_final
        case _:
            return False


def succeed(job: Job, success: Succeeded, signal: Reported, now: int) -> Job | None:
    """The job COMPLETED by the first success of any attempt; ``None`` if it is final already (rule 2)."""
    if job.is_final:
        return None
    number = signal.attempt if signal.attempt is not None and signal.attempt <= job.attempt else (job.attempt or None)
    mine = _attempt(job, number)
    return finish(
        structs.replace(
            job,
            attempts=tuple(_after_success(a, number, success, now, signal) for a in job.attempts),
            result=success.result,
            verdict=success.verdict,
            answered_by=None if mine is None else mine.flow,
            error=None,
        ),
        State.COMPLETED,
        Event(now, EventKind.COMPLETED, number, join_notes(success.note, _timing_note(job, mine, signal), signal.note)),
        now,
    )


def is_refused_by_flow(job: Job, success: Succeeded, rules: FlowRules) -> bool:
    """Whether the result does not match the job's schema, and the flow is configured to refuse such results."""
    return (
        job.result_schema is not None
        and success.verdict is not None
        # An unchecked result is not known to be invalid, and a retry would exceed the same limit.
        and success.verdict.kind not in (ResultKind.JSON, ResultKind.UNCHECKED)
        and rules.on_invalid_result is not OnInvalidResult.KEEP
    )


def refuse_result(
    job: Job, success: Succeeded, signal: Reported, now: int, rules: FlowRules, jitter: float
) -> Job | None:
    """The job after a refused result: with a failed attempt; ``None`` if the report is not about the current one."""
    if not is_current(job, signal.attempt, signal.token):
        return None
    assert success.verdict is not None
    error = JobError("invalid_result", complaint(success.verdict))
    failed = Failed(error, rules.on_invalid_result is OnInvalidResult.RETRY, success.usage, success.result)
    after = fail_attempt(job, failed, AttemptEnd.FAILED, EventKind.ATTEMPT_FAILED, now, rules, jitter, reported=signal)
    if after.is_final:
        # No attempt is left: keep the invalid result with its verdict.
        newest = structs.replace(after.attempts[-1], partial=None)
        return structs.replace(
            after,
            result=success.result,
            verdict=success.verdict,
            answered_by=newest.flow,
            attempts=(*after.attempts[:-1], newest),
        )
    return after


def accept_result(job: Job, signal: ResultAccepted, now: int) -> Job:
    """The job COMPLETED with a result that a person accepted. An attempt in flight is ended."""
    success = Succeeded(signal.result, signal.verdict)
    winner = signal.attempt or job.attempt
    mine = _attempt(job, winner)
    return finish(
        structs.replace(
            job,
            attempts=job.attempts
            if job.is_final
            else tuple(_after_success(a, winner, success, now) for a in job.attempts),
            result=signal.result,
            verdict=signal.verdict,
            answered_by=None if mine is None else mine.flow,
            error=None,
            idle_ms=idle_at(job, now) if job.is_final else job.idle_ms,
        ),
        State.COMPLETED,
        Event(now, EventKind.RESULT_ACCEPTED),
        now,
    )


def complaint(verdict: Verdict) -> str:
    """The error of an invalid result as a sentence, for people and for the next prompt to a model."""
    if verdict.error is not None:
        return f"Not valid JSON: {verdict.error.message} (line {verdict.error.line}, column {verdict.error.column})."
    said = "; ".join(f"{e.path or '/'}: {e.message}" for e in verdict.schema_errors[:5])
    return f"The JSON does not fit the schema: {said}." if said else "The JSON does not fit the schema."


def _attempt(job: Job, number: int | None) -> Attempt | None:
    return next((attempt for attempt in job.attempts if attempt.number == number), None)


def _timing_note(job: Job, mine: Attempt | None, signal: Reported) -> str | None:
    """A history note for a success that arrived out of order; ``None`` if it did not."""
    if mine is None:
        return None
    if mine.end is AttemptEnd.OVERDUE:
        return f"The callback of attempt {mine.number} came after its deadline."
    if mine.end is not None:
        return f"Attempt {mine.number} had ended ({mine.end.value}); its result arrived afterwards."
    if job.state is State.RUNNING and signal.token is None:
        return "The callback came before the hand-over was answered."
    return None


def _after_success(
    attempt: Attempt, winner: int | None, success: Succeeded, now: int, reported: Reported | None = None
) -> Attempt:
    if attempt.number == winner:
        usage, exchange = success.usage or attempt.usage, exchange_after(attempt, reported)
        return structs.replace(
            attempt, end=AttemptEnd.SUCCEEDED, ended_at=now, error=None, usage=usage, exchange=exchange
        )
    if attempt.end is None:
        return structs.replace(attempt, end=AttemptEnd.SUPERSEDED, ended_at=now)
    return attempt
