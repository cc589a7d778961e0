"""The door: every change of a job's state goes through here. Decide (core) → apply (store); the store tells."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from job_processor import results
from job_processor.core import transitions
from job_processor.core.callbacks import Answer
from job_processor.core.errors import InvalidField, JobNotFound, MoveRefused, StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.inbox import Callback
from job_processor.core.job import Job, JobError, Json, State
from job_processor.core.outcome import Cancelled, Failed, Outcome, Reported, ResultAccepted, Retried, Signal, Succeeded
from job_processor.store.base import Added, IdempotencyKey, InboxQuery, Store

TRIES = 50
"""Lost races in a row before we say that the store does not answer: far beyond what contention can do."""
_STOPPED_EARLY = frozenset({"length", "max_tokens", "MAX_TOKENS"})
"""What models call it when their limit of tokens ended an answer."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A submission that the edge has checked. Times in milliseconds since 1970."""

    prompt: str
    flow: str | None = None
    run_at: int | None = None
    delay_ms: int | None = None
    priority: int = 0
    max_attempts: int | None = None
    deadline: int | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Json] | None = None
    result_schema: Mapping[str, Json] | None = None
    replay_of: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The job after a signal, and whether the signal changed it."""

    job: Job
    landed: bool


class Lifecycle:
    def __init__(
        self,
        store: Store,
        flows: Mapping[str, FlowRules],
        default_flow: str,
        ids: IdFactory,
        jitter: Callable[[], float] = random.random,
        examiners: results.Examiners | None = None,
        neighbours: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        """``neighbours``: of a flow, itself and all others whose processor is the same one, and counts on."""
        self._store = store
        self._flows = flows
        self._default_flow = default_flow
        self._ids = ids
        self._jitter = jitter
        self._examiners = examiners or results.shared()
        self._neighbours = neighbours

    def knows(self, flow: str) -> bool:
        """Is this flow defined?"""
        return flow in self._flows

    def rules(self, flow: str) -> FlowRules:
        """The flow's rules. A job may outlive its flow's definition; then the defaults hold."""
        return self._flows.get(flow) or FlowRules(flow)

    def now(self) -> int:
        """The store's time, in milliseconds since 1970."""
        return self._store.now()

    def behind(self, flow: str) -> frozenset[str]:
        """The flows that share this one's processor, and with it the ids of executions."""
        return self._neighbours.get(flow, frozenset({flow}))

    async def submit(self, new: NewJob, key: IdempotencyKey | None = None) -> Added:
        """Store a new job. Raises ``InvalidField`` for an unknown flow or a deadline that has passed."""
        flow = new.flow or self._default_flow
        rules = self._flows.get(flow)
        if rules is None:
            raise InvalidField("flow", f"must be one of: {', '.join(sorted(self._flows))}")
        now = self._store.now()
        run_at = new.run_at if new.delay_ms is None else now + new.delay_ms
        if new.deadline is not None and new.deadline <= max(now, run_at or 0):
            raise InvalidField("deadline", "must lie ahead, and after the job may start")
        job = transitions.submit(
            job_id=self._ids.new(now),
            prompt=new.prompt,
            rules=rules,
            now=now,
            run_at=run_at,
            priority=new.priority,
            max_attempts=new.max_attempts,
            deadline=new.deadline,
            tags=new.tags,
            metadata=new.metadata,
            result_schema=new.result_schema,
            replay_of=new.replay_of,
        )
        return await self._store.add(job, key)

    async def signal(self, job_id: str, signal: Signal, known: Job | None = None) -> Moved:
        """Let the core decide and the store apply, again with the newest job whenever somebody was faster.

        ``known``: the job as the caller last saw it, which saves a read. Raises ``JobNotFound``.
        """
        for _ in range(TRIES):
            job = known if known is not None else await self._store.get(job_id)
            known = None
            if job is None:
                raise JobNotFound(job_id)
            change = transitions.decide(job, signal, self._store.now(), self.rules(job.flow), self._jitter())
            if change is not None and _awaits_verdict(signal):
                # Only now: what changes nothing (a duplicate) is not examined. And once: what is examined stays so,
                # however often somebody is faster.
                signal = await self._with_verdict(signal, job)
                change = transitions.decide(job, signal, self._store.now(), self.rules(job.flow), self._jitter())
            if change is None:
                return Moved(job, landed=False)
            if await self._store.apply(change):
                if change.job.state is State.WAITING and change.guard.state is State.RUNNING:
                    return Moved(await self.met(change.job), landed=True)
                return Moved(change.job, landed=True)
        raise StoreUnavailable("The job changes faster than it can be written.")

    async def met(self, job: Job) -> Job:
        """A job that was accepted, after the reports on its execution that came before we knew it by that name.

        Whoever keeps such a report looks for the job again afterwards, so that of the two one sees the other.
        """
        attempt = job.attempts[-1]
        if attempt.execution_id is None:
            return job
        for one in await self._store.inbox(InboxQuery(execution_id=attempt.execution_id)):
            if one.callback.is_about(attempt) and await self._is_of_its_processor(one.callback, job):
                report = Failed(reported_error(one.callback.content), one.callback.retryable)
                moved = await self.signal(job.id, Reported(report, execution=attempt.execution_id), known=job)
                if moved.landed:
                    await self._store.settle(one.callback.id, Answer.APPLIED, job.id)
                job = moved.job
        return job

    async def _is_of_its_processor(self, callback: Callback, job: Job) -> bool:
        """Whoever names no flow is believed while no other processor has an execution of the same id in flight."""
        if callback.flow is not None:
            return job.flow in self.behind(callback.flow)
        return callback.execution_id is None or await self._store.find_execution(callback.execution_id) == job.id

    async def cancel(self, job_id: str, reason: str | None = None) -> Moved:
        """Call the job off. Cancelling a CANCELLED job changes nothing; raises ``MoveRefused`` for other final ones."""
        moved = await self.signal(job_id, Cancelled(reason))
        if not moved.landed and moved.job.state.value != "CANCELLED":
            raise MoveRefused(f"The job is already {moved.job.state.value}.")
        return moved

    async def retry(self, job_id: str, more_attempts: int | None = None) -> Job:
        """Put a FAILED or CANCELLED job back. Raises ``MoveRefused`` for any other state."""
        job = await self._store.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        more = more_attempts or self.rules(job.flow).max_attempts
        moved = await self.signal(job_id, Retried(more), known=job)
        if not moved.landed:
            raise MoveRefused(f"Only FAILED and CANCELLED jobs can be retried; this one is {moved.job.state.value}.")
        return moved.job

    async def replay(self, job_id: str, flow: str | None = None, prompt: str | None = None) -> Job:
        """A new job from an old one's prompt (or another), on the same or another flow."""
        old = await self._store.get(job_id)
        if old is None:
            raise JobNotFound(job_id)
        new = NewJob(
            prompt=prompt if prompt is not None else old.prompt,
            flow=flow or old.flow,
            priority=old.priority,
            tags=old.tags,
            metadata=old.metadata,
            result_schema=old.result_schema,
            replay_of=old.id,
        )
        return (await self.submit(new)).job

    async def check_schema(self, schema: Mapping[str, Json]) -> str | None:
        """What is wrong with a ``resultSchema``, in words; ``None`` when it can be used."""
        return await self._examiners.check_schema(schema)

    async def examined(self, outcome: Outcome, job: Job) -> Outcome:
        """The outcome with its verdict, for whoever may have to report it more than once."""
        if not isinstance(outcome, Succeeded) or outcome.verdict is not None:
            return outcome
        stopped = outcome.usage is not None and outcome.usage.finish_reason in _STOPPED_EARLY
        verdict = await self._examiners.examine(outcome.result, job.result_schema, stopped=stopped)
        return replace(outcome, verdict=verdict)

    async def _with_verdict(self, signal: Signal, job: Job) -> Signal:
        """The signal with a verdict on the result it carries."""
        match signal:
            case Reported():
                return replace(signal, outcome=await self.examined(signal.outcome, job))
            case ResultAccepted():
                return replace(signal, verdict=await self._examiners.examine(signal.result, job.result_schema))
            case _:
                return signal


def _awaits_verdict(signal: Signal) -> bool:
    match signal:
        case Reported(outcome=Succeeded(verdict=None)) | ResultAccepted(verdict=None):
            return True
        case _:
            return False


def reported_error(words: str) -> JobError:
    """What a processor reports by a callback."""
    return JobError("processor_reported", words or "The processor reported an error without words.")
