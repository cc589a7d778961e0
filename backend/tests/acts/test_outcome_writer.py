"""What a processor said was paid for: it is kept until it is written, wherever and however long the store is away."""

import asyncio
from typing import Any

import pytest

from job_processor.acts.jobs import NewJob
from job_processor.acts.signals import Moved
from job_processor.core.job import AttemptEnd, JobError, State
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Cancelled, Expired, Failed, Succeeded, lane_closed
from job_processor.core.verdict import Verdict
from job_processor.results import Examiners
from job_processor.store.base import Query, Store
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.support.waiting import until_true
from tests.workers.processors import Doing, Held
from tests.workers.stage import RULES, Stage

AWAY = [50, 5_000, 60_000]
"""Milliseconds by the test's clock."""


async def succeed(dispatch: object) -> Succeeded:
    return Succeeded("paid for")


async def probe_of_a_troubled_lane(stage: Stage) -> str:
    """A job whose success opens the lane, so that there is something to write after it."""
    job = (await stage.acts.jobs.submit(NewJob("p"))).job
    await given.changed_lane(stage.real, "f", trouble=Trouble.OUTAGE, closed_until=stage.clock.now() - 1, strikes=1)
    return job.id


POINTS: dict[str, dict[str, Any]] = {
    "before the claim": {"verb": "claim"},
    "before the record": {"verb": "apply"},
    "the record's answer is lost": {"verb": "apply", "loses_answer": True},
    "only the record": {"verb": "apply", "only": True},
    "between record and lane": {"verb": "lanes"},
    "in the lane's read": {"verb": "lanes", "only": True},
    "in the lane's write": {"verb": "save_lane", "only": True},
    "the lane's write's answer is lost": {"verb": "save_lane", "loses_answer": True},
}


@pytest.mark.parametrize("ms", AWAY)
@pytest.mark.parametrize("point", POINTS)
async def test_a_success_is_written_wherever_the_store_is_away(place: Place, store: Store, point: str, ms: int) -> None:
    stage = Stage(store, place.clock, Doing(succeed))
    job_id = await probe_of_a_troubled_lane(stage)
    stage.fickle.arm(ms=ms, **POINTS[point])

    job = await stage.until_final(job_id)

    assert stage.fickle.refused
    assert stage.processor.seen == [(job_id, 1)]
    assert (job.state, job.result, job.attempt, len(job.attempts)) == (State.COMPLETED, "paid for", 1, 1)
    assert job.attempts[0].end is AttemptEnd.SUCCEEDED
    # Whatever was missed of the lane, the next job shows.
    place.clock.forward(ms)
    await stage.until_final((await stage.acts.jobs.submit(NewJob("next"))).job.id)
    assert (await given.lane_of(store, "f")).is_open


async def test_the_record_comes_before_the_lane(place: Place, store: Store) -> None:
    stage = Stage(store, place.clock, Doing(succeed))
    job_id = await probe_of_a_troubled_lane(stage)

    await stage.until_final(job_id)

    assert stage.fickle.calls.index("apply") < stage.fickle.calls.index("lanes")


@pytest.mark.parametrize("ms", AWAY)
@pytest.mark.parametrize("verb", ["lanes", "save_lane", "apply"])
async def test_a_refusal_costs_nothing_wherever_the_store_is_away(
    place: Place, store: Store, verb: str, ms: int
) -> None:
    said = lane_closed(Trouble.MISCONFIGURED, "403", None, Failed(JobError("http_403", "403")))
    answers = [said, Succeeded("r")]

    async def work(dispatch: object) -> Any:
        return answers.pop(0)

    stage = Stage(store, place.clock, Doing(work))
    job_id = (await stage.acts.jobs.submit(NewJob("p"))).job.id
    stage.fickle.arm(verb, ms)

    await stage.turn()
    await until_true(lambda: stage.dispatcher.running == 0, "the attempt to end")
    place.clock.forward(30_000)
    job = await stage.until_final(job_id)

    assert (job.state, job.result) == (State.COMPLETED, "r")
    assert (await given.lane_of(store, "f")).is_open


@pytest.mark.parametrize("ms", AWAY)
async def test_at_a_stop_it_is_tried_again_within_the_drain_time(place: Place, store: Store, ms: int) -> None:
    held = Held(Succeeded("paid for"))
    stage = Stage(store, place.clock, held)
    job_id = (await stage.acts.jobs.submit(NewJob("p"))).job.id
    stage.dispatcher.start()
    await until_true(lambda: (job_id, 1) in held.go)
    stage.fickle.arm("apply", ms)
    stopping = asyncio.create_task(stage.dispatcher.stop())
    held.let_go(job_id)
    await stopping

    job = await store.get(job_id)
    assert job is not None
    assert (job.state, job.result, job.attempt) == (State.COMPLETED, "paid for", 1)
    assert stage.fickle.refused


