"""How long a job was in each stage: the one place where durations are computed.

Every millisecond since its creation was idle (nothing was to be done) or spent in a stage, so the times of the stages
say when the present one began.
"""

from job_processor.core.job import Job, Spent, State


def spend(job: Job, now: int) -> Spent:
    """What the job has spent when it leaves its state now."""
    scheduled, queued, handing_over, processing = job.spent
    passed = max(0, now - job.created_at - job.idle_ms - queued - handing_over - processing)
    if scheduled:
        # A job that ends before its start was scheduled for less time than was asked for.
        scheduled = min(scheduled, max(0, now - job.created_at))
    if job.state is State.PENDING:
        return Spent(scheduled, queued + passed, handing_over, processing)
    if job.state is State.RUNNING:
        return Spent(scheduled, queued, handing_over + passed, processing)
    if job.state is State.WAITING:
        return Spent(scheduled, queued, handing_over, processing + passed)
    return job.spent


def idle_at(job: Job, now: int) -> int:
    """``idle_ms`` of a final job that a person moves on: its duration goes on where it ended."""
    return max(0, now - job.created_at - (job.duration_ms or 0))
