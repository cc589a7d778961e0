"""counts: by flow and state, and how long the oldest due job of a flow has waited."""

import asyncio

from job_processor.core.flow import FlowRules
from job_processor.core.job import State
from job_processor.core.outcome import Accepted, Succeeded
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

G = FlowRules("g")


async def test_an_empty_store_counts_nothing(store: Store) -> None:
    counts = await store.counts()
    assert (counts.by_state, counts.oldest_due) == ({}, {})


async def test_every_job_is_counted_where_it_stands(store: Store) -> None:
    await given.completed(store)
    await given.completed(store)
    await given.failed(store)
    await given.cancelled(store)
    await given.added(store)
    waiting = await given.claimed(store)
    await given.moved(store, waiting, given.says(waiting, Accepted(1000)))
    await given.added(store)
    await given.claimed(store)
    await given.added(store, rules=G)
    assert (await store.counts()).by_state == {
        ("f", State.COMPLETED): 2,
        ("f", State.FAILED): 1,
        ("f", State.CANCELLED): 1,
        ("f", State.WAITING): 1,
        ("f", State.RUNNING): 1,
        ("g", State.PENDING): 1,
    }


async def test_deleted_jobs_are_counted_no_more(store: Store) -> None:
    job = await given.cancelled(store)
    await store.delete(job.id)
    assert (await store.counts()).by_state == {}


async def test_counts_outlive_a_crash(place: Place, store: Store) -> None:
    await given.completed(store)
    await given.added(store)
    before = await store.counts()
    after = await place.crash(store)
    assert await after.counts() == before


async def test_counts_are_right_after_races(store: Store) -> None:
    await asyncio.gather(*(given.added(store) for _ in range(20)))
    # Five times three at the most: some stay PENDING.
    claims = await asyncio.gather(*(given.claim(store, 3, owner=f"w{n}") for n in range(5)))
    jobs = [job for one in claims for job in one.jobs]
    success = [given.decided(job, given.says(job, Succeeded("r")), store.now()) for job in jobs]
    # Each outcome is sent twice; one of the two lands.
    written = await asyncio.gather(*(store.apply(change) for change in (*success, *success)))
    assert sum(written) == len(jobs)
    assert (await store.counts()).by_state == {
        ("f", State.COMPLETED): len(jobs),
        ("f", State.PENDING): 20 - len(jobs),
    }


async def test_the_oldest_due_job_is_the_one_that_waits_longest_whatever_its_priority(
    store: Store, clock: Clock
) -> None:
    first = await given.added(store, priority=0)
    clock.forward(1000)
    await given.added(store, priority=9)
    await given.added(store, priority=-9)
    other = await given.added(store, rules=G)
    assert (await store.counts()).oldest_due == {"f": first.run_at, "g": other.run_at}


async def test_a_future_job_is_not_due_until_its_time_has_come(store: Store, clock: Clock) -> None:
    job = await given.added(store, run_at=clock.now() + 1000)
    assert (await store.counts()).oldest_due == {}
    clock.forward(1000)
    # Nobody has claimed anything meanwhile: being due is a matter of time alone.
    assert (await store.counts()).oldest_due == {"f": job.run_at}


async def test_a_job_in_hand_is_not_due(store: Store) -> None:
    await given.added(store)
    await given.claimed(store)
    assert (await store.counts()).oldest_due == {}
