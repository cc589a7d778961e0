"""claim: jobs of a flow that is closed go to another flow's processor, under that flow's limits."""

from dataclasses import replace

from job_processor.core.cost import Prices
from job_processor.core.ids import IdFactory
from job_processor.core.job import Usage
from job_processor.core.outcome import Accepted, Asking, Succeeded
from job_processor.core.series import DAY, start_of
from job_processor.core.transitions import submit
from job_processor.store.base import KeysQuery, SeriesQuery, Store, WaitingQuery
from tests.store_suite import given
from tests.store_suite.fallbacks import F, G, H, ended, fallen, many, opened, shut
from tests.store_suite.places import Clock, Place


async def test_the_job_of_a_closed_flow_is_handed_to_the_next_one(store: Store) -> None:
    [made] = await many(store, 1)
    assert not (await fallen(store)).jobs, "f is open"
    await shut(store)
    assert not (await given.claim(store, 1, F)).jobs
    assert not (await given.claim(store, 1, G)).jobs, "g claims its own jobs only"
    [job] = (await fallen(store)).jobs
    assert (job.id, job.flow, job.via(), job.attempts[-1].flow) == (made.id, "f", "g", "g")
    assert job == await given.stored(store, made.id)
    await ended(store, job)
    assert (await given.stored(store, made.id)).answered_by == "g"


async def test_not_before_its_time_and_back_when_the_lane_opens(store: Store, clock: Clock) -> None:
    await many(store, 3)
    await shut(store, ago=59_000)
    assert not (await fallen(store)).jobs
    clock.forward(1_000)
    assert len((await fallen(store)).jobs) == 1
    await opened(store)
    assert not (await fallen(store)).jobs
    assert len((await given.claim(store, 5, F)).jobs) == 2


async def test_a_flow_that_a_person_paused_keeps_its_jobs(store: Store) -> None:
    await many(store, 1)
    await shut(store)
    await given.changed_lane(store, "f", paused=True)
    assert not (await fallen(store)).jobs


async def test_the_second_takes_them_when_the_first_cannot(store: Store) -> None:
    await many(store, 3)
    await shut(store)
    assert not (await fallen(store, H)).jobs
    await given.changed_lane(store, "g", paused=True)
    assert not (await fallen(store, G)).jobs
    assert len((await fallen(store, H)).jobs) == 1
    await given.changed_lane(store, "g", paused=False)
    await shut(store, "g", ago=0)
    assert not (await fallen(store, G)).jobs
    assert len((await fallen(store, H)).jobs) == 1


async def test_a_budget_that_is_used_up_is_a_closed_lane(store: Store, clock: Clock) -> None:
    f, g = replace(F, budget_per_day=100), replace(G, budget_per_day=100)
    day = start_of(DAY, clock.now())
    await many(store, 4)
    assert not (await fallen(store, of=f)).jobs
    await given.changed_lane(store, "f", spent=100, spent_on=day)
    assert not (await given.claim(store, 1, f)).jobs
    assert not (await fallen(store, H, of=f, first=g)).jobs
    assert len((await fallen(store, g, of=f)).jobs) == 1
    await given.changed_lane(store, "g", spent=100, spent_on=day)
    assert not (await fallen(store, g, of=f)).jobs
    assert len((await fallen(store, H, of=f, first=g)).jobs) == 1
    clock.forward(day + DAY - clock.now())
    assert not (await fallen(store, g, of=f)).jobs
    assert len((await given.claim(store, 5, f)).jobs) == 2


async def test_the_lane_of_an_answer_is_that_of_the_flow_that_asked(store: Store) -> None:
    await given.changed_lane(store, "h", detail="x", errors=2)
    assert (await fallen(store, H)).lane.errors == 2, "f is open"
    await shut(store)
    assert (await fallen(store, H)).lane.errors == 2, "g comes first"


async def test_what_an_attempt_used_is_of_the_flow_that_had_it(store: Store, clock: Clock) -> None:
    """The end of the job is of its own flow, and so is what its key used: who sees only the other sees no key of it."""
    f, theirs = replace(F, prices=Prices(1_000_000, 0)), {"g": Prices(5_000_000, 0)}
    await given.added(store, rules=f, key_of="k")
    await shut(store)
    [job] = (await fallen(store, of=f)).jobs
    change = given.decided(job, given.says(job, Succeeded("r", usage=Usage(3, 1))), store.now(), f, theirs)
    assert await store.apply(change)
    assert (await given.stored(store, job.id)).cost_micros == 15
    await store.roll_up_series(100)
    day = start_of(DAY, clock.now())
    found = (await store.series(SeriesQuery(DAY, day, day + DAY, DAY))).flows
    assert {
        flow: (one.completed, one.prompt_tokens, one.completion_tokens, one.cost) for flow, one in found.items()
    } == {
        "f": (1, 0, 0, 0),
        "g": (0, 3, 1, 15),
    }
    for flows, cost in ((frozenset({"f"}), 15), (frozenset({"g"}), None)):
        keys = dict(await store.series_of_keys(KeysQuery(day, day + DAY, 9, flows)))
        assert (keys["k"].cost if keys else None) == cost


