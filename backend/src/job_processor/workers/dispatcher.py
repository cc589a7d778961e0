"""The dispatcher of one flow: claims due jobs, hands each to the processor, records what came of it."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, Lease
from job_processor.core.outcome import (
    Accepted,
    Deferred,
    Failed,
    HandOver,
    Outcome,
    Progressed,
    Reported,
)
from job_processor.failpoints import failpoint
from job_processor.lifecycle import Lifecycle
from job_processor.processors.base import Dispatch, Processor
from job_processor.store.base import Claim, Held, Store
from job_processor.telemetry import Telemetry
from job_processor.workers.lanes import LaneKeeper
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
BATCH = 200
"""Jobs taken by one claim at the most."""
POLL_SECONDS = 1.0
"""Wake-ups are hints; this is the guarantee."""
DRAIN_SECONDS = 6.0
"""What attempts under way get to end in when the process stops."""


RELEASE_SECONDS = 2.0
"""What giving back the rest may take."""


@dataclass(slots=True)
class _Running:
    job: Job
    lease: Lease
    task: asyncio.Task[None]


class Dispatcher(Loop):
    """``slots``: attempts this process may have under way for the flow; the flow's own limits are the store's."""

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        store: Store,
        rules: FlowRules,
        processor: Processor,
        owner: str,
        callback_url: str,
        callback_token: Callable[[Job], str],
        telemetry: Telemetry,
        slots: int = 1_000,
    ) -> None:
        super().__init__()
        self.name = f"dispatcher:{rules.name}"
        self.processor = processor
        self._lifecycle = lifecycle
        self._store = store
        self._rules = rules
        self._owner = owner
        self._callback_url = callback_url
        self._callback_token = callback_token
        self._telemetry = telemetry
        self._slots = slots
        # By lease token: a job that was taken over may have an old attempt under way beside its new one.
        self._running: dict[str, _Running] = {}
        self._lane = LaneKeeper(store, rules, opened=self.wake)

    @property
    def running(self) -> int:
        return len(self._running)

    def held(self) -> list[Held]:
        """The leases this process wants to keep."""
        return [Held(one.job.id, token) for token, one in self._running.items()]

    def abandon(self, job_id: str, token: str | None = None) -> None:
        """Stop the attempts of a job, or the one of this lease: whatever they say now changes nothing."""
        for one in self._running.values():
            if one.job.id == job_id and token in (None, one.lease.token):
                one.task.cancel()

    async def tick(self) -> float:
        limit = min(self._slots - len(self._running), BATCH)
        if limit <= 0:
            return POLL_SECONDS
        claimed = await self._store.claim(Claim(self._rules, limit, self._owner))
        failpoint("claim.after_commit")
        self._lane.seen(claimed.lane)
        for job in claimed.jobs:
            assert job.lease is not None
            task = asyncio.create_task(self._attempt(job, job.lease))
            self._running[job.lease.token] = _Running(job, job.lease, task)
        if len(claimed.jobs) == limit:
            return 0
        if claimed.retry_at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.0, (claimed.retry_at - self._store.now()) / 1000))

    async def stopped(self) -> None:
        """Let attempts end; what is still under way then goes back at once, for another process or the next start."""
        left = [one.task for one in self._running.values()]
        if left:
            await asyncio.wait(left, timeout=DRAIN_SECONDS)
        rest = list(self._running.values())
        for one in rest:
            one.task.cancel()
        await asyncio.gather(*(one.task for one in rest), return_exceptions=True)
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await asyncio.gather(*(self._release(one) for one in rest))
        except (StoreUnavailable, TimeoutError):
            # The leases end by themselves, only later.
            log.warning("release_failed", flow=self._rules.name, jobs=len(rest))

    async def _release(self, one: _Running) -> None:
        outcome = Deferred(self._store.now(), "shutdown", "The worker stopped.")
        await self._record(one.job, one.lease, outcome)

    async def _attempt(self, job: Job, lease: Lease) -> None:
        try:
            handed = await self._hand_over(job)
            await self._lane.learn(handed.lane)
            await self._record(job, lease, handed.job)
            failpoint("dispatch.after_record")
        except StoreUnavailable as error:
            # The lease will end, and the reaper's verdict is right whatever came of the attempt.
            log.warning("outcome_not_recorded", job=job.id, attempt=job.attempt, reason=str(error))
        except JobNotFound:
            log.info("job_gone", job=job.id)
        finally:
            full = len(self._running) >= self._slots
            del self._running[lease.token]
            if full:
                self.wake()

    async def _hand_over(self, job: Job) -> HandOver:
        failpoint("dispatch.before_send")
        limit = self._rules.dispatch_timeout_seconds
        try:
            async with asyncio.timeout(limit):
                said = await self.processor.run(self._dispatch(job))
        except TimeoutError:
            return HandOver(Failed(JobError("timeout", f"No answer within {limit:g} seconds.")), None)
        except Exception as error:
            log.exception("processor_failed", job=job.id, flow=job.flow)
            failed = Failed(JobError("processor_error", f"The processor failed: {type(error).__name__}."))
            return HandOver(failed, None)
        failpoint("dispatch.after_send")
        return said if isinstance(said, HandOver) else HandOver(said)

    def _dispatch(self, job: Job) -> Dispatch:
        async def progress(text: str) -> None:
            assert job.lease is not None
            # Only a word on the way: that it could not be kept is no fault of the attempt.
            with contextlib.suppress(StoreUnavailable, JobNotFound):
                await self._lifecycle.signal(job.id, Progressed(text, token=job.lease.token))

        error = job.error
        return Dispatch(
            job_id=job.id,
            attempt=job.attempt,
            prompt=job.prompt,
            metadata=job.metadata,
            result_schema=job.result_schema,
            callback_url=self._callback_url,
            callback_token=self._callback_token(job),
            complaint=error.message if error is not None and error.code == "invalid_result" else None,
            progress=progress,
        )

    async def _record(self, job: Job, lease: Lease, outcome: Outcome) -> None:
        signal = Reported(outcome, job.attempt, lease.token)
        moved = await self._lifecycle.signal(job.id, signal, known=job)
        self._telemetry.attempt(job.flow, outcome, moved.job, moved.landed)
        if not moved.landed and not isinstance(outcome, Accepted):
            log.info("lease_lost", job=job.id, attempt=job.attempt)
