"""How long a job was in each stage: the one place where durations are computed.

Every millisecond since its creation was idle (nothing was to be done) or spent in a stage, so the times of the stages
say when the present one began.
"""

from msgspec import structs

from job_processor.core.job import Job, Spent, State


def spend(job: Job, now: int) -> Spent:
    """What the job has spent when it leaves its state now."""
    before = job.spent
    scheduled = before.scheduled
    passed = max(0, now - job.created_at - job.idle_ms - before.working)
    if scheduled:
        # A job that ends before its start was scheduled for less time than was asked for.
        scheduled = min(scheduled, max(0, now - job.created_at))
    if job.state is State.PENDING:
        return structs.replace(before, scheduled=scheduled, queued=before.queued + passed)
    if job.state is State.RUNNING:
        return structs.replace(before, scheduled=scheduled, handing_over=before.handing_over + passed)
    if job.state is State.WAITING:
        return structs.replace(before, scheduled=scheduled, processing=before.processing + passed)
    return before


def idle_at(job: Job, now: int) -> int:
    """``idle_ms`` of a final job that a person moves on: its duration goes on where it ended."""
    return max(0, now - job.created_at - (job.duration_ms or 0))