async def test_the_probe_of_the_own_lane_comes_before(store: Store, clock: Clock) -> None:
    [first, _] = await many(store, 2)
    await shut(store, wait=1_000)
    clock.forward(1_000)
    assert not (await fallen(store)).jobs
    [probe] = (await given.claim(store, 5, F)).jobs
    assert (probe.id, probe.via()) == (first.id, None)
    assert len((await fallen(store)).jobs) == 1, "meanwhile the others go on"


async def test_a_fallback_flow_without_jobs_of_its_own_is_probed_by_those_it_takes(store: Store, clock: Clock) -> None:
    await many(store, 3)
    await shut(store)
    await shut(store, "g", wait=1_000)
    clock.forward(1_000)
    answer = await fallen(store, limit=5)
    [job] = answer.jobs
    assert answer.lane.probe == given.token_of(job)
    assert not (await fallen(store, limit=5)).jobs, "one probe"


async def test_priority_comes_first_and_keys_take_turns(store: Store) -> None:
    ids = IdFactory(78)
    for key, priority in (("a", 0), ("a", 0), ("b", 0), ("a", 5), ("c", 1)):
        now = store.now()
        await store.add(submit(job_id=ids.new(now), prompt="p", rules=F, now=now, key=key, priority=priority))
    await shut(store)
    found = [job for _ in range(5) for job in (await fallen(store)).jobs]
    assert [(job.priority, job.key) for job in found[:2]] == [(5, "a"), (1, "c")]
    assert {job.key for job in found[2:4]} == {"a", "b"}


async def test_a_job_past_its_deadline_does_not_fall_back(store: Store, clock: Clock) -> None:
    await given.added(store, rules=F, deadline=clock.now() + 10)
    await shut(store)
    clock.forward(10)
    assert not (await fallen(store)).jobs


async def test_a_job_that_comes_due_falls_back(store: Store, clock: Clock) -> None:
    await given.added(store, rules=F, run_at=clock.now() + 500)
    await shut(store)
    assert not (await fallen(store)).jobs
    clock.forward(500)
    assert len((await fallen(store)).jobs) == 1


async def test_its_processor_is_asked_about_it(store: Store, clock: Clock) -> None:
    """The flow whose processor has the attempt asks about it, and knows its execution id."""
    await many(store, 2)
    [own] = (await given.claim(store, 1, F)).jobs
    await shut(store)
    [job] = (await fallen(store)).jobs
    for one in (own, job):
        await given.moved(store, one, given.says(one, Accepted(60_000, f"run-{one.id}")))
    assert await store.find_execution(f"run-{job.id}", frozenset({"g"})) == job.id
    assert await store.find_execution(f"run-{job.id}", frozenset({"f"})) is None
    assert await store.find_execution(f"run-{own.id}", frozenset({"f"})) == own.id
    assert await store.find_execution(f"run-{job.id}") == job.id
    clock.forward(60_000)
    for flow, mine, other in (("f", own, job), ("g", job, own)):
        assert [one.id for one in await store.list_waiting(WaitingQuery(flow, 9))] == [mine.id]
        assert [one.id for one in await store.overdue(9, frozenset({flow}))] == [other.id]
        lost = WaitingQuery(flow, 9, lost_before=clock.now(), oldest=True)
        assert [one.id for one in await store.list_waiting(lost)] == [mine.id]
    job = await given.stored(store, job.id)
    assert job.via() == "g"
    await given.moved(store, job, Asking(1, given.token_of(job)))


async def test_counts_tell_what_fell_back(store: Store) -> None:
    await many(store, 4)
    await given.claim(store, 1, F)
    await shut(store)
    [job, _] = (await fallen(store, limit=2)).jobs
    assert (await store.counts()).fallen_back == {("f", "g"): 2}
    await ended(store, job)
    assert (await store.counts()).fallen_back == {("f", "g"): 1}


async def test_a_crash_forgets_nothing_of_it(place: Place, store: Store) -> None:
    g = replace(G, concurrency=1)
    await many(store, 2)
    await shut(store)
    [job] = (await fallen(store, g)).jobs
    store = await place.crash(store)
    assert (await given.stored(store, job.id)).via() == "g"
    assert not (await fallen(store, g)).jobs
    assert (await store.counts()).fallen_back == {("f", "g"): 1}
