"""overdue: what the reaper must look at, longest overdue first."""

from dataclasses import replace

from job_processor.core.job import State
from job_processor.core.outcome import Accepted, Asked, CallbackUnreadable
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.places import Clock


async def _overdue(store: Store, limit: int = 10) -> list[str]:
    return [job.id for job in await store.overdue(limit)]


async def test_a_lease_is_overdue_from_its_very_millisecond(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    clock.forward(29_999)
    assert await _overdue(store) == []
    clock.forward(1)
    assert list(await store.overdue(10)) == [job]


async def test_a_callback_is_overdue_at_its_deadline(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(500)))
    clock.forward(499)
    assert await _overdue(store) == []
    clock.forward(1)
    assert await _overdue(store) == [job.id]


async def test_a_job_whose_processor_is_to_be_asked_is_looked_at_at_once_and_keeps_its_deadline(
    store: Store, clock: Clock
) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(500)))
    told = await given.moved(store, job, CallbackUnreadable("no JSON"))
    assert list(await store.overdue(10)) == [told]
    assert told.lease is not None
    waits = await given.moved(store, told, Asked(None, 1, told.lease.token))
    assert await _overdue(store) == []
    assert await store.get(job.id) == waits
    clock.forward(500)
    assert await _overdue(store) == [job.id]


async def test_a_deadline_ends_a_job_in_every_state_that_is_not_final(store: Store, clock: Clock) -> None:
    deadline = clock.now() + 1000
    await given.added(store, "running", deadline=deadline)
    running = await given.claimed(store)
    await given.added(store, "waiting", deadline=deadline)
    waiting = await given.claimed(store)
    waiting = await given.moved(store, waiting, given.says(waiting, Accepted(60_000)))
    pending = await given.added(store, "pending", deadline=deadline, run_at=deadline - 1)
    done = await given.moved(store, await given.added(store, "done", deadline=deadline), given.Cancelled())
    clock.forward(999)
    assert await _overdue(store) == []
    clock.forward(1)
    assert sorted(await _overdue(store)) == sorted([running.id, waiting.id, pending.id])
    for job in await store.overdue(10):
        assert (await given.moved(store, job, given.Expired())).state is State.FAILED
    assert await _overdue(store) == []
    assert (await store.get(done.id)) == done


async def test_pending_jobs_without_a_deadline_are_never_overdue(store: Store, clock: Clock) -> None:
    await given.added(store)
    clock.forward(10**10)
    assert await _overdue(store) == []


async def test_longest_overdue_first_and_no_more_than_the_limit(store: Store, clock: Clock) -> None:
    jobs = []
    for _ in range(4):
        await given.added(store)
        jobs.append(await given.claimed(store))
        clock.forward(10)
    clock.forward(30_000)
    assert await _overdue(store, 3) == [job.id for job in jobs[:3]]


async def test_callbacks_of_flows_that_are_asked_first_are_left_out_and_nothing_else_is(
    store: Store, clock: Clock
) -> None:
    other = replace(given.RULES, name="other")
    deadline = clock.now() + 50
    await given.added(store, "lease")
    lease = await given.claimed(store)
    await given.added(store, "callback")
    callback = await given.claimed(store)
    callback = await given.moved(store, callback, given.says(callback, Accepted(10)))
    await given.added(store, "its own deadline", deadline=deadline)
    past = await given.claimed(store)
    past = await given.moved(store, past, given.says(past, Accepted(10)))
    await given.added(store, "another flow", other)
    elsewhere = await given.claimed(store, other)
    elsewhere = await given.moved(store, elsewhere, given.says(elsewhere, Accepted(10)), other)

    async def found(*flows: str) -> set[str]:
        return {job.prompt for job in await store.overdue(10, but_callbacks_of=frozenset(flows))}

    clock.forward(10)
    assert await found() == {"callback", "its own deadline", "another flow"}
    assert await found("f") == {"another flow"}
    assert await found("f", "other") == set()
    clock.forward(40)
    assert await found("f") == {"another flow", "its own deadline"}
    clock.forward(30_000)
    assert await found("f", "other") == {"lease", "its own deadline"}
    assert lease.lease is not None
