"""The life cycle. ``decide`` is its specification: (job, signal, now) → the changed job, or nothing.

Every move is written here once; stores apply what is decided and know no rule. The picture is in
docs/job-lifecycle.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from job_processor.core import asking
from job_processor.core.backoff import backoff_ms
from job_processor.core.bounds import bounded_partial, newest_partials, remember, room_for_one
from job_processor.core.events import Event, Happened
from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.inbox import KEPT_UNREAD_OF_A_JOB
from job_processor.core.job import (
    IN_FLIGHT,
    Attempt,
    AttemptEnd,
    Job,
    JobError,
    Json,
    Lease,
    Snooze,
    State,
    Usage,
)
from job_processor.core.outcome import (
    Accepted,
    Asked,
    Asking,
    CallbackUnreadable,
    CameLate,
    CancelAnswered,
    Cancelled,
    Deferred,
    Expired,
    Failed,
    FlowMissing,
    Progressed,
    Reported,
    ResultAccepted,
    Retried,
    Signal,
    Succeeded,
)
from job_processor.core.verdict import ResultKind, Verdict

PATIENCE = 10
"""Callback timeouts that an attempt gets at most, whatever its processor says of it when it is asked: a record that
says "running" may be of something that died long ago."""

# Nothing else can tell of a refusal: who proves nothing must not be able to write to a job.
OVERDUE = "No callback came by the deadline. One whose secret or token is wrong is refused, and does not count."
OVERDUE_UNREAD = (
    "A callback came and could not be read (what it held is among the job's callbacks); no other came by the deadline."
)
OVERDUE_PROGRESS = "Callbacks told of progress; none brought a result or an error by the deadline."


NO_FLOW_MS = 7 * 86_400_000
"""How long a due job waits for its flow to be defined again."""


def ends_without_flow(run_at: int) -> int:
    """When a PENDING job fails whose flow is not defined."""
    return run_at + NO_FLOW_MS


@dataclass(frozen=True, slots=True)
class Guard:
    """What must still be true of the stored job for a change to land.

    ``lease_until``: for the end of a lease, which a renewal moves without a new ``rev``. ``None``: does not matter.
    """

    state: State
    token: str | None
    rev: int
    lease_until: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A decided move: the job as it shall be, and the guard it was decided under."""

    guard: Guard
    job: Job


def submit(
    *,
    job_id: str,
    prompt: str,
    rules: FlowRules,
    now: int,
    run_at: int | None = None,
    priority: int = 0,
    max_attempts: int | None = None,
    deadline: int | None = None,
    tags: tuple[str, ...] = (),
    metadata: Mapping[str, Json] | None = None,
    result_schema: Mapping[str, Json] | None = None,
    replay_of: str | None = None,
) -> Job:
    """A new job, PENDING."""
    return Job(
        id=job_id,
        prompt=prompt,
        flow=rules.name,
        state=State.PENDING,
        rev=1,
        created_at=now,
        updated_at=now,
        run_at=now if run_at is None else max(run_at, now),
        priority=priority,
        max_attempts=rules.max_attempts if max_attempts is None else max_attempts,
        deadline=deadline,
        history=(Event(now, Happened.SUBMITTED),),
        tags=tags,
        metadata={} if metadata is None else metadata,
        result_schema=result_schema,
        replay_of=replay_of,
    )


def claim(job: Job, lease: Lease, now: int) -> Job:
    """The job in a worker's hands: a new attempt is on record before anything is sent.

    The caller (a store) has made sure, atomically, that the job is PENDING and due.
    """
    number = job.attempt + 1
    return job._replace(
        state=State.RUNNING,
        rev=job.rev + 1,
        updated_at=now,
        attempt=number,
        lease=lease,
        snooze=None,
        progress=None,
        attempts=(*room_for_one(job.attempts), Attempt(number, now, lease.owner)),
        history=remember(job.history, Event(now, Happened.STARTED, number, lease.owner)),
    )


