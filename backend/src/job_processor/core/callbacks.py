"""What a callback that changed nothing was: the verdict that its sender and the history of callbacks get."""

from enum import StrEnum

from job_processor.core.job import Job, State
from job_processor.core.outcome import Reported, Signal, Succeeded


class Answer(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """The job is already what the callback says; 200, so that the sender stops."""
    STALE = "stale"
    """A failure or progress from an attempt that is not the current one; 200, it changes nothing."""
    DIFFERENT = "different"
    """Another result for a COMPLETED job; 409, the first one stays."""
    LATE = "late"
    """A success for a FAILED or CANCELLED job; 409, it stays in the inbox and a person may accept it."""
    UNKNOWN = "unknown"
    """It names a job or an execution that we do not know."""
    UNREADABLE = "unreadable"
    """It proved itself, and could not be read: too large, no JSON, a field that is wrong."""
    ACCEPTED = "accepted"
    """A person took its result."""


def judge(job: Job, signal: Signal) -> Answer:
    """The verdict on a callback that did not land; ``job`` is as it stands."""
    match signal:
        case Reported(outcome=Succeeded(result=result)):
            if job.state is State.COMPLETED:
                return Answer.DUPLICATE if job.result == result else Answer.DIFFERENT
            # A result that its flow refuses, from an attempt that is no longer current.
            return Answer.LATE if job.is_final else Answer.STALE
        case Reported() if job.state is State.FAILED:
            return Answer.DUPLICATE
        case _:
            return Answer.STALE
