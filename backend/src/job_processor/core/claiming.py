"""A claim: makes a due job RUNNING under a lease, with a new attempt for its own flow or a fallback flow."""

from msgspec import structs

from job_processor.core.events import Event, EventKind
from job_processor.core.exchange import Exchange
from job_processor.core.fallback import FellBack
from job_processor.core.job import Attempt, Job, Lease, State
from job_processor.core.limits import append_event, trim_attempts
from job_processor.core.spent import spend


def claim(job: Job, lease: Lease, now: int, fallen: FellBack | None = None, exchange: Exchange | None = None) -> Job:
    """The job RUNNING under ``lease``, with a new attempt. The attempt is stored before anything is sent.

    ``fallen``: set if the attempt goes to another flow's processor. ``exchange``: the address it will be sent to. The
    caller (a store) guarantees, in the same transaction, that the job is PENDING and due. ``now``: ms since 1970.
    """
    number = job.attempt + 1
    flow = None if fallen is None else fallen.flow
    history = job.history
    if fallen is not None:
        history = append_event(history, Event(now, EventKind.FELL_BACK, number, fallen.why))
    attempts, refusals = trim_attempts(job.attempts), job.refusals
    if attempts and attempts[-1].flow != flow:
        # Refusals are evidence only at the same processor: save those of the last one, restore those of this one.
        refusals = next((one.refusals for one in reversed(attempts) if one.flow == flow), None)
        attempts = (*attempts[:-1], structs.replace(attempts[-1], refusals=job.refusals))
    return structs.replace(
        job,
        state=State.RUNNING,
        rev=job.rev + 1,
        updated_at=now,
        attempt=number,
        lease=lease,
        snooze=None,
        refusals=refusals,
        progress=None,
        attempts=(*attempts, Attempt(number, now, lease.owner, flow=flow, exchange=exchange)),
        history=append_event(history, Event(now, EventKind.STARTED, number, lease.owner)),
        spent=spend(job, now),
    )
