"""lanes and put_lane: a flow's lane is kept, changed by compare-and-set, and obeyed by claims."""

import asyncio
from dataclasses import replace

from job_processor.core.lane import Lane, Trouble, answered, close
from job_processor.core.outcome import Deferred, Succeeded
from job_processor.store.base import Claim, Store
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


async def test_a_lane_is_kept_with_every_field(store: Store) -> None:
    lane = Lane("f", 0, Trouble.OUTAGE, "det\0ail", 1, 2, 3, 4, True, 0.5, 5)
    assert await store.put_lane(lane)
    assert await given.lane_of(store, "f") == replace(lane, rev=1)


async def test_a_lane_outlives_a_crash(place: Place, store: Store) -> None:
    await given.changed_lane(store, "f", paused=True)
    after = await place.crash(store)
    assert (await given.lane_of(after, "f")).paused


async def test_a_write_under_an_old_rev_is_lost(store: Store) -> None:
    first = Lane("f")
    assert await store.put_lane(replace(first, paused=True))
    assert not await store.put_lane(replace(first, detail="old"))
    assert not await store.put_lane(replace(first, rev=7))
    assert await given.lane_of(store, "f") == replace(first, rev=1, paused=True)


async def test_of_many_writes_under_one_rev_one_lands(place: Place, store: Store) -> None:
    other = await place.open()
    for rev in range(3):
        lanes = [Lane("f", rev, detail=f"{n}") for n in range(20)]
        landed = await asyncio.gather(*((store if n % 2 else other).put_lane(lane) for n, lane in enumerate(lanes)))
        assert sum(landed) == 1
        assert await given.lane_of(store, "f") == replace(lanes[landed.index(True)], rev=rev + 1)


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
    assert await store.put_lane(shut)
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
    assert (list(again.jobs), again.retry_at) == ([], lane.probing_until)
    assert await store.put_lane(answered(lane))
    assert len((await given.claim(store, 5)).jobs) == 4


async def test_of_racing_claims_one_gets_the_probe(place: Place, store: Store, clock: Clock) -> None:
    for _ in range(10):
        await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    peers = [store, await place.open(), await place.open()]
    answers = await asyncio.gather(*(peers[n % 3].claim(Claim(RULES, 3, f"w{n}")) for n in range(9)))
    assert sum(len(answer.jobs) for answer in answers) == 1


async def test_a_probe_that_nobody_answers_gives_way_to_the_next(store: Store, clock: Clock) -> None:
    await given.added(store)
    await _closed(store, clock.now() + 5000)
    clock.forward(5000)
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Deferred(clock.now(), "x", "y")))
    lane = await given.lane_of(store, "f")
    assert lane.probing_until is not None
    assert len((await given.claim(store, 1)).jobs) == 0
    clock.forward(lane.probing_until - clock.now())
    assert len((await given.claim(store, 1)).jobs) == 1


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
            if await store.put_lane(replace(await given.lane_of(store, "f"), paused=True)):
                return
        raise AssertionError("a hundred tries and never the first")

    async def work() -> None:
        for _ in range(10):
            for job in (await other.claim(Claim(rules, 2, "w"))).jobs:
                await given.moved(other, job, given.says(job, Succeeded("r")), rules)

    await asyncio.gather(work(), pause(), work())
    assert (await given.lane_of(store, "f")).paused
    assert len((await given.claim(store, 5, rules)).jobs) == 0
