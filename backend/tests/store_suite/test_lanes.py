"""lanes and put_lane: a flow's lane is kept, changed by compare-and-set, and obeyed by claims."""

import asyncio
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from job_processor.core.job import Job
from job_processor.core.lane import Lane, Trouble, close, reopen
from job_processor.core.model_tokens import ModelTokens
from job_processor.core.outcome import Accepted, Deferred, Succeeded
from job_processor.store.base import Claim, Held, Store
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


async def test_a_lane_is_kept_with_every_field(store: Store) -> None:
    lane = Lane(
        "f",
        0,
        Trouble.OUTAGE,
        "det\0ail",
        1,
        "t",
        "j",
        "k",
        3,
        4,
        True,
        0.5,
        5,
        6,
        "a",
        True,
        7,
        "b",
        (("g", 9),),
        8,
        9,
        10,
        11,
        ModelTokens(-1.5, 12, (("g", 12.5),), True),
    )
    assert all(getattr(lane, one.name) != one.default for one in fields(Lane) if one.name not in ("flow", "rev"))
    assert await store.save_lane(lane)
    assert await given.lane_of(store, "f") == replace(lane, rev=1)


async def test_a_lane_outlives_a_crash(place: Place, store: Store) -> None:
    await given.changed_lane(store, "f", paused=True)
    after = await place.crash(store)
    assert (await given.lane_of(after, "f")).paused


async def test_a_write_under_an_old_rev_is_lost(store: Store) -> None:
    first = Lane("f")
    assert await store.save_lane(replace(first, paused=True))
    assert not await store.save_lane(replace(first, detail="old"))
    assert not await store.save_lane(replace(first, rev=7))
    assert await given.lane_of(store, "f") == replace(first, rev=1, paused=True)


async def test_of_many_writes_under_one_rev_one_lands(place: Place, store: Store) -> None:
    other = await place.open()
    for rev in range(3):
        lanes = [Lane("f", rev, detail=f"{n}") for n in range(20)]
        written = await asyncio.gather(*((store if n % 2 else other).save_lane(lane) for n, lane in enumerate(lanes)))
        assert sum(written) == 1
        assert await given.lane_of(store, "f") == replace(lanes[written.index(True)], rev=rev + 1)


async def test_lanes_do_not_touch_each_other(store: Store) -> None:
    await given.changed_lane(store, "f", paused=True)
    await given.changed_lane(store, "g", detail="g")
    assert [(lane.flow, lane.paused) for lane in await store.lanes()] == [("f", True), ("g", False)]


async def test_a_paused_lane_hands_over_nothing_until_it_goes_on(store: Store) -> None:
    await given.added(store)
    await given.changed_lane(store, "f", paused=True)
    answer = await given.claim(store, 5)
    assert (list(answer.jobs), answer.retry_at) == ([], None)
    await given.changed_lane(store, "f", paused=False)
    assert len((await given.claim(store, 5)).jobs) == 1


async def _closed(store: Store, until: int) -> Lane:
    shut = close(await given.lane_of(store, "f"), Trouble.RATE_LIMITED, "429", until, store.now(), 0.5)
    assert await store.save_lane(shut)
    return await given.lane_of(store, "f")


async def test_a_closed_lane_says_when_it_opens(store: Store, clock: Clock) -> None:
    await given.added(store)
    lane = await _closed(store, clock.now() + 5000)
    answer = await given.claim(store, 5)
    assert (list(answer.jobs), answer.retry_at) == ([], lane.closed_until)


async def test_after_a_trouble_one_probe_goes_first(store: Store, clock: Clock) -> None:
    for _ in range(5):
        await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    probe = await given.claim(store, 5)
    assert len(probe.jobs) == 1
    again = await given.claim(store, 5)
    lane = await given.lane_of(store, "f")
    assert (list(again.jobs), again.retry_at) == ([], None)
    assert lane.probe == given.token_of(probe.jobs[0])
    assert await store.save_lane(reopen(lane))
    assert len((await given.claim(store, 5)).jobs) == 4


async def test_of_racing_claims_one_gets_the_probe(place: Place, store: Store, clock: Clock) -> None:
    for _ in range(10):
        await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    peers = [store, await place.open(), await place.open()]
    answers = await asyncio.gather(*(peers[n % 3].claim(Claim(RULES, 3, f"w{n}")) for n in range(9)))
    assert sum(len(answer.jobs) for answer in answers) == 1


