"""Jobs of which some are refused whatever happens, the workers that hand them over, and a clock that the test moves."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from job_processor.acts import Acts, acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.jobs import NewJob
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Attempt, Job, JobError
from job_processor.core.lane import Lane, Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, Outcome, Succeeded, lane_closed
from job_processor.processors.base import Dispatch
from job_processor.store.base import Query, Store
from job_processor.workers.dispatcher import Dispatcher
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

GOOD = "good"


def _refusal(code: str, trouble: Trouble, wait_ms: int | None = None) -> tuple[str, Trouble, int | None]:
    return code, trouble, wait_ms


POISONS: Mapping[str, tuple[str, Trouble, int | None]] = {
    "403": _refusal("http_403", Trouble.MISCONFIGURED),
    "404": _refusal("http_404", Trouble.MISCONFIGURED),
    "no proof": _refusal("no_proof", Trouble.MISCONFIGURED),
    "no proof, counted": _refusal("not_ours", Trouble.MISCONFIGURED),
    "402": _refusal("http_402", Trouble.OUT_OF_CREDIT),
    "429": _refusal("http_429", Trouble.RATE_LIMITED, 60_000),
    "429 without a time": _refusal("http_429", Trouble.RATE_LIMITED),
}


def words(kind: str) -> str:
    return f"It refused the job ({kind})."


def answer(kind: str, now: int) -> Outcome | HandOver:
    if kind == GOOD:
        return Succeeded("r")
    code, trouble, wait = POISONS[kind]
    until = None if wait is None else now + wait
    failed = Failed(JobError(code, words(kind)))
    if kind.endswith("counted"):
        return HandOver(failed, LaneClosed(trouble, words(kind), until))
    return lane_closed(trouble, words(kind), until, failed)


@dataclass(slots=True)
class Crowd:
    """``workers``: dispatchers, each over a store of its own where the driver shares data. The prompt is the kind."""

    stores: Sequence[Store]
    clock: Clock
    rules: FlowRules
    rng: random.Random
    acts: Acts
    workers: list[Dispatcher] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    """The job of each hand-over."""
    sick: str | None = None
    """What everybody is answered while the processor has a bad day."""
    checks_first: bool = False
    """Is what an attempt is answered settled when it is handed over, as by a key that is checked, and then works long?
    Otherwise when it is answered."""
    held: list[asyncio.Event] = field(default_factory=list)
    sends_to: str = "the test"

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        return None

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        self.handed.append(dispatch.job_id)
        go = asyncio.Event()
        self.held.append(go)
        first = self.sick
        await go.wait()
        return answer((first if self.checks_first else self.sick) or dispatch.prompt, self.clock.now())

    async def submit(self, kind: str, priority: int = 0, delay_ms: int | None = None) -> str:
        new = NewJob(kind, priority=priority, delay_ms=delay_ms)
        return (await self.acts.jobs.submit(new)).job.id

    async def jobs(self) -> list[Job]:
        return await given.jobs_of(self.stores[0], Query(limit=1_000))

    async def lane(self) -> Lane:
        return next(iter(await self.stores[0].lanes()), Lane(self.rules.name))

    @property
    def running(self) -> int:
        return sum(worker.running for worker in self.workers)

    async def step(self) -> None:
        """Workers claim, in any order; some of what is under way is answered, in any order; time goes on."""
        for worker in self.rng.sample(self.workers, len(self.workers)):
            await worker.tick()
        await self._all_held()
        if not self.held:
            await self._time_goes_on()
            return
        for _ in range(self.rng.randint(1, len(self.held))):
            self.clock.forward(self.rng.choice([0, 1, 7, 40]))
            await self.answer_one()

    async def answer_one(self) -> None:
        before = self.running
        self.held.pop(self.rng.randrange(len(self.held))).set()
        await _soon(lambda: self.running < before)

    async def _all_held(self) -> None:
        await _soon(lambda: len(self.held) == self.running)

    async def _time_goes_on(self) -> None:
        now = self.clock.now()
        lane = await self.lane()
        if lane.closed_until is not None and lane.closed_until > now:
            self.clock.forward(lane.closed_until - now)
            return
        later = [job.run_at - now for job in await self.jobs() if not job.is_final and job.run_at > now]
        self.clock.forward(min(later, default=1_000))


async def _soon(look: Callable[[], bool]) -> None:
    """Finer than ``until_true``: it is waited for thousands of times."""
    for _ in range(100_000):
        if look():
            return
        await asyncio.sleep(0.0002)
    raise AssertionError("what was to happen soon did not")


async def crowd(place: Place, rules: FlowRules, seed: int, workers: int) -> Crowd:
    stores = [await place.open() for _ in range(workers)]
    table = FlowTable({rules.name: rules}, rules.name)
    acts = acts_over(stores[0], table, IdFactory(seed), jitter=lambda: 0.5)
    made = Crowd(stores, place.clock, rules, random.Random(seed), acts)
    for n, store in enumerate(stores):
        made.workers.append(
            Dispatcher(
                acts=acts_over(store, table, IdFactory(seed), jitter=lambda: 0.5),
                store=store,
                rules=rules,
                processor=made,
                owner=f"w{n}",
                callback_url="http://127.0.0.1:1/webhook/callback",
                callback_token=lambda job: "token",
            )
        )
    return made
