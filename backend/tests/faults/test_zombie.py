"""A worker that was frozen past its lease wakes up and speaks: what it says is stale, and changes nothing wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from job_processor.acts import acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.jobs import NewJob
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Attempt, AttemptEnd, Job, JobError, State
from job_processor.core.outcome import Accepted, Failed, Outcome, Succeeded
from job_processor.processors.base import Dispatch
from job_processor.store.sqlite.store import SqliteStore
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.leases import LeaseRenewer
from job_processor.workers.reaper import Reaper
from tests.support.clock import Clock
from tests.support.waiting import until_true

RUNS = 60
RULES = FlowRules("f", max_attempts=5, lease_seconds=5, backoff_base_seconds=0, backoff_cap_seconds=1)


@dataclass
class Held:
    """A processor whose answer the test gives, when it wants to."""

    started: asyncio.Queue[Dispatch] = field(default_factory=asyncio.Queue)
    answers: dict[str, "asyncio.Future[Outcome]"] = field(default_factory=dict)
    sends_to: str = "the test"

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.answers[dispatch.job_id] = answer
        self.started.put_nowait(dispatch)
        return await answer

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        return None


class World:
    """One store, two workers, a reaper that looks when it is told to. No lease is renewed: that worker is frozen."""

    def __init__(self, store: SqliteStore, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.acts = acts_over(store, FlowTable({"f": RULES}, "f"), IdFactory(7), jitter=lambda: 0.0)
        self.processors = {"zombie": Held(), "other": Held()}
        self.workers = {name: self._worker(name, held) for name, held in self.processors.items()}
        self.reaper = Reaper(self.acts, store)

    def _worker(self, name: str, processor: Held) -> Dispatcher:
        return Dispatcher(
            acts=self.acts,
            store=self.store,
            rules=RULES,
            processor=processor,
            owner=name,
            callback_url="http://127.0.0.1/webhook/callback",
            callback_token=lambda job: "token",
        )

    async def taken_over(self) -> str:
        """A job that the zombie holds no longer: its lease ended, and the other worker has attempt 2."""
        job = (await self.acts.jobs.submit(NewJob("p"))).job
        await self._take("zombie")
        self.clock.forward(6_000)
        await self.reaper.tick()
        # Past the back-off of the lost attempt.
        self.clock.forward(2_000)
        await self._take("other")
        assert (await self.job(job.id)).attempt == 2
        return job.id

    async def _take(self, name: str) -> Dispatch:
        await self.workers[name].tick()
        async with asyncio.timeout(20):
            return await self.processors[name].started.get()

    async def says(self, name: str, job_id: str, outcome: Outcome) -> None:
        """The worker gets its answer, and has done with it what it can."""
        self.processors[name].answers[job_id].set_result(outcome)
        await until_true(lambda: not self.workers[name].running, "the worker to have done with it")

    async def job(self, job_id: str) -> Job:
        job = await self.store.get(job_id)
        assert job is not None
        return job


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = Clock()
    store = SqliteStore(tmp_path, now=clock.now)
    await store.open()
    yield World(store, clock)
    await store.close()


@pytest.mark.parametrize(
    "stale",
    [
        Failed(JobError("zombie", "too late"), retryable=True),
        Failed(JobError("zombie", "too late"), retryable=False),
        Accepted(60_000),
    ],
    ids=["retryable failure", "final failure", "accepted"],
)
async def test_what_a_stale_attempt_says_changes_nothing(world: World, stale: Outcome) -> None:
    for _ in range(RUNS):
        job_id = await world.taken_over()
        before = await world.job(job_id)

        await world.says("zombie", job_id, stale)

        assert await world.job(job_id) == before
        await world.says("other", job_id, Succeeded("right"))
        after = await world.job(job_id)
        assert (after.state, after.result) == (State.COMPLETED, "right")


async def test_a_stale_attempt_renews_nothing_and_is_given_up(world: World) -> None:
    renewer = LeaseRenewer(world.acts, world.workers["zombie"])
    for _ in range(RUNS):
        job_id = await world.taken_over()
        before = await world.job(job_id)

        await renewer.tick()

        assert await world.job(job_id) == before
        # The attempt is stopped: nobody wants its answer.
        await until_true(lambda: not world.workers["zombie"].running, "the attempt to be given up")
        await world.says("other", job_id, Succeeded("right"))
        assert (await world.job(job_id)).result == "right"


async def test_a_late_success_completes_an_open_job_once_and_the_newer_answer_changes_nothing(world: World) -> None:
    """Rule 2 of the life cycle: the work was done, and is not thrown away."""
    for _ in range(RUNS):
        job_id = await world.taken_over()

        await world.says("zombie", job_id, Succeeded("by the zombie"))
        first = await world.job(job_id)
        await world.says("other", job_id, Succeeded("by the other"))

        assert first.state is State.COMPLETED
        assert first.result == "by the zombie"
        assert [a.end for a in first.attempts] == [AttemptEnd.SUCCEEDED, AttemptEnd.SUPERSEDED]
        assert await world.job(job_id) == first


async def test_a_late_success_changes_nothing_that_is_final(world: World) -> None:
    for _ in range(RUNS):
        job_id = await world.taken_over()
        await world.says("other", job_id, Succeeded("right"))
        before = await world.job(job_id)

        await world.says("zombie", job_id, Succeeded("wrong"))

        assert await world.job(job_id) == before
