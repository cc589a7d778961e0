"""Short words for what a test is given: jobs, claims, and moves through the one door (decide, then apply)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict, Unpack

from msgspec import structs

from job_processor.core.claiming import claim as claim_job
from job_processor.core.cost import NO_PRICES, Prices
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, JobError, Json, Lease
from job_processor.core.lane import Lane
from job_processor.core.outcome import Cancelled, Expired, Failed, Outcome, Reported, Retried, Signal, Succeeded
from job_processor.core.transitions import Change, decide, submit
from job_processor.store.base import Claim, Claimed, IdempotencyKey, Notice, Query, Resync, Store

RULES = FlowRules("f", max_attempts=3, lease_seconds=30, backoff_base_seconds=2)


class _Ids:
    """Ids as one process makes them; where a test's clock begins anew, those of another process."""

    def __init__(self) -> None:
        self._seed = 0x123456789ABC
        self._factory = IdFactory(self._seed)
        self._last = 0

    def begin_anew(self) -> None:
        self._seed += 1
        self._factory = IdFactory(self._seed)

    def new(self, now: int) -> str:
        if now < self._last - 60_000:
            self.begin_anew()
        self._last = now
        return self._factory.new(now)


_ids = _Ids()


def begin_anew() -> None:
    """Ids of another process, which know nothing of the clocks of the tests before."""
    _ids.begin_anew()


def new_id(now: int) -> str:
    return _ids.new(now)


class Wanted(TypedDict, total=False):
    run_at: int
    priority: int
    max_attempts: int
    deadline: int
    tags: tuple[str, ...]
    metadata: Mapping[str, Json]
    result_schema: Mapping[str, Json]
    replay_of: str


def a_job(now: int, prompt: str = "p", rules: FlowRules = RULES, **wanted: Unpack[Wanted]) -> Job:
    return submit(job_id=_ids.new(now), prompt=prompt, rules=rules, now=now, **wanted)


async def added(
    store: Store,
    prompt: str = "p",
    rules: FlowRules = RULES,
    key: IdempotencyKey | None = None,
    key_of: str | None = None,
    **wanted: Unpack[Wanted],
) -> Job:
    """``key``: of the submission; ``key_of``: the job's own."""
    made = await store.add(structs.replace(a_job(store.now(), prompt, rules, **wanted), key=key_of), key)
    assert made.created
    return made.job


async def claim(store: Store, limit: int = 1, rules: FlowRules = RULES, owner: str = "w1") -> Claimed:
    return await store.claim(Claim(rules, limit, owner))


async def claimed(store: Store, rules: FlowRules = RULES, owner: str = "w1") -> Job:
    """The one job that is there to be claimed."""
    [job] = (await claim(store, 1, rules, owner)).jobs
    return job


def decided(
    job: Job, signal: Signal, now: int, rules: FlowRules = RULES, prices: Mapping[str, Prices] = NO_PRICES
) -> Change:
    """``prices``: of the flows that the job fell back to."""
    change = decide(job, signal, now, rules, 0.5, prices)
    assert change is not None
    return change


def running(job: Job, now: int) -> Job:
    """The job as a worker holds it, without a store."""
    return claim_job(job, Lease(job.id, "w1", now + 30_000), now)


async def stored(store: Store, job_id: str) -> Job:
    job = await store.get(job_id)
    assert job is not None
    return job


async def moved(store: Store, job: Job, signal: Signal, rules: FlowRules = RULES) -> Job:
    """The job after a move that must land."""
    change = decided(job, signal, store.now(), rules)
    assert await store.apply(change)
    return change.job


def token_of(job: Job) -> str:
    assert job.lease is not None
    return job.lease.token


def says(job: Job, outcome: Outcome) -> Reported:
    """The word of the worker that holds the job."""
    assert job.lease is not None
    return Reported(outcome, token=job.lease.token)


async def completed(store: Store, prompt: str = "p", result: str = "r", rules: FlowRules = RULES) -> Job:
    """A job that went all the way. Nothing else may be due in its flow."""
    made = await added(store, prompt, rules)
    job = await claimed(store, rules)
    assert job.id == made.id
    return await moved(store, job, says(job, Succeeded(result)), rules)


async def failed(store: Store, rules: FlowRules = RULES) -> Job:
    await added(store, "p", rules)
    job = await claimed(store, rules)
    return await moved(store, job, says(job, Failed(JobError("bad", "bad"), retryable=False)), rules)


async def cancelled(store: Store, rules: FlowRules = RULES) -> Job:
    return await moved(store, await added(store, "p", rules), Cancelled("no"), rules)


async def ids_of(store: Store, query: Query | None = None) -> list[str]:
    return [one.id for one in await store.list(query or Query())]


async def jobs_of(store: Store, query: Query | None = None) -> list[Job]:
    """The whole jobs of a list."""
    found = [await store.get(one.id) for one in await store.list(query or Query())]
    return [job for job in found if job is not None]


async def changed_lane(store: Store, flow: str, **changes: object) -> Lane:
    """The lane after a change that must land."""
    lane = replace(await lane_of(store, flow), **changes)  # type: ignore[arg-type]  # fields by name
    assert await store.save_lane(lane)
    return await lane_of(store, flow)


async def lane_of(store: Store, flow: str) -> Lane:
    return next((lane for lane in await store.lanes() if lane.flow == flow), Lane(flow))


async def position(store: Store) -> int:
    """Where notices are now: what a store answers to somebody who claims to know the future."""
    answer = await store.since(2**62, 1)
    assert isinstance(answer, Resync)
    return answer.position


async def notices(store: Store, after: int, limit: int = 1000) -> Sequence[Notice]:
    answer = await store.since(after, limit)
    assert not isinstance(answer, Resync)
    return answer


__all__ = [
    "Cancelled",
    "Expired",
    "Failed",
    "Job",
    "JobError",
    "Outcome",
    "Reported",
    "Retried",
    "RULES",
    "Signal",
    "a_job",
    "added",
    "cancelled",
    "changed_lane",
    "claim",
    "claimed",
    "completed",
    "decided",
    "failed",
    "ids_of",
    "lane_of",
    "moved",
    "notices",
    "position",
    "running",
    "says",
    "stored",
    "token_of",
]
