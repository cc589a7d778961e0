"""open, close, ping, and what is left after a crash."""

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import AttemptEnd, State
from job_processor.core.outcome import Accepted
from job_processor.store.base import Query, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place


async def test_an_open_store_answers(store: Store, clock: Clock) -> None:
    await store.ping()
    assert store.now() == clock.now()
    assert store.info.kind in ("sqlite", "mongodb")
    assert store.info.detail


async def test_closing_twice_is_closing(store: Store) -> None:
    await store.close()
    await store.close()


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.add(given.a_job(0))
    with pytest.raises(StoreUnavailable):
        await store.get("0" * 24)


async def test_a_crash_loses_nothing_that_was_answered(place: Place, store: Store) -> None:
    done = await given.completed(store, "p" * 5000, "r" * 5000)
    failed = await given.failed(store)
    await given.added(store, "w")
    waiting = await given.claimed(store)
    waiting = await given.moved(store, waiting, given.says(waiting, Accepted(1000)))
    pending = await given.added(store, "x")
    after = await place.crash(store)
    for job in (done, failed, waiting, pending):
        assert await after.get(job.id) == job


async def test_a_job_in_a_dead_workers_hands_is_tried_again(place: Place, store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    after = await place.crash(store)
    if after.info.shared:
        # Other processes live on and the dead one cannot be told from a slow one: its lease must end first.
        assert list(await after.overdue(10)) == []
        clock.forward(30_000)
    [late] = await after.overdue(10)
    back = await given.moved(after, late, given.Expired())
    assert (back.state, back.failures, back.attempts[-1].end) == (State.PENDING, 1, AttemptEnd.LOST)
    clock.forward(back.run_at - clock.now())
    again = await given.claimed(after)
    assert (again.id, again.attempt) == (job.id, 2)


async def test_a_crash_leaves_promised_callbacks_as_they_were(place: Place, store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(90_000)))
    after = await place.crash(store)
    assert list(await after.overdue(10)) == []
    clock.forward(90_000)
    assert [one.id for one in await after.overdue(10)] == [job.id]


async def test_ten_crashes_in_a_row(place: Place, store: Store) -> None:
    jobs = []
    for n in range(10):
        jobs.append(await given.added(store, f"p{n}"))
        store = await place.crash(store)
    assert await given.ids_of(store, Query(limit=20)) == [job.id for job in reversed(jobs)]
