"""The verdict on a callback: it is returned to the sender and stored in the callback inbox."""

from enum import StrEnum

from job_processor.core.job import Job, State
from job_processor.core.outcome import Failed, Reported, Signal, Succeeded


class CallbackVerdict(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """The job already has this outcome; 200, so that the sender stops retrying."""
    STALE = "stale"
    """A failure or progress of an attempt that is not the current one; 200, nothing changes."""
    DIFFERENT = "different"
    """A different result for a COMPLETED job; 409, the job keeps its first result."""
    LATE = "late"
    """A success for a FAILED or CANCELLED job; 409, it is kept in the inbox and a person may accept it."""
    UNKNOWN = "unknown"
    """No job or execution has the id that the callback names."""
    UNREADABLE = "unreadable"
    """Authenticated, but it could not be read: too large, not JSON, or an invalid field."""
    ACCEPTED = "accepted"
    """A person accepted its result for the job."""
    REJECTED = "rejected"
    """A person decided that nothing is done with it; it stays in the inbox, and can still be accepted."""


def judge_callback(job: Job, signal: Signal) -> CallbackVerdict:
    """The verdict on a callback whose ``signal`` changed nothing; ``job`` is the job as stored."""
    match signal:
        case Reported(outcome=Succeeded(result=result)):
            if job.state is State.COMPLETED:
                return CallbackVerdict.DUPLICATE if job.result == result else CallbackVerdict.DIFFERENT
            # STALE: an invalid result (`on_invalid_result`) of an attempt that is no longer the current one.
            return CallbackVerdict.LATE if job.is_final else CallbackVerdict.STALE
        case Reported(outcome=Failed()) if job.state is State.FAILED:
            return CallbackVerdict.DUPLICATE
        case _:
            return CallbackVerdict.STALE
