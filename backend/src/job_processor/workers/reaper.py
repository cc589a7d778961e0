"""The reaper: jobs whose time has passed go through the same door as everything else."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog

from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted, Asked, Expired, Reported, Succeeded
from job_processor.failpoints import failpoint
from job_processor.lifecycle import Lifecycle
from job_processor.processors.base import Reconciler
from job_processor.store.base import Store
from job_processor.telemetry import Telemetry
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
BATCH = 200
POLL_SECONDS = 1.0
ASKED_AT_ONCE = 20
"""Processors' records that are fetched side by side; each may be as long as a processor allows."""
ASK_SECONDS = 5.0
"""After which a tick begins no more questions: whoever is silent takes as long as its deadline for each."""


_FOUND: Mapping[type, str] = {
    Succeeded: "The callback was overdue; the processor was asked, and the result it had was taken.",
    Accepted: "The callback was overdue; the processor was asked and still works on it.",
}
_FOUND_AFTER_UNREAD = "A callback could not be read; the processor was asked, and the result it had was taken."


class Reaper(Loop):
    """Ends leases that ran out, callbacks that are overdue and jobs past their deadline.

    Before it gives up on a callback it asks the processor, where that can be asked, what became of it. So it does at
    once when a callback came that could not be read; then the attempt waits on as before if nobody knows.
    """

    name = "reaper"

    def __init__(
        self, lifecycle: Lifecycle, store: Store, processors: Mapping[str, object], telemetry: Telemetry
    ) -> None:
        super().__init__()
        self._lifecycle = lifecycle
        self._store = store
        self._processors = processors
        self._telemetry = telemetry

    async def tick(self) -> float:
        overdue = await self._store.overdue(BATCH)
        to_ask: list[tuple[Job, Reconciler]] = []
        for job in overdue:
            processor = self._processors.get(job.flow)
            in_time = job.state is State.WAITING and not _past_deadline(job, self._store.now())
            if in_time and isinstance(processor, Reconciler):
                to_ask.append((job, processor))
            else:
                await self._end(job)
        await self._ask(to_ask)
        return 0 if len(overdue) == BATCH else POLL_SECONDS

    async def _ask(self, to_ask: Sequence[tuple[Job, Reconciler]]) -> None:
        """Several at once, and no more for long: lost leases and other flows wait for the next tick meanwhile."""
        until = time.monotonic() + ASK_SECONDS
        for start in range(0, len(to_ask), ASKED_AT_ONCE):
            now = to_ask[start : start + ASKED_AT_ONCE]
            done = await asyncio.gather(*(self._end(job, processor) for job, processor in now), return_exceptions=True)
            for failure in done:
                if failure is not None:
                    raise failure
            if time.monotonic() >= until:
                return

    async def _end(self, job: Job, processor: Reconciler | None = None) -> None:
        """``processor``: who is asked first."""
        try:
            if processor is None or not await self._reconciled(job, processor):
                await self._expire(job)
        except StoreUnavailable:
            raise
        except JobNotFound:
            pass
        except Exception:
            # One job's trouble is nobody else's: the rest is ended all the same.
            log.exception("end_failed", job=job.id)

    async def _expire(self, job: Job) -> None:
        if _waits_on(job, self._store.now()):
            assert job.lease is not None
            await self._lifecycle.signal(job.id, Asked(job.lease.token), known=job)
            return
        failpoint("reaper.before_apply")
        if job.state is State.WAITING:
            # Whoever recorded the acceptance may have died before it looked.
            met = await self._lifecycle.met(job)
            if met.is_final:
                self._telemetry.moved(met)
                return
            job = met
        moved = await self._lifecycle.signal(job.id, Expired(), known=job)
        failpoint("reaper.after_apply")
        if moved.landed:
            self._telemetry.moved(moved.job)
            log.info("expired", job=job.id, attempt=job.attempt, was=job.state.value, now=moved.job.state.value)

    async def _reconciled(self, job: Job, processor: Reconciler) -> bool:
        """Has the processor's own record of the attempt settled the matter?"""
        try:
            found = await processor.reconcile(job.id, job.attempts[-1])
        except Exception:
            # Not being able to ask is no reason to wait longer.
            log.exception("reconcile_failed", job=job.id)
            return False
        if found is None or job.lease is None:
            return False
        note = _FOUND.get(type(found))
        if _waits_on(job, self._store.now()):
            if isinstance(found, Accepted):
                # It works on it still, as was known: its deadline stays.
                return False
            note = _FOUND_AFTER_UNREAD if isinstance(found, Succeeded) else None
        signal = Reported(found, job.attempt, job.lease.token, note=note)
        moved = await self._lifecycle.signal(job.id, signal, known=job)
        if moved.landed:
            self._telemetry.moved(moved.job)
            log.info("reconciled", job=job.id, outcome=type(found).__name__)
        return moved.landed


def _waits_on(job: Job, now: int) -> bool:
    """Was it only to be asked about, with time left for its callback?"""
    return (
        job.state is State.WAITING and job.lease is not None and now < job.lease.until and not _past_deadline(job, now)
    )


def _past_deadline(job: Job, now: int) -> bool:
    return job.deadline is not None and job.deadline <= now
