"""However an attempt ends, its slot is free and its lane is told at the least cost."""

import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs

from job_processor.acts.jobs import NewJob
from job_processor.core.evidence import CERTAIN_REFUSALS
from job_processor.core.job import JobError, State
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Cancelled, Failed, HandOver, Succeeded, lane_closed
from job_processor.processors.base import Dispatch
from job_processor.store.base import Claimed, Store
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.support.waiting import until_true
from tests.workers.processors import Doing, Held, saying
from tests.workers.stage import RULES, Stage

REFUSED = lane_closed(Trouble.OUTAGE, "No connection.")
FORBIDDEN = lane_closed(Trouble.MISCONFIGURED, "403", None, Failed(JobError("http_403", "403")))


async def test_an_attempt_that_is_cancelled_before_its_first_step_frees_its_slot(place: Place, store: Store) -> None:
    stage = Stage(store, place.clock, saying(Succeeded("r")))
    job = await given.added(store, "p", RULES)
    await stage.dispatcher.tick()
    stage.dispatcher.abandon(job.id)

    await until_true(lambda: stage.dispatcher.running == 0, "the slot to be free")

    assert stage.processor.seen == []
    assert stage.dispatcher.held() == []


async def test_an_unknown_error_is_logged_and_frees_the_slot(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object, **named: object) -> None:
        raise RuntimeError("a fault of our own")

    stage = Stage(store, place.clock, saying(Succeeded("r")))
    job = await given.added(store, "p", RULES)
    monkeypatch.setattr(stage.acts.signals, "send", broken)
    with capture_logs() as logs:
        await stage.dispatcher.tick()
        await until_true(lambda: stage.dispatcher.running == 0, "the slot to be free")

    [told] = [one for one in logs if one["log_level"] == "error"]
    assert (told["event"], told["job"]) == ("attempt_broken", job.id)


@pytest.mark.parametrize("said", [REFUSED, FORBIDDEN])
async def test_a_thousand_attempts_that_meet_one_trouble_write_the_lane_a_handful_of_times(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch, said: HandOver
) -> None:
    """B20: 19,810 compare-and-sets in the past."""
    count = 1_000
    stage = Stage(store, place.clock, saying(Succeeded("r")))
    jobs = [given.running(given.a_job(store.now(), rules=RULES), store.now()) for _ in range(count)]
    keeper = stage.dispatcher._lane
    await keeper.seen(Claimed(jobs, await given.lane_of(store, "f")))

    async def one(n: int) -> None:
        if said is REFUSED:
            await keeper.learn(jobs[n], said.lane)
        else:
            await keeper.judge(jobs[n], said)

    await asyncio.gather(*(one(n) for n in range(count)))

    calls = Counter(stage.fickle.calls)
    assert 1 <= calls["save_lane"] <= 3
    assert calls["lanes"] <= 3
    lane = await given.lane_of(store, "f")
    assert (lane.strikes, lane.trouble) == (1, said.lane.trouble if said.lane is not None else None)  # type: ignore[union-attr]  # closed


async def test_an_answer_costs_no_look_at_a_lane_that_is_well(place: Place, store: Store) -> None:
    stage = Stage(store, place.clock, saying(Succeeded("r")))
    for _ in range(20):
        await given.added(store, "p", RULES)
    await stage.dispatcher.tick()
    await until_true(lambda: stage.dispatcher.running == 0)

    assert stage.fickle.calls.count("apply") == 20
    assert not {"lanes", "save_lane"} & set(stage.fickle.calls)


@pytest.mark.parametrize("way", ["cancelled", "stopped"])
async def test_a_probe_that_a_person_or_a_stop_ends_makes_way_at_once(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """B11: the flow stood still for the dispatch time-out and 5 s."""
    held = Held()
    stage = Stage(store, place.clock, held)
    monkeypatch.setattr(stage.dispatcher, "_drain_seconds", 0.01)
    probe = await given.added(store, "probe", RULES)
    await given.added(store, "next", RULES)
    await given.changed_lane(store, "f", trouble=Trouble.OUTAGE, closed_until=store.now() - 1)
    stage.dispatcher.start()
    await until_true(lambda: (probe.id, 1) in held.go)

    if way == "cancelled":
        await given.moved(store, await given.stored(store, probe.id), Cancelled(), RULES)
        stage.dispatcher.abandon(probe.id)
        await until_true(lambda: stage.dispatcher.running == 0)
    await stage.dispatcher.stop()

    [job] = (await given.claim(store, 5, RULES)).jobs
    assert job.prompt == "next"


async def test_what_is_held_against_a_job_is_told_in_its_history(place: Place, store: Store) -> None:
    async def work(dispatch: Dispatch) -> HandOver | Succeeded:
        return FORBIDDEN if dispatch.prompt == "poison" else Succeeded("r")

    stage = Stage(store, place.clock, Doing(work))
    made = (await stage.acts.jobs.submit(NewJob("poison", max_attempts=1, priority=9))).job
    for _ in range(3):
        await given.added(store, "good", RULES)

    job = await stage.until_final(made.id, step_ms=500)

    assert (job.state, job.error) == (State.FAILED, JobError("http_403", "403"))
    told = [event.detail for event in job.history]
    assert told[-2:] == ["http_403: 403 Held against this job: others got through.", "no attempt is left of 1"]
    assert len([one for one in stage.processor.seen if one[0] == made.id]) == CERTAIN_REFUSALS
