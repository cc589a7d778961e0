"""prune: final jobs past their time, and never any other."""

import asyncio

from job_processor.core.job import JobError, State
from job_processor.core.outcome import Accepted, Deferred, Failed
from job_processor.store.base import Phrase, Query, Store
from tests.store_suite import given
from tests.store_suite.places import Clock


async def test_what_finished_before_then_goes_and_what_finished_then_stays(store: Store, clock: Clock) -> None:
    old = [await given.completed(store), await given.failed(store), await given.cancelled(store)]
    clock.forward(10)
    new = await given.completed(store)
    assert await store.prune(clock.now(), 100) == 3
    assert await given.ids_of(store) == [new.id]
    assert [await store.get(job.id) for job in old] == [None] * 3


async def test_no_more_than_the_limit_and_the_oldest_first(store: Store, clock: Clock) -> None:
    jobs = []
    for _ in range(5):
        jobs.append(await given.cancelled(store))
        clock.forward(10)
    assert await store.prune(clock.now(), 2) == 2
    assert await given.ids_of(store) == [job.id for job in reversed(jobs[2:])]
    assert await store.prune(clock.now(), 100) == 3
    assert await store.prune(clock.now(), 100) == 0


async def test_a_job_that_is_not_final_is_never_pruned_however_old(store: Store, clock: Clock) -> None:
    await given.added(store, "running")
    await given.claimed(store)
    await given.added(store, "waiting")
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Accepted(1000)))
    await given.added(store, "snoozed")
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Deferred(clock.now(), "x", "y")))
    await given.added(store, "failed once")
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Failed(JobError("x", "y"))))
    retried = await given.moved(store, await given.cancelled(store), given.Retried(1))
    await given.added(store, "future", run_at=clock.now() + 10)
    before = await given.ids_of(store)
    clock.forward(10**11)
    assert await store.prune(clock.now() + 1, 100) == 0
    assert await given.ids_of(store) == before
    assert retried.id in before


async def test_a_retry_and_a_prune_of_one_job_do_not_both_land(store: Store, clock: Clock) -> None:
    for _ in range(10):
        job = await given.cancelled(store)
        clock.forward(10)
        retry = given.decided(job, given.Retried(1), store.now())
        written, pruned = await asyncio.gather(store.apply(retry), store.prune(clock.now(), 10))
        assert written + pruned == 1
        left = await store.list(Query(states=frozenset({State.PENDING})))
        assert len(left) == int(written)
        if written:
            await given.moved(store, retry.job, given.Cancelled("tidy up"))
            clock.forward(10)
            assert await store.prune(clock.now(), 10) == 1


async def test_what_is_pruned_leaves_nothing_that_a_search_finds(store: Store, clock: Clock) -> None:
    await given.completed(store, "needle", "needle")
    clock.forward(1)
    await store.prune(clock.now(), 10)
    assert await given.ids_of(store, Query(phrases=(Phrase("needle"),))) == []
    assert (await store.counts()).by_state == {}
