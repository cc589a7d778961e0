"""What came of an attempt, taken apart: each says what it expects, and fails when it is something else."""

from job_processor.core.job import JobError
from job_processor.core.outcome import Deferred, Failed, HandOver, LaneClosed, LaneServerError


def closed_by(over: object) -> LaneClosed:
    """The lane closed, and the job was put back at no cost."""
    assert isinstance(over, HandOver), over
    assert isinstance(over.lane, LaneClosed), over
    assert over.job == Deferred(0, over.lane.trouble.value, over.lane.detail)
    return over.lane


def fault_in(over: object) -> JobError:
    """A failed attempt that speaks against the lane, in the same words."""
    assert isinstance(over, HandOver), over
    assert isinstance(over.job, Failed), over
    assert over.job.retryable
    assert over.lane == LaneServerError(over.job.error.message)
    return over.job.error


def failure(over: object) -> Failed:
    """A failed attempt, whatever it says of the lane."""
    if isinstance(over, HandOver):
        over = over.job
    assert isinstance(over, Failed), over
    return over
