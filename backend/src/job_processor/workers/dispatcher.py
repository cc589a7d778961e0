"""The dispatcher of one flow: claims due jobs, hands each to the processor, records what came of it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.evidence import blamed
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, Lease
from job_processor.core.outcome import (
    Accepted,
    Deferred,
    Failed,
    HandOver,
    LaneClosed,
    LaneWell,
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
RELEASE_SECONDS = 2.0
"""What giving back the rest may take."""
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Between two tries to write an outcome. The last is repeated; it is shorter than the wait after a lost lease."""
ALL_RETRY_SECONDS = 10.0
"""One of the outcomes that wait tries for all, and wakes the others when it is written. Each of them tries at least
this often by itself: what cannot be written may be that one outcome."""
FAULT_TRIES = 10
"""Tries to write an outcome that end in another error than that the store is away."""
LANE_TRIES = 5
"""Tries to write what an attempt showed of its lane, once its outcome is written: the next probe shows it again."""


@dataclass(slots=True)
class _Running:
    job: Job
    lease: Lease
    outcome: Outcome | None = None
    """What the processor said."""
    written: bool = False
    """The job knows it; what is left is to tell the lane."""
    task: asyncio.Task[None] | None = field(default=None)


class Dispatcher(Loop):
    """``slots``: attempts this process may have under way for the flow; the flow's own limits are the store's.

    ``drain_seconds``: what attempts under way, and outcomes that are not written yet, get when the process stops.
    ``pause``: how the seconds between two tries to write an outcome pass.
    """

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
        drain_seconds: float = 6.0,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
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
        self._drain_seconds = drain_seconds
        # By lease token: a job that was taken over may have an old attempt under way beside its new one.
        self._running: dict[str, _Running] = {}
        self._pause = pause
        self._unwritten = 0
        """Outcomes that the store did not take yet."""
        self._asked: asyncio.Event | None = None
        """While one of them asks for all whether the store is back: set when it no longer does."""
        self._lane = LaneKeeper(store, rules, opened=self.wake)

    @property
    def running(self) -> int:
        return len(self._running)

    def held(self) -> list[Held]:
        """The leases this process wants to keep."""
        return [Held(one.job.id, token) for token, one in self._running.items() if not one.written]

    @property
    def is_limited(self) -> bool:
        """Does the flow allow only so many jobs at once, so that one that ends makes room for another?"""
        return self._rules.concurrency is not None

    @property
    def lease_seconds(self) -> float:
        return self._rules.lease_seconds

    def abandon(self, job_id: str, token: str | None = None, rev: int | None = None) -> None:
        """Stop the attempts of a job, or the one of this lease. What was said already is still recorded: a success
        counts from any attempt.

        ``rev``: the job's at which that became known; an attempt that began later goes on.
        """
        for one in self._running.values():
            mine = one.job.id == job_id and token in (None, one.lease.token) and (rev is None or one.job.rev < rev)
            if mine and one.outcome is None and one.task:
                one.task.cancel()

    async def tick(self) -> float:
        limit = min(self._slots - len(self._running), BATCH)
        if limit <= 0:
            return POLL_SECONDS
        if self._unwritten:
            # What is known comes first: one of these jobs could be taken again, and be paid for twice.
            return POLL_SECONDS
        claimed = await self._store.claim(Claim(self._rules, limit, self._owner))
        failpoint("claim.after_commit")
        for job in claimed.jobs:
            assert job.lease is not None
            self._start(_Running(job, job.lease))
        with contextlib.suppress(StoreUnavailable):
            await self._lane.seen(claimed)
        if len(claimed.jobs) == limit:
            return 0
        if claimed.retry_at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.0, (claimed.retry_at - self._store.now()) / 1000))

    def _start(self, one: _Running) -> None:
        one.task = asyncio.create_task(self._attempt(one))
        self._running[one.lease.token] = one
        # Not in the task itself: one that is cancelled before its first step would never get there.
        one.task.add_done_callback(lambda task: self._ended(one, task))

    def _ended(self, one: _Running, task: asyncio.Task[None]) -> None:
        full = len(self._running) >= self._slots
        del self._running[one.lease.token]
        if full:
            self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("attempt_broken", job=one.job.id, attempt=one.job.attempt, exc_info=error)

    async def stopped(self) -> None:
        """Let attempts end; what is still under way then goes back at once, for another process or the next start."""
        left = [one.task for one in self._running.values() if one.task is not None]
        if left:
            await asyncio.wait(left, timeout=self._drain_seconds)
        rest = [one for one in self._running.values() if not one.written]
        tasks = [one.task for one in self._running.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._release(one) for one in rest))

    async def _release(self, one: _Running) -> None:
        """The last word on an attempt: what its processor said, or that it goes back."""
        outcome = one.outcome or Deferred(self._store.now(), "shutdown", "The worker stopped.")
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._record(one.job, one.lease, outcome)
        except Exception as error:
            # The lease ends by itself, only later; an outcome is lost with the process that knew it.
            lost = None if one.outcome is None else type(one.outcome).__name__.lower()
            log.warning("release_failed", job=one.job.id, attempt=one.job.attempt, lost=lost, reason=repr(error))

    async def _attempt(self, one: _Running) -> None:
        handed = await self._hand_over(one.job)
        one.outcome = handed.job
        if isinstance(handed.lane, LaneWell):
            self._lane.answered(one.job)
        closes = isinstance(handed.lane, LaneClosed)
        # A lane is closed before its job is put back, which would be taken again at once. Everything else is about the
        # job first: what can or cannot be learnt of the lane must not cost an outcome.
        known = closes and await self._close(one, handed)
        await self._keep(one)
        one.written = True
        failpoint("dispatch.after_record")
        if not known:
            await self._learn(one.job, handed)

    async def _close(self, one: _Running, handed: HandOver) -> bool:
        """Write the lane, and decide what a refusal means for the job. ``False``: the lane could not be written."""
        try:
            if blamed(handed) is None:
                await self._lane.learn(one.job, handed.lane)
            else:
                one.outcome = (await self._lane.judge(one.job, handed)).outcome
        except StoreUnavailable:
            if blamed(handed) is not None:
                one.outcome = self._lane.judge_by_memory(one.job, handed).outcome
            return False
        except Exception:
            # A fault of ours in what concerns the lane must not cost an outcome.
            log.exception("lane_broken", flow=one.job.flow)
        return True

    async def _learn(self, job: Job, handed: HandOver) -> None:
        for n in range(LANE_TRIES):
            try:
                if blamed(handed) is None:
                    await self._lane.learn(job, handed.lane)
                else:
                    await self._lane.judge(job, handed)
                return
            except StoreUnavailable as error:
                log.warning("lane_not_written", flow=job.flow, reason=str(error))
                await self._pause(RETRY_SECONDS[min(n, len(RETRY_SECONDS) - 1)])

    async def _keep(self, one: _Running) -> None:
        """Record the outcome, however long the store is away: it was paid for. The lease is renewed meanwhile."""
        assert one.outcome is not None
        tries = faults = 0
        asks: asyncio.Event | None = None
        try:
            while True:
                try:
                    return await self._record(one.job, one.lease, one.outcome)
                except JobNotFound:
                    raise
                except Exception as error:
                    if not isinstance(error, StoreUnavailable):
                        # A fault of ours may pass, too (no memory, no thread); one that stays must not hold the slot.
                        faults += 1
                        if faults == FAULT_TRIES:
                            raise
                    pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                    tries += 1
                    if tries == 1:
                        self._unwritten += 1
                    if tries in (1, 10) or tries % 60 == 0:
                        log.warning(
                            "outcome_not_yet_written", job=one.job.id, tries=tries, reason=str(error) or repr(error)
                        )
                # Examined once, and not again at each try.
                one.outcome = await self._lifecycle.examined(one.outcome, one.job)
                if self._asked is None:
                    asks = self._asked = asyncio.Event()
                if asks is not None:
                    await self._pause(pause)
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALL_RETRY_SECONDS):
                        await self._asked.wait()
        except JobNotFound:
            log.info("job_gone", job=one.job.id)
        finally:
            if asks is not None:
                self._asked = None
                asks.set()
            if tries:
                self._unwritten -= 1
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
