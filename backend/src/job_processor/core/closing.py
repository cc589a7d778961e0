"""Closes an attempt, and makes a job final; every transition that ends one of them uses it."""

from msgspec import structs

from job_processor.core.events import Event
from job_processor.core.exchange import Exchange, ended
from job_processor.core.job import IN_FLIGHT, Attempt, AttemptEnd, Job, JobError, State, Usage
from job_processor.core.limits import append_event, cut_partial, keep_newest_partials
from job_processor.core.outcome import Deferred, Failed, Outcome, Reported, Succeeded


def is_current(job: Job, attempt: int | None, token: str | None, execution: str | None = None) -> bool:
    """Whether a report is about the attempt in flight. Reports on other attempts count only as successes (rule 2).

    ``token``: the lease token of a worker; ``execution``: the processor's own id of the run. ``None``: not given.
    """
    if job.state not in IN_FLIGHT or job.lease is None:
        return False
    if execution is not None and execution != job.attempts[-1].execution_id:
        return False
    if token is not None:
        return token == job.lease.token
    return attempt is None or attempt == job.attempt


def finish(job: Job, state: State, event: Event, now: int) -> Job:
    """The job in a final state, with ``event`` as its last history entry."""
    return structs.replace(
        job,
        state=state,
        lease=None,
        snooze=None,
        progress=None,
        finished_at=now,
        history=append_event(job.history, event),
    )


def close_attempt(
    job: Job,
    now: int,
    end: AttemptEnd,
    error: JobError | None = None,
    usage: Usage | None = None,
    partial: str | None = None,
    reported: Reported | None = None,
) -> Job:
    """The job without its lease, and with its newest attempt ended by ``end`` if that was open.

    ``reported``: the report that ends the attempt; ``None``: something else does, such as a timeout.
    """
    if not job.attempts or job.attempts[-1].end is not None:
        return structs.replace(job, lease=None)
    newest = structs.replace(
        job.attempts[-1],
        ended_at=now,
        end=end,
        error=error,
        usage=usage or job.attempts[-1].usage,
        partial=cut_partial(partial),
        exchange=exchange_after(job.attempts[-1], reported),
    )
    return structs.replace(job, lease=None, attempts=keep_newest_partials((*job.attempts[:-1], newest)))


def exchange_after(attempt: Attempt, reported: Reported | None) -> Exchange | None:
    """The exchange of an attempt that has ended. ``reported``: the report that ended it, if any."""
    if reported is None:
        return attempt.exchange
    known = reported.exchange or attempt.exchange
    return ended(known, reported.received_by, of_processor=_is_of_processor(reported.outcome))


def _is_of_processor(outcome: Outcome) -> bool:
    """Whether this outcome always comes from the processor itself, and never from a worker (such as a timeout)."""
    match outcome:
        case Succeeded() | Deferred(kind="again") | Failed(error=JobError(code="python_error" | "python_result")):
            return True
        case _:
            return False


def join_notes(*notes: str | None) -> str | None:
    """The non-empty notes joined to one text for the history; ``None`` if all are empty."""
    return " ".join(note for note in notes if note) or None
