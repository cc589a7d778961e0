"""The dispatcher of one flow: claims due jobs, hands each to the processor, records the outcome."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from job_processor import tasks
from job_processor.acts import Acts
from job_processor.acts.lane_keeper import LaneKeeper
from job_processor.acts.outcome_writer import RETRY_SECONDS, OpenAttempt, OutcomeWriter
from job_processor.acts.token_keeper import TokenKeeper
from job_processor.core.counted import counted
from job_processor.core.errors import StoreUnavailable
from job_processor.core.evidence import failure_if_to_blame
from job_processor.core.exchange import EndedBy, Exchange
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError
from job_processor.core.outcome import Accepted, Deferred, Failed, HandOver, LaneClosed, LaneHealthy, Succeeded
from job_processor.failpoints import failpoint
from job_processor.outgoing.session import Measured
from job_processor.processors.base import Dispatch, Processor
from job_processor.store.base import Claim, Held, Store
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
BATCH = 200
"""Maximum number of jobs in one claim."""
POLL_SECONDS = 1.0
"""Maximum pause between two claims: wake-ups are hints and may be missed."""
RELEASE_SECONDS = 2.0
"""Timeout of putting a job back when the process stops."""
LANE_TRIES = 5
"""Maximum tries to write what an attempt showed about its lane. Then that is dropped: the next probe shows it again."""


@dataclass(slots=True)
class _Running(OpenAttempt):
    estimated: int | None = None
    """The tokens that a shared limit was charged for this attempt."""
    written: bool = False
    """Whether the outcome is recorded. The lane may still have to be written after that."""
    task: asyncio.Task[None] | None = field(default=None)


class Dispatcher(Loop):
    """``slots``: maximum attempts in flight in this process for the flow; the store enforces the flow's own limits.

    ``drain_seconds``: how long attempts in flight and unwritten outcomes may take when the process stops.
    ``pause``: waits for so many seconds between two tries to write an outcome; tests pass their own.
    """

    def __init__(
        self,
        *,
        acts: Acts,
        store: Store,
        rules: FlowRules,
        processor: Processor,
        owner: str,
        callback_url: str,
        callback_token: Callable[[Job], str],
        slots: int = 1_000,
        drain_seconds: float = 6.0,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__()
        self.name = f"dispatcher:{rules.name}"
        self.processor = processor
        self._acts = acts
        self._store = store
        self._rules = rules
        self._owner = owner
        self._exchange = Exchange(processor.sends_to, int(1000 * rules.dispatch_timeout_seconds))
        self._callback_url = callback_url
        self._callback_token = callback_token
        self._slots = slots
        self._drain_seconds = drain_seconds
        # By lease token: after a lost lease the old attempt may still run beside the new one.
        self._running: dict[str, _Running] = {}
        self._pause = pause
        self._writer = OutcomeWriter(acts.outcomes, acts.verdicts, self.wake, pause)
        self._lane = LaneKeeper(store, acts.lanes, rules, opened=self.wake)
        self._takes_from: tuple[tuple[Dispatcher, tuple[FlowRules, ...]], ...] = ()
        self._tokens = TokenKeeper(acts.lanes, rules)

    def take_from(self, others: Mapping[str, "Dispatcher"]) -> None:
        """Also claim the jobs of the other flows that fall back to this one, while the lanes of those are closed."""
        mine = self._rules.name
        theirs = ((other, other.fallback) for other in others.values() if mine in other.fallback)
        self._takes_from = tuple(
            (other, tuple(others[one]._rules for one in fallback[: fallback.index(mine)] if one in others))
            for other, fallback in theirs
        )

    @property
    def fallback(self) -> tuple[str, ...]:
        """The flows whose processors may have jobs of this one."""
        return self._rules.fallback

    @property
    def running(self) -> int:
        return len(self._running)

    def held(self) -> list[Held]:
        """The leases to renew: those of attempts whose outcome is not recorded."""
        return [Held(one.job.id, token) for token, one in self._running.items() if not one.written]

    @property
    def is_limited(self) -> bool:
        """Whether the flow or its keys have a concurrency limit, so that another job may start when one ends."""
        return self._rules.concurrency is not None or self._rules.concurrency_per_key is not None

    @property
    def sharing(self) -> tuple[str, ...]:
        """The flows that may start another job when a job of this flow ends, because they share a limit with it."""
        limit = self._rules.limit
        counts = limit is not None and (limit.concurrency is not None or limit.tokens_per_minute is not None)
        return limit.flows if limit is not None and counts else ()

    @property
    def lease_seconds(self) -> float:
        return self._rules.lease_seconds

    def abandon(self, job_id: str, token: str | None = None, rev: int | None = None) -> None:
        """Stop the attempts of a job, or only the one under ``token``. An outcome that is known already is still
        recorded: a success counts from any attempt.

        ``rev``: only attempts that began before this revision of the job; a newer attempt goes on.
        """
        for one in self._running.values():
            mine = one.job.id == job_id and token in (None, one.lease.token) and (rev is None or one.job.rev < rev)
            if mine and one.outcome is None and one.task:
                one.task.cancel()

    async def tick(self) -> float:
        wait = await self._claim()
        # The flow's own jobs are claimed first; jobs that fall back get the remaining slots.
        for other, before in self._takes_from:
            if other._lane.is_unavailable:
                wait = min(wait, await self._claim(other._rules, before))
        return wait

    async def _claim(self, of: FlowRules | None = None, before: tuple[FlowRules, ...] = ()) -> float:
        """Claim jobs of this flow (``of``: of that flow) and start them. Returns the seconds until the next claim."""
        limit = min(self._slots - len(self._running), BATCH)
        if limit <= 0:
            return POLL_SECONDS
        if self._writer.waiting:
            # Outcomes are written first: a job without its outcome could be claimed again and be paid for twice.
            return POLL_SECONDS
        claimed = await self._acts.outcomes.claim(Claim(self._rules, limit, self._owner, of, before, self._exchange))
        failpoint("claim.after_commit")
        for job in claimed.jobs:
            assert job.lease is not None
            self._start(_Running(job, job.lease, estimated=claimed.estimated))
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
        # A callback and no try/finally in the task: a task cancelled before its first step never enters it.
        one.task.add_done_callback(lambda task: self._ended(one, task))

    def _ended(self, one: _Running, task: asyncio.Task[None]) -> None:
        full = len(self._running) >= self._slots
        del self._running[one.lease.token]
        if full:
            self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("attempt_broken", job=one.job.id, attempt=one.job.attempt, exc_info=error)

    async def stopped(self) -> None:
        """Let attempts end, then put back what is still in flight, for another worker or the next start."""
        left = [one.task for one in self._running.values() if one.task is not None]
        if left:
            await asyncio.wait(left, timeout=self._drain_seconds)
        rest = [one for one in self._running.values() if not one.written]
        await tasks.end(*(one.task for one in self._running.values() if one.task is not None))
        await asyncio.gather(*(self._release(one) for one in rest))

    async def _release(self, one: _Running) -> None:
        """Record the outcome of an attempt if it is known, else put its job back."""
        outcome = one.outcome or Deferred(self._store.now(), "shutdown", "The worker stopped.")
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._acts.outcomes.record(one.job, one.lease, outcome, one.exchange)
        except Exception as error:
            # The lease expires by itself; an outcome is lost with this process.
            lost = None if one.outcome is None else type(one.outcome).__name__.lower()
            log.warning("release_failed", job=one.job.id, attempt=one.job.attempt, lost=lost, reason=repr(error))

    async def _attempt(self, one: _Running) -> None:
        handed = await self._hand_over(one)
        one.outcome = handed.job
        if isinstance(handed.lane, LaneHealthy):
            self._lane.answered(one.job)
        closes = isinstance(handed.lane, LaneClosed)
        # Close the lane before its job is put back, else the job would be claimed again at once. In every other case
        # the outcome is written first: a lane that cannot be written must not cost an outcome.
        lane_written = closes and await self._close(one, handed)
        await self._writer.write(one)
        one.written = True
        failpoint("dispatch.after_record")
        if isinstance(handed.job, Succeeded | Failed):
            self._tokens.note(one.job.prompt, one.estimated, handed.job.usage)
        with contextlib.suppress(StoreUnavailable):
            await self._tokens.write()
        if not lane_written:
            await self._write_lane(one.job, handed)

    async def _close(self, one: _Running, handed: HandOver) -> bool:
        """Write the closed lane, and decide whether a refusal is held against the job. ``False``: the store failed."""
        try:
            if failure_if_to_blame(handed) is None:
                await self._lane.learn(one.job, handed.lane)
            else:
                one.outcome = (await self._lane.judge(one.job, handed)).outcome
        except StoreUnavailable:
            if failure_if_to_blame(handed) is not None:
                one.outcome = self._lane.judge_from_memory(one.job, handed).outcome
            return False
        except Exception:
            # A bug in the lane code must not cost an outcome.
            log.exception("lane_broken", flow=one.job.flow)
        return True

    async def _write_lane(self, job: Job, handed: HandOver) -> None:
        """Write what the attempt showed about the lane, in at most ``LANE_TRIES`` tries."""
        for n in range(LANE_TRIES):
            try:
                if failure_if_to_blame(handed) is None:
                    await self._lane.learn(job, handed.lane)
                else:
                    await self._lane.judge(job, handed)
                return
            except StoreUnavailable as error:
                log.warning("lane_not_written", flow=job.flow, reason=str(error))
                await self._pause(RETRY_SECONDS[min(n, len(RETRY_SECONDS) - 1)])

    async def _hand_over(self, one: _Running) -> HandOver:
        failpoint("dispatch.before_send")
        limit = self._rules.dispatch_timeout_seconds
        job, measured = one.job, Measured()
        ended_by: EndedBy | None = None
        try:
            async with asyncio.timeout(limit):
                returned = await self.processor.run(self._dispatch(job, measured))
            handed = returned if isinstance(returned, HandOver) else HandOver(returned)
            if measured.status is not None and not measured.broken and not isinstance(handed.job, Accepted):
                ended_by = EndedBy.RESPONSE
        except TimeoutError:
            return HandOver(Failed(JobError("timeout", f"No answer within {counted(limit, 'second')}.")), None)
        except Exception as error:
            log.exception("processor_failed", job=job.id, flow=job.flow)
            failed = Failed(JobError("processor_error", f"The processor failed: {type(error).__name__}."))
            return HandOver(failed, None)
        finally:
            one.exchange = self._measured(measured, ended_by)
        failpoint("dispatch.after_send")
        return handed

    def _measured(self, by_now: Measured, ended_by: EndedBy | None) -> Exchange | None:
        """The exchange with what is known of it by now; ``None``: nothing was sent by HTTP."""
        if by_now.sent is None:
            return None
        planned = self._exchange
        return Exchange(planned.sent_to, planned.timeout_ms, by_now.sent, by_now.status, by_now.received, ended_by)

    def _dispatch(self, job: Job, measured: Measured) -> Dispatch:
        async def progress(text: str) -> None:
            assert job.lease is not None
            await self._acts.outcomes.progress(job.id, job.lease, text)

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
            measured=measured,
        )
