"""The end of a lease, a callback or a deadline that has passed, through the same door as everything else."""

import structlog

from job_processor.core.job import Job, State
from job_processor.core.outcome import Asked, Expired
from job_processor.failpoints import failpoint
from job_processor.lifecycle import Lifecycle
from job_processor.telemetry import Telemetry

log = structlog.get_logger(__name__)


class Expiry:
    def __init__(self, lifecycle: Lifecycle, telemetry: Telemetry) -> None:
        self._lifecycle = lifecycle
        self._telemetry = telemetry

    async def end(self, job: Job, asked: str | None = None) -> None:
        """``asked``: what the processor said of it before, in words. Raises ``JobNotFound``."""
        if _waits_on(job, self._lifecycle.now()):
            # It was only to be asked about, and there is nobody to ask.
            assert job.lease is not None
            await self._lifecycle.signal(job.id, Asked(None, job.attempt, job.lease.token), known=job)
            return
        failpoint("reaper.before_apply")
        if job.state is State.WAITING:
            # Whoever recorded the acceptance may have died before it looked.
            met = await self._lifecycle.met(job)
            if met.is_final:
                self._telemetry.moved(met)
                return
            job = met
        moved = await self._lifecycle.signal(job.id, Expired(asked), known=job)
        failpoint("reaper.after_apply")
        if moved.landed:
            self._telemetry.moved(moved.job)
            log.info("expired", job=job.id, attempt=job.attempt, was=job.state.value, now=moved.job.state.value)


def _waits_on(job: Job, now: int) -> bool:
    """Is there time left for its callback?"""
    in_time = job.deadline is None or now < job.deadline
    return job.state is State.WAITING and job.lease is not None and now < job.lease.until and in_time