def decide(job: Job, signal: Signal, now: int, rules: FlowRules, jitter: float) -> Change | None:
    """What the signal makes of the job, or ``None`` when it changes nothing.

    ``jitter`` is a random number in [0, 1) for the back-off.
    """
    until = job.lease_until if isinstance(signal, Expired) else None
    guard = Guard(job.state, None if job.lease is None else job.lease.token, job.rev, until)
    after: Job | None
    match signal:
        case Reported(asked=str() as words) if _is_current(job, signal.attempt, signal.token):
            job = asking.told(job, words, now)
        case Expired(asked=str() as words) if job.state is State.WAITING:
            job = asking.told(job, words, now)
    match signal:
        case Reported(outcome=Succeeded() as success):
            if _is_unwanted(job, success, rules):
                after = _refuse_result(job, success, signal, now, rules, jitter)
            else:
                after = _succeed(job, success, signal, now)
        case Reported(outcome=outcome) if _is_current(job, signal.attempt, signal.token, signal.execution):
            match outcome:
                case Accepted():
                    after = _accept(job, outcome, now, rules)
                case Deferred():
                    after = _defer(job, outcome, now)
                case Failed():
                    what = Happened.ATTEMPT_FAILED
                    after = _fail_attempt(job, outcome, AttemptEnd.FAILED, what, now, rules, jitter, signal.note)
                case _:
                    after = None
        case Progressed() if _is_current(job, signal.attempt, signal.token):
            after = job._replace(progress=signal.text)
        case CallbackUnreadable():
            after = _note_unreadable(job, signal, now)
        case Expired():
            after = _expire(job, now, rules, jitter)
        case FlowMissing() if job.state is State.PENDING and ends_without_flow(job.run_at) <= now:
            error = JobError("no_flow", f"The flow {job.flow} is not defined any more, and did not come back in time.")
            gone = Event(now, Happened.FAILED, job.attempt or None, error.message)
            after = _finish(job._replace(error=error), State.FAILED, gone, now)
        case Asking() if _is_current(job, signal.attempt, signal.token):
            after = asking.begin(job, now)
        case Asked() if job.state is State.WAITING and _is_current(job, signal.attempt, signal.token):
            after = asking.noted(job, signal.text, now, answered=signal.answered)
        case Cancelled() if not job.is_final:
            after = _finish(
                _close_attempt(job, now, AttemptEnd.CANCELLED),
                State.CANCELLED,
                Event(now, Happened.CANCELLED, job.attempt or None, signal.reason),
                now,
            )
        case CancelAnswered() if _was_cancelled(job, signal.attempt):
            told = Event(now, Happened.CANCEL_ANSWERED, signal.attempt, signal.text)
            after = job._replace(history=remember(job.history, told))
        case CameLate() if job.state in (State.FAILED, State.CANCELLED):
            after = asking.late(job, signal.attempt, now)
        case Retried() if job.state in (State.FAILED, State.CANCELLED):
            after = _retry(job, signal, now)
        case ResultAccepted() if job.state in (State.FAILED, State.CANCELLED) or (signal.unread and not job.is_final):
            after = _take(job, signal, now)
        case _:
            after = None
    if after is None:
        return None
    return Change(guard, after._replace(rev=job.rev + 1, updated_at=now))


def _is_current(job: Job, attempt: int | None, token: str | None, execution: str | None = None) -> bool:
    """Does this speaker hold the job's current attempt? (Rule 2: only then may it say anything but success.)"""
    if job.state not in IN_FLIGHT or job.lease is None:
        return False
    if execution is not None and execution != job.attempts[-1].execution_id:
        return False
    if token is not None:
        return token == job.lease.token
    return attempt is None or attempt == job.attempt


def _note_unreadable(job: Job, signal: CallbackUnreadable, now: int) -> Job | None:
    """The history says it once, and a few times at most; while the attempt waits, its processor is asked at once.

    A COMPLETED job has its result: what came besides is kept, and is no part of how it came about.
    """
    if job.state is State.COMPLETED:
        return None
    number = signal.attempt if signal.attempt is not None and signal.attempt <= job.attempt else (job.attempt or None)
    known = [event for event in job.history if event.what is Happened.CALLBACK_UNREADABLE]
    if len(known) >= KEPT_UNREAD_OF_A_JOB or any((e.attempt, e.detail) == (number, signal.text) for e in known):
        return None
    told = job._replace(history=remember(job.history, Event(now, Happened.CALLBACK_UNREADABLE, number, signal.text)))
    if job.state is State.WAITING and job.lease is not None and number == job.attempt:
        return told._replace(lease=replace(job.lease, ask_at=now))
    return told


def _came_unread(job: Job) -> bool:
    """Did a callback of the current attempt come that could not be read?"""
    return any(e.what is Happened.CALLBACK_UNREADABLE and e.attempt == job.attempt for e in job.history)


def _take(job: Job, signal: ResultAccepted, now: int) -> Job:
    """A person's word: the job is COMPLETED with it, and an attempt under way is over."""
    success = Succeeded(signal.result, signal.verdict)
    winner = signal.attempt or job.attempt
    return _finish(
        job._replace(
            attempts=job.attempts
            if job.is_final
            else tuple(_after_success(a, winner, success, now) for a in job.attempts),
            result=signal.result,
            verdict=signal.verdict,
            error=None,
        ),
        State.COMPLETED,
        Event(now, Happened.RESULT_ACCEPTED),
        now,
    )