async def test_what_was_said_and_not_written_is_the_last_word_at_a_stop(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is back when the drain time is over: the job is not put back over its own result."""
    waits, never = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        waits.set()
        await never.wait()

    stage = Stage(store, place.clock, Doing(succeed))
    monkeypatch.setattr(stage.dispatcher, "_drain_seconds", 0.05)
    stage.dispatcher._pause = stage.dispatcher._writer._pause = pause
    job_id = (await stage.acts.jobs.submit(NewJob("p"))).job.id
    stage.fickle.arm("apply", 1_000)
    stage.dispatcher.start()
    await waits.wait()
    place.clock.forward(1_000)

    await stage.dispatcher.stop()

    job = await store.get(job_id)
    assert job is not None
    assert (job.state, job.attempt) == (State.COMPLETED, 1)


class Waiting:
    """A stage whose outcome waits to be written, until the test says."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.waits, self.go = asyncio.Event(), asyncio.Event()
        stage.dispatcher._pause = stage.dispatcher._writer._pause = self._pause

    async def _pause(self, seconds: float) -> None:
        self.waits.set()
        await self.go.wait()
        await asyncio.sleep(0)

    async def begin(self, job_id: str) -> None:
        self.stage.fickle.arm("apply", 1_000)
        await self.stage.turn()
        await self.waits.wait()

    async def end(self) -> None:
        self.stage.clock.forward(1_000)
        self.go.set()
        await until_true(lambda: self.stage.dispatcher.running == 0, "the attempt to end")


async def test_an_unwritten_outcome_keeps_its_lease_and_its_slot_and_nothing_is_claimed_before_it(
    place: Place, store: Store
) -> None:
    waiting = Waiting(Stage(store, place.clock, Doing(succeed)))
    dispatcher = waiting.stage.dispatcher
    job_id = (await waiting.stage.acts.jobs.submit(NewJob("p"))).job.id
    await waiting.begin(job_id)
    await given.added(store, "another", RULES)

    assert [one.job_id for one in dispatcher.held()] == [job_id]
    assert dispatcher.running == 1
    await dispatcher.tick()
    assert waiting.stage.processor.seen == [(job_id, 1)]

    await waiting.end()
    await dispatcher.tick()
    await until_true(lambda: len(waiting.stage.processor.seen) == 2)


@pytest.mark.parametrize("outcome", [Succeeded("paid for"), Failed(JobError("x", "y"), retryable=False)])
async def test_after_the_lease_is_gone_a_success_still_counts_and_a_failure_is_dropped(
    place: Place, store: Store, outcome: Succeeded | Failed
) -> None:
    async def work(dispatch: object) -> Succeeded | Failed:
        return outcome

    waiting = Waiting(Stage(store, place.clock, Doing(work)))
    new = NewJob("p", max_attempts=3)
    job_id = (await waiting.stage.acts.jobs.submit(new)).job.id
    await waiting.begin(job_id)
    place.clock.forward(31_000)
    await given.moved(store, await given.stored(store, job_id), Expired(), RULES)
    waiting.stage.dispatcher.abandon(job_id)

    await waiting.end()

    job = await given.stored(store, job_id)
    if isinstance(outcome, Succeeded):
        assert (job.state, job.result, job.attempt) == (State.COMPLETED, "paid for", 1)
    else:
        assert (job.state, job.failures, job.attempts[0].end) == (State.PENDING, 1, AttemptEnd.LOST)


async def test_one_of_many_outcomes_asks_for_all_whether_the_store_is_back(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was away is not met by a storm, and what is examined already is not examined at each try."""
    jobs, tries = 40, 30
    stage = Stage(store, place.clock, Doing(succeed))
    examine, examined = Examiners.examine, list[str]()

    async def counted(self: Examiners, raw: str, *args: Any, **named: Any) -> Verdict:
        examined.append(raw)
        return await examine(self, raw, *args, **named)

    monkeypatch.setattr(Examiners, "examine", counted)
    for _ in range(jobs):
        await stage.acts.jobs.submit(NewJob("p"))
    stage.fickle.arm("apply", tries * 1_000)

    await stage.turn()
    await until_true(lambda: stage.dispatcher.running == 0, "the attempts to end")

    assert {one.job.state for one in await store.list(Query(limit=jobs))} == {State.COMPLETED}
    # Each tries when it is said and when the store is back; between the two one tries, a few times faster at first.
    assert tries < stage.fickle.calls.count("apply") <= 2 * jobs + tries + 10
    assert len(examined) <= 2 * jobs


async def test_a_job_that_is_gone_ends_the_wait(place: Place, store: Store) -> None:
    waiting = Waiting(Stage(store, place.clock, Doing(succeed)))
    job_id = (await waiting.stage.acts.jobs.submit(NewJob("p"))).job.id
    await waiting.begin(job_id)
    await given.moved(store, await given.stored(store, job_id), Cancelled(), RULES)
    assert await store.delete(job_id)

    await waiting.end()

    assert await store.get(job_id) is None


async def test_another_error_than_an_absent_store_costs_no_outcome_either(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(store, place.clock, Doing(succeed))
    job_id = (await stage.acts.jobs.submit(NewJob("p"))).job.id
    signal = stage.acts.signals.send
    faults = 0

    async def breaks_three_times(*args: Any, **named: Any) -> Moved:
        nonlocal faults
        if faults < 3:
            faults += 1
            raise MemoryError
        return await signal(*args, **named)

    monkeypatch.setattr(stage.acts.signals, "send", breaks_three_times)
    job = await stage.until_final(job_id)

    assert faults == 3
    assert (job.state, job.result, job.attempt) == (State.COMPLETED, "paid for", 1)