WAYS_OUT: dict[str, Callable[[Job], given.Signal]] = {
    "deferred": lambda job: given.says(job, Deferred(0, "x", "y")),
    "failed": lambda job: given.says(job, given.Failed(given.JobError("x", "y"))),
    "accepted": lambda job: given.says(job, Accepted(60_000)),
    "completed": lambda job: given.says(job, Succeeded("r")),
    "cancelled": lambda job: given.Cancelled(),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("concurrency", [None, 5])
async def test_a_probe_that_ends_in_any_way_frees_its_place_at_once(
    store: Store, clock: Clock, way: str, concurrency: int | None
) -> None:
    """Also if nobody writes the lane: whoever was to do that may have died."""
    rules = replace(RULES, concurrency=concurrency)
    await given.added(store)
    await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    job = await given.claimed(store, rules)
    assert len((await given.claim(store, 1, rules)).jobs) == 0
    await given.moved(store, job, WAYS_OUT[way](job), rules)
    assert [one.id != job.id for one in (await given.claim(store, 5, rules)).jobs] == [True]
    assert len((await given.claim(store, 5, rules)).jobs) == 0


async def test_a_probe_whose_lease_has_ended_gives_way_to_the_next(store: Store, clock: Clock) -> None:
    await given.added(store)
    await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    dead = await given.claimed(store)
    clock.forward(29_999)
    assert len((await given.claim(store, 1)).jobs) == 0
    clock.forward(1)
    assert (await given.claimed(store)).id != dead.id


async def test_a_renewed_probe_keeps_its_place(store: Store, clock: Clock) -> None:
    await given.added(store)
    await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    probe = await given.claimed(store)
    clock.forward(20_000)
    assert list(await store.extend([Held(probe.id, given.token_of(probe))], clock.now() + 30_000)) == []
    clock.forward(20_000)
    assert len((await given.claim(store, 1)).jobs) == 0


async def test_a_dead_workers_probe_is_freed(place: Place, store: Store, clock: Clock) -> None:
    """At once where the store knows that its process is gone; else with its lease."""
    await given.added(store)
    await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    dead = await given.claimed(store)
    after = await place.crash(store)
    if after.info.shared:
        assert len((await given.claim(after, 1)).jobs) == 0
        clock.forward(30_000)
    assert (await given.claimed(after)).id != dead.id


async def _probes(store: Store, clock: Clock, count: int) -> list[str]:
    """The prompts of this many probes, each of which is put back."""
    found = []
    for _ in range(count):
        await _closed(store, clock.now() + 5000)
        clock.forward(5000)
        job = await given.claimed(store)
        found.append(job.prompt)
        await given.moved(store, job, given.says(job, Deferred(0, "x", "y")))
    return found


async def test_the_next_probe_is_another_job_than_the_last_whatever_their_priority(store: Store, clock: Clock) -> None:
    await given.added(store, "high", priority=9)
    await given.added(store, "low", priority=-9)
    assert await _probes(store, clock, 4) == ["high", "low", "high", "low"]


async def test_a_job_that_nobody_tried_yet_is_probed_first(store: Store, clock: Clock) -> None:
    for n in range(3):
        await given.added(store, f"high {n}", priority=9)
    await given.added(store, "low")
    assert await _probes(store, clock, 5) == ["high 0", "high 1", "high 2", "low", "high 0"]
    await given.added(store, "new", priority=-9)
    assert await _probes(store, clock, 3) == ["new", "high 1", "high 2"]


async def test_the_only_job_is_probed_again_and_again(store: Store, clock: Clock) -> None:
    await given.added(store, "only")
    await given.added(store, "later", run_at=clock.now() + 10**7)
    assert await _probes(store, clock, 3) == ["only"] * 3


async def test_a_job_that_is_wanted_is_the_next_probe_once(store: Store, clock: Clock) -> None:
    wanted = await given.added(store, "wanted", priority=-9)
    for n in range(3):
        await given.added(store, f"{n}", priority=9)
    await given.changed_lane(store, "f", wanted=wanted.id)
    assert await _probes(store, clock, 3) == ["wanted", "0", "1"]
    assert (await given.lane_of(store, "f")).wanted is None


async def test_a_wanted_job_that_is_not_due_holds_nobody_up(store: Store, clock: Clock) -> None:
    wanted = await given.added(store, "wanted", run_at=clock.now() + 10**7)
    await given.added(store, "other")
    await given.changed_lane(store, "f", wanted=wanted.id)
    assert await _probes(store, clock, 1) == ["other"]


async def test_a_claim_says_when_the_lane_would_have_taken_a_job_and_there_was_none(store: Store, clock: Clock) -> None:
    rules = replace(RULES, concurrency=1)
    assert (await given.claim(store, 1, rules)).idle
    await given.added(store)
    await _closed(store, clock.now() + 5000)
    assert not (await given.claim(store, 1, rules)).idle
    clock.forward(5000)
    job = await given.claimed(store, rules)
    assert not (await given.claim(store, 1, rules)).idle
    await given.moved(store, job, given.says(job, Succeeded("r")), rules)
    assert (await given.claim(store, 1, rules)).idle


async def test_a_claim_of_nothing_uses_up_no_probe(store: Store, clock: Clock) -> None:
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    assert len((await given.claim(store, 5)).jobs) == 0
    await given.added(store)
    assert len((await given.claim(store, 5)).jobs) == 1


async def test_pausing_wins_against_busy_claims(place: Place, store: Store) -> None:
    """A person's word is not lost because workers write the same lane all the time."""
    rules = replace(RULES, rate_per_minute=60_000, concurrency=50)
    for _ in range(60):
        await given.added(store)
    other = await place.open()

    async def pause() -> None:
        for _ in range(100):
            if await store.save_lane(replace(await given.lane_of(store, "f"), paused=True)):
                return
        raise AssertionError("a hundred tries and never the first")

    async def work() -> None:
        for _ in range(10):
            for job in (await other.claim(Claim(rules, 2, "w"))).jobs:
                await given.moved(other, job, given.says(job, Succeeded("r")), rules)

    await asyncio.gather(work(), pause(), work())
    assert (await given.lane_of(store, "f")).paused
    assert len((await given.claim(store, 5, rules)).jobs) == 0
