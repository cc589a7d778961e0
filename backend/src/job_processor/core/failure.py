"""Failed attempts (retry with back-off, or end of the job), jobs that are put back, expired leases and deadlines."""

from msgspec import structs

from job_processor.core.backoff import backoff_ms
from job_processor.core.closing import close_attempt, finish, join_notes
from job_processor.core.events import Event, EventKind
from job_processor.core.flow import FlowRules
from job_processor.core.job import AttemptEnd, Job, JobError, Snooze, State
from job_processor.core.limits import append_event
from job_processor.core.outcome import Deferred, Failed, Reported

OVERDUE = "No callback came by the deadline. A callback with a wrong secret or token is refused, and does not count."
"""A callback with a bad secret leaves no trace on the job, so this message is the only hint."""
OVERDUE_UNREAD = (
    "A callback could not be read (its content is among the job's callbacks), and no other came by the deadline."
)
OVERDUE_PROGRESS = "Callbacks reported progress, but none a result or an error by the deadline."

NO_FLOW_MS = 7 * 86_400_000
"""How long a due job waits for its flow to be defined again."""


def ends_without_flow(run_at: int) -> int:
    """When a PENDING job fails because its flow is not defined, in milliseconds since 1970."""
    return run_at + NO_FLOW_MS


def fail_attempt(
    job: Job,
    failed: Failed,
    end: AttemptEnd,
    what: EventKind,
    now: int,
    rules: FlowRules,
    jitter: float,
    note: str | None = None,
    reported: Reported | None = None,
) -> Job:
    """The job after a failed attempt: PENDING with a back-off, or FAILED if no further attempt is allowed.

    ``what``: the kind of the history entry; ``note``: appended to the error's text there; ``jitter``: in [0, 1);
    ``reported``: the report of the failure, if any. ``now``: milliseconds since 1970.
    """
    failures = job.failures + 1
    said = join_notes(f"{failed.error.code}: {failed.error.message}", failed.note, note)
    event = Event(now, what, job.attempt, said)
    closed = structs.replace(
        close_attempt(job, now, end, failed.error, failed.usage, failed.partial, reported),
        failures=failures,
        error=failed.error,
        refusals=failed.refusals,
        history=append_event(job.history, event),
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
        return finish(closed, State.FAILED, Event(now, EventKind.FAILED, job.attempt, why), now)
    return structs.replace(closed, state=State.PENDING, run_at=run_at)


def defer(job: Job, deferred: Deferred, now: int, reported: Reported) -> Job:
    """The job put back until ``deferred.until``. The attempt does not count; only a deadline ends the job (rule 4)."""
    until = max(deferred.until, now)
    closed = close_attempt(job, now, AttemptEnd.SNOOZED, JobError(deferred.kind, deferred.reason), reported=reported)
    return structs.replace(
        closed,
        state=State.PENDING,
        run_at=until,
        snooze=Snooze(deferred.kind, deferred.reason),
        refusals=deferred.refusals or job.refusals,
        history=append_event(job.history, Event(now, EventKind.SNOOZED, job.attempt, deferred.reason)),
    )


def had_unreadable_callback(job: Job) -> bool:
    """Whether an unreadable callback for the current attempt is in the history."""
    return any(e.what is EventKind.CALLBACK_UNREADABLE and e.attempt == job.attempt for e in job.history)


def expire(job: Job, now: int, rules: FlowRules, jitter: float) -> Job | None:
    """The job after its deadline, lease or callback timeout has expired; ``None``: nothing has expired."""
    due = job.due_at()
    if due is None or due > now:
        return None
    if job.deadline is not None and job.deadline <= now:
        error = JobError("deadline", "The job's deadline passed before it was done.")
        closed = structs.replace(close_attempt(job, now, AttemptEnd.OVERDUE, error), error=error)
        return finish(closed, State.FAILED, Event(now, EventKind.FAILED, job.attempt or None, error.message), now)
    if job.state is State.RUNNING:
        lost = Failed(JobError("lease_lost", "The worker stopped renewing its lease."))
        return fail_attempt(job, lost, AttemptEnd.LOST, EventKind.LEASE_LOST, now, rules, jitter)
    if job.lease is None or job.lease.until > now:
        # Due only for a reconcile call (`ask_at`).
        return None
    words = OVERDUE_UNREAD if had_unreadable_callback(job) else OVERDUE if job.progress is None else OVERDUE_PROGRESS
    late = Failed(JobError("callback_overdue", words))
    return fail_attempt(job, late, AttemptEnd.OVERDUE, EventKind.CALLBACK_OVERDUE, now, rules, jitter)
