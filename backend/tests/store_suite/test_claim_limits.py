"""Claims of a flow with a concurrency or a rate: neither is exceeded, and what frees a place lets another in."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.core.job import State
from job_processor.core.outcome import Accepted, Deferred, Succeeded
from job_processor.store.base import Claim, Query, Store
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


@pytest.mark.parametrize("concurrency", [1, 3, 7])
async def test_concurrency_is_never_exceeded_by_racing_claims(place: Place, store: Store, concurrency: int) -> None:
    rules = replace(RULES, concurrency=concurrency)
    for _ in range(40):
        await given.added(store)
    peers = [store, await place.open(), await place.open()]
    for _ in range(3):
        answers = await asyncio.gather(*(peers[n % 3].claim(Claim(rules, 4, f"w{n}")) for n in range(12)))
        jobs = [job for answer in answers for job in answer.jobs]
        in_flight = await store.list(Query(limit=100, states=frozenset({State.RUNNING, State.WAITING})))
        assert len(in_flight) <= concurrency
        for n, job in enumerate(jobs):
            outcome = Accepted(60_000) if n % 2 and len(jobs) > 1 else Succeeded("r")
            await given.moved(store, job, given.says(job, outcome), rules)


async def test_a_lane_fills_up_to_its_concurrency(store: Store) -> None:
    rules = replace(RULES, concurrency=3)
    for _ in range(10):
        await given.added(store)
    assert len((await given.claim(store, 2, rules)).jobs) == 2
    assert len((await given.claim(store, 10, rules)).jobs) == 1
    assert len((await given.claim(store, 10, rules)).jobs) == 0


async def test_waiting_jobs_take_up_the_lane_until_they_are_answered(store: Store) -> None:
    rules = replace(RULES, concurrency=1)
    await given.added(store)
    await given.added(store)
    job = await given.claimed(store, rules)
    job = await given.moved(store, job, given.says(job, Accepted(60_000)), rules)
    assert len((await given.claim(store, 1, rules)).jobs) == 0
    await given.moved(store, job, given.says(job, Succeeded("r")), rules)
    assert len((await given.claim(store, 1, rules)).jobs) == 1


@pytest.mark.parametrize("way", ["completed", "failed", "snoozed", "expired", "cancelled"])
async def test_every_way_out_of_flight_frees_the_lane(store: Store, clock: Clock, way: str) -> None:
    rules = replace(RULES, concurrency=1)
    await given.added(store)
    job = await given.claimed(store, rules)
    await given.added(store, "next", priority=5)
    assert len((await given.claim(store, 1, rules)).jobs) == 0
    if way == "expired":
        clock.forward(30_000)
    signals: dict[str, given.Signal] = {
        "completed": given.says(job, Succeeded("r")),
        "failed": given.says(job, given.Failed(given.JobError("x", "y"))),
        "snoozed": given.says(job, Deferred(clock.now(), "x", "y")),
        "expired": given.Expired(),
        "cancelled": given.Cancelled(),
    }
    await given.moved(store, job, signals[way], rules)
    [after] = (await given.claim(store, 5, rules)).jobs
    assert after.prompt == "next"


async def test_lowering_the_concurrency_holds_what_is_claimed_next(store: Store) -> None:
    """A deployment with a smaller limit counts what was claimed under the larger one, or under none."""
    for _ in range(10):
        await given.added(store)
    assert len((await given.claim(store, 4)).jobs) == 4
    assert len((await given.claim(store, 5, replace(RULES, concurrency=3))).jobs) == 0
    assert len((await given.claim(store, 5, replace(RULES, concurrency=6))).jobs) == 2
    assert len((await given.claim(store, 2)).jobs) == 2


async def test_a_lane_full_of_a_dead_workers_jobs_heals_when_their_leases_end(
    place: Place, store: Store, clock: Clock
) -> None:
    rules = replace(RULES, concurrency=2)
    for _ in range(4):
        await given.added(store)
    dead = (await given.claim(store, 2, rules)).jobs
    after = await place.crash(store)
    assert len((await given.claim(after, 2, rules)).jobs) == 0
    clock.forward(30_000)
    late = await after.overdue(10)
    assert {job.id for job in late} == {job.id for job in dead}
    for job in late:
        await given.moved(after, job, given.Expired(), rules)
    assert len((await given.claim(after, 4, rules)).jobs) == 2


async def test_a_rate_spreads_the_claims_over_time(store: Store, clock: Clock) -> None:
    rules = replace(RULES, rate_per_minute=60)
    for _ in range(5):
        await given.added(store)
    assert len((await given.claim(store, 5, rules)).jobs) == 1
    answer = await given.claim(store, 5, rules)
    assert len(answer.jobs) == 0
    assert answer.retry_at is not None
    assert clock.now() < answer.retry_at <= clock.now() + 1001
    clock.forward(500)
    assert len((await given.claim(store, 5, rules)).jobs) == 0
    clock.forward(500)
    assert len((await given.claim(store, 5, rules)).jobs) == 1


async def test_a_rate_is_never_exceeded_by_racing_claims(place: Place, store: Store, clock: Clock) -> None:
    rules = replace(RULES, rate_per_minute=600)
    for _ in range(40):
        await given.added(store)
    peers = [store, await place.open(), await place.open()]
    total = 0
    for _ in range(3):
        answers = await asyncio.gather(*(peers[n % 3].claim(Claim(rules, 3, f"w{n}")) for n in range(12)))
        total += sum(len(answer.jobs) for answer in answers)
        running = len(await store.list(Query(limit=100, states=frozenset({State.RUNNING}))))
        assert running == total
        clock.forward(300)
    # A bucket of one second's worth, full at the start, and what 600 ms brought.
    assert total <= 10 + 6


async def test_a_claim_of_nothing_uses_up_no_rate(store: Store) -> None:
    rules = replace(RULES, rate_per_minute=60)
    for _ in range(3):
        assert len((await given.claim(store, 5, rules)).jobs) == 0
    await given.added(store)
    assert len((await given.claim(store, 5, rules)).jobs) == 1
