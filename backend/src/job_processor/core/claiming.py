"""A claim: the job RUNNING under a lease, with a new attempt by the processor of its flow or of a fallback flow."""

from job_processor.core.events import Event, EventKind
from job_processor.core.fallback import FellBack
from job_processor.core.job import Attempt, Job, Lease, State
from job_processor.core.limits import append_event, trim_attempts
from job_processor.core.spent import spend


def claim(job: Job, lease: Lease, now: int, fallen: FellBack | None = None) -> Job:
    """The job RUNNING under ``lease``, with a new attempt: it is on record before anything is sent.

    ``fallen``: the attempt goes to another flow's processor. The caller, a store, guarantees in the same transaction
    that the job is PENDING and due.
    """
    number = job.attempt + 1
    flow = None if fallen is None else fallen.flow
    history = job.history
    if fallen is not None:
        history = append_event(history, Event(now, EventKind.FELL_BACK, number, fallen.why))
    # What another processor refused is no evidence about the job at this one.
    same = not job.attempts or job.attempts[-1].flow == flow
    return job._replace(
        state=State.RUNNING,
        rev=job.rev + 1,
        updated_at=now,
        attempt=number,
        lease=lease,
        snooze=None,
        refusals=job.refusals if same else None,
        progress=None,
        attempts=(*trim_attempts(job.attempts), Attempt(number, now, lease.owner, flow=flow)),
        history=append_event(history, Event(now, EventKind.STARTED, number, lease.owner)),
        spent=spend(job, now),
    )