def _was_cancelled(job: Job, attempt: int) -> bool:
    return any(event.what is Happened.CANCELLED and event.attempt == attempt for event in job.history)


def _succeed(job: Job, success: Succeeded, signal: Reported, now: int) -> Job | None:
    """Rule 2: the first success of any attempt wins while the job is not final."""
    if job.is_final:
        return None
    number = signal.attempt if signal.attempt is not None and signal.attempt <= job.attempt else (job.attempt or None)
    return _finish(
        job._replace(
            attempts=tuple(_after_success(a, number, success, now) for a in job.attempts),
            result=success.result,
            verdict=success.verdict,
            error=None,
        ),
        State.COMPLETED,
        Event(now, Happened.COMPLETED, number, _noted(success.note, _out_of_order(job, number, signal), signal.note)),
        now,
    )


def _noted(*notes: str | None) -> str | None:
    return " ".join(note for note in notes if note) or None


def _out_of_order(job: Job, number: int | None, signal: Reported) -> str | None:
    """What is odd about the time at which a success came, in words for the history."""
    mine = next((attempt for attempt in job.attempts if attempt.number == number), None)
    if mine is None:
        return None
    if mine.end is AttemptEnd.OVERDUE:
        return f"The callback of attempt {number} came after its deadline."
    if mine.end is not None:
        return f"Attempt {number} had ended ({mine.end.value}); its result came all the same."
    if job.state is State.RUNNING and signal.token is None:
        return "The callback came before the hand-over was answered."
    return None


def _after_success(attempt: Attempt, winner: int | None, success: Succeeded, now: int) -> Attempt:
    if attempt.number == winner:
        usage = success.usage or attempt.usage
        return replace(attempt, end=AttemptEnd.SUCCEEDED, ended_at=now, error=None, usage=usage)
    if attempt.end is None:
        return replace(attempt, end=AttemptEnd.SUPERSEDED, ended_at=now)
    return attempt


def _is_unwanted(job: Job, success: Succeeded, rules: FlowRules) -> bool:
    """Is this not what the job asked for, and does its flow not keep such results?"""
    return (
        job.result_schema is not None
        and success.verdict is not None
        # What could not be checked is not known to be wrong, and would be examined in vain again.
        and success.verdict.kind not in (ResultKind.JSON, ResultKind.UNCHECKED)
        and rules.on_invalid_result is not OnInvalidResult.KEEP
    )


def _refuse_result(
    job: Job, success: Succeeded, signal: Reported, now: int, rules: FlowRules, jitter: float
) -> Job | None:
    """An unwanted result is a failed attempt, and counts like one only from the current attempt."""
    if not _is_current(job, signal.attempt, signal.token):
        return None
    assert success.verdict is not None
    error = JobError("invalid_result", complaint(success.verdict))
    failed = Failed(error, rules.on_invalid_result is OnInvalidResult.RETRY, success.usage, success.result)
    after = _fail_attempt(job, failed, AttemptEnd.FAILED, Happened.ATTEMPT_FAILED, now, rules, jitter)
    if after.is_final:
        # Nothing better came: the wrong answer is kept, and shown as wrong.
        newest = replace(after.attempts[-1], partial=None)
        return after._replace(result=success.result, verdict=success.verdict, attempts=(*after.attempts[:-1], newest))
    return after


def complaint(verdict: Verdict) -> str:
    """What is wrong with a result, in words that a person and a model understand."""
    if verdict.error is not None:
        return f"Not valid JSON: {verdict.error.message} (line {verdict.error.line}, column {verdict.error.column})."
    said = "; ".join(f"{e.path or '/'}: {e.message}" for e in verdict.schema_errors[:5])
    return f"The JSON does not fit the schema: {said}." if said else "The JSON does not fit the schema."


def _accept(job: Job, accepted: Accepted, now: int, rules: FlowRules) -> Job | None:
    if job.lease is None:
        return None
    if job.state is State.WAITING:
        # The processor was asked and still works on it: a new deadline, while the attempt's time lasts.
        longest = job.attempts[-1].started_at + int(PATIENCE * 1000 * rules.callback_timeout_seconds)
        if now >= longest:
            return None
        return job._replace(lease=replace(job.lease, until=min(now + accepted.timeout_ms, longest), ask_at=None))
    newest = replace(job.attempts[-1], execution_id=accepted.execution_id or job.attempts[-1].execution_id)
    # A callback was faster, and could not be read: there may be something to fetch already.
    ask_at = now if _came_unread(job) else None
    return job._replace(
        state=State.WAITING,
        refusals=None,
        lease=replace(job.lease, until=now + accepted.timeout_ms, ask_at=ask_at),
        attempts=(*job.attempts[:-1], newest),
        history=remember(job.history, Event(now, Happened.ACCEPTED, job.attempt, accepted.execution_id)),
    )


