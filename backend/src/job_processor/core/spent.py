"""The time that a job spent in each stage; the only place where durations are computed.

Every millisecond since its creation is either idle time or belongs to a stage. So the start of the current stage
follows from the sum of the others and need not be stored.
"""

from msgspec import structs

from job_processor.core.job import Job, Spent, State


def spend(job: Job, now: int) -> Spent:
    """The job's times by stage if it leaves its state at ``now`` (ms since 1970)."""
    before = job.spent
    scheduled = before.scheduled
    passed = max(0, now - job.created_at - job.idle_ms - before.working)
    if scheduled:
        # A job that ends before its requested start was scheduled for a shorter time.
        scheduled = min(scheduled, max(0, now - job.created_at))
    if job.state is State.PENDING:
        return structs.replace(before, scheduled=scheduled, queued=before.queued + passed)
    if job.state is State.RUNNING:
        return structs.replace(before, scheduled=scheduled, handing_over=before.handing_over + passed)
    if job.state is State.WAITING:
        return structs.replace(before, scheduled=scheduled, processing=before.processing + passed)
    return before


def idle_at(job: Job, now: int) -> int:
    """``idle_ms`` of a final job that is retried or completed at ``now``, so that its duration continues from its
    end."""
    return max(0, now - job.created_at - (job.duration_ms or 0))
