"""How long a job was in each stage: the one place where durations are computed.

Every millisecond since its creation was idle (nothing was to be done) or spent in a stage, so the times of the stages
say when the present one began.
"""

from job_processor.core.job import Job, Spent, State


def spend(job: Job, now: int) -> Spent:
    """What the job has spent when it leaves its state now."""
    spent = job.spent
    passed = max(0, now - job.created_at - job.idle_ms - spent.working)
    # A job that ends before its start was scheduled for less time than was asked for.
    scheduled = min(spent.scheduled, max(0, now - job.created_at))
    match job.state:
        case State.PENDING:
            return Spent(scheduled, spent.queued + passed, spent.handing_over, spent.processing)
        case State.RUNNING:
            return Spent(scheduled, spent.queued, spent.handing_over + passed, spent.processing)
        case State.WAITING:
            return Spent(scheduled, spent.queued, spent.handing_over, spent.processing + passed)
        case _:
            return spent


def idle_at(job: Job, now: int) -> int:
    """``idle_ms`` of a final job that a person moves on: its duration goes on where it ended."""
    return max(0, now - job.created_at - (job.duration_ms or 0))