def _defer(job: Job, deferred: Deferred, now: int) -> Job:
    """Rule 4: a snooze costs no attempt and is bounded by the job's own deadline alone."""
    until = max(deferred.until, now)
    closed = _close_attempt(job, now, AttemptEnd.SNOOZED, JobError(deferred.kind, deferred.reason))
    return closed._replace(
        state=State.PENDING,
        run_at=until,
        snooze=Snooze(deferred.kind, deferred.reason),
        refusals=deferred.refusals or job.refusals,
        history=remember(job.history, Event(now, Happened.SNOOZED, job.attempt, deferred.reason)),
    )


def _fail_attempt(
    job: Job,
    failed: Failed,
    end: AttemptEnd,
    what: Happened,
    now: int,
    rules: FlowRules,
    jitter: float,
    note: str | None = None,
) -> Job:
    failures = job.failures + 1
    said = _noted(f"{failed.error.code}: {failed.error.message}", failed.note, note)
    event = Event(now, what, job.attempt, said)
    closed = _close_attempt(job, now, end, failed.error, failed.usage, failed.partial)._replace(
        failures=failures,
        error=failed.error,
        refusals=failed.refusals,
        history=remember(job.history, event),
    )
    run_at = now + backoff_ms(failures, rules.backoff_base_seconds, rules.backoff_cap_seconds, jitter)
    out_of_time = job.deadline is not None and run_at >= job.deadline
    if not failed.retryable or failures >= job.max_attempts or out_of_time:
        why = (
            None
            if not failed.retryable
            else "the next attempt would start after the deadline"
            if failures < job.max_attempts
            else f"no attempt is left of {job.max_attempts}"
        )
        return _finish(closed, State.FAILED, Event(now, Happened.FAILED, job.attempt, why), now)
    return closed._replace(state=State.PENDING, run_at=run_at)


def _expire(job: Job, now: int, rules: FlowRules, jitter: float) -> Job | None:
    due = job.due_at()
    if due is None or due > now:
        return None
    if job.deadline is not None and job.deadline <= now:
        error = JobError("deadline", "The job's deadline passed before it was done.")
        closed = _close_attempt(job, now, AttemptEnd.OVERDUE, error)._replace(error=error)
        return _finish(closed, State.FAILED, Event(now, Happened.FAILED, job.attempt or None, error.message), now)
    if job.state is State.RUNNING:
        lost = Failed(JobError("lease_lost", "The worker stopped renewing its lease."))
        return _fail_attempt(job, lost, AttemptEnd.LOST, Happened.LEASE_LOST, now, rules, jitter)
    if job.lease is None or job.lease.until > now:
        # Its processor is to be asked; nothing has expired.
        return None
    words = OVERDUE_UNREAD if _came_unread(job) else OVERDUE if job.progress is None else OVERDUE_PROGRESS
    late = Failed(JobError("callback_overdue", words))
    return _fail_attempt(job, late, AttemptEnd.OVERDUE, Happened.CALLBACK_OVERDUE, now, rules, jitter)


def _retry(job: Job, signal: Retried, now: int) -> Job:
    return job._replace(
        state=State.PENDING,
        run_at=now,
        finished_at=None,
        error=None,
        refusals=None,
        result=None,
        verdict=None,
        # The old deadline has done its work; a retry asks for the job to run all the same.
        deadline=job.deadline if job.deadline is not None and job.deadline > now else None,
        max_attempts=job.failures + signal.more_attempts,
        history=remember(job.history, Event(now, Happened.RETRIED)),
    )


def _finish(job: Job, state: State, event: Event, now: int) -> Job:
    return job._replace(
        state=state,
        lease=None,
        snooze=None,
        progress=None,
        finished_at=now,
        history=remember(job.history, event),
    )


def _close_attempt(
    job: Job,
    now: int,
    end: AttemptEnd,
    error: JobError | None = None,
    usage: Usage | None = None,
    partial: str | None = None,
) -> Job:
    """The job without a lease; its newest attempt, if still open, ended."""
    if not job.attempts or job.attempts[-1].end is not None:
        return job._replace(lease=None)
    newest = replace(
        job.attempts[-1],
        ended_at=now,
        end=end,
        error=error,
        usage=usage or job.attempts[-1].usage,
        partial=bounded_partial(partial),
    )
    return job._replace(lease=None, attempts=newest_partials((*job.attempts[:-1], newest)))
