"""The acts on attempts: claim, renew leases, record outcome and progress, end those whose time is over."""

import structlog

from job_processor.acts.facts import AttemptEnded, Facts, JobMoved
from job_processor.acts.signals import Moved, Signals
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.exchange import Exchange
from job_processor.core.job import Job, Lease, State
from job_processor.core.outcome import Accepted, Asked, Expired, FlowMissing, Outcome, Progressed, Reported
from job_processor.failpoints import failpoint
from job_processor.store.base import Claim, Claimed, Held, Store

log = structlog.get_logger(__name__)


class Outcomes:
    def __init__(self, store: Store, signals: Signals, facts: Facts) -> None:
        self._store = store
        self._signals = signals
        self._facts = facts

    async def claim(self, claim: Claim) -> Claimed:
        """Take due jobs of a flow; each is RUNNING under a lease of its own."""
        claimed = await self._store.claim(claim)
        for job in claimed.jobs:
            self._signals.note(job)
            self._facts.tell(JobMoved(job, State.PENDING))
        return claimed

    async def renew(self, held: list[Held], lease_ms: int) -> list[str]:
        """Renew leases for ``lease_ms`` milliseconds from now. Returns the ids of jobs whose lease is lost."""
        return list(await self._store.extend(held, lease_ms))

    async def record(self, job: Job, lease: Lease, outcome: Outcome, exchange: Exchange | None = None) -> Moved:
        """Record the outcome of the attempt that holds ``lease``. ``job``: as claimed; ``exchange``: what is known of
        its exchange beyond what the claim recorded. Raises ``JobNotFound``."""
        signal = Reported(outcome, job.attempt, lease.token, exchange=exchange)
        moved = await self._signals.send(job.id, signal, known=job)
        self._facts.tell(AttemptEnded(job.attempts[-1].flow or job.flow, outcome, moved.written))
        if not moved.written and not isinstance(outcome, Accepted):
            log.info("lease_lost", job=job.id, attempt=job.attempt)
        return moved

    async def progress(self, job_id: str, lease: Lease, text: str) -> None:
        """Record a progress text. It is dropped if it cannot be written: the outcome does not depend on it."""
        try:
            await self._signals.send(job_id, Progressed(text, token=lease.token))
        except (StoreUnavailable, JobNotFound):
            log.debug("progress_dropped", job=job_id)

    async def expire(self, job: Job, asked: str | None = None) -> None:
        """Apply the end of the lease, callback timeout or deadline to a job whose ``due_at`` has passed.

        ``asked``: the finding of a reconcile call made just before. Raises ``JobNotFound``.
        """
        if _has_time_left(job, self._store.now()):
            # The job is due only for a reconcile call, which this flow's processor does not support.
            assert job.lease is not None
            await self._signals.send(job.id, Asked(None, job.attempt, job.lease.token), known=job)
            return
        failpoint("reaper.before_apply")
        if job.state is State.WAITING:
            # The worker that recorded the acceptance may have died before it looked for early reports.
            job = await self._signals.apply_early_reports(job)
            if job.is_final:
                return
        moved = await self._signals.send(job.id, Expired(asked), known=job)
        failpoint("reaper.after_apply")
        if moved.written:
            log.info("expired", job=job.id, attempt=job.attempt, was=job.state.value, now=moved.job.state.value)

    async def end_without_flow(self, job_id: str) -> None:
        """Fail a PENDING job whose flow has not been defined for too long. A job that is gone is no error."""
        try:
            moved = await self._signals.send(job_id, FlowMissing())
        except JobNotFound:
            return
        if moved.written:
            log.warning("ended_without_flow", job=job_id, flow=moved.job.flow)


def _has_time_left(job: Job, now: int) -> bool:
    """Whether a WAITING job's callback may still come in time."""
    in_time = job.deadline is None or now < job.deadline
    return job.state is State.WAITING and job.lease is not None and now < job.lease.until and in_time
