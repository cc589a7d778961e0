"""extend: only RUNNING leases, only by their token, and never past the job's deadline."""

from job_processor.core.job import State
from job_processor.core.outcome import Accepted, Deferred, Succeeded
from job_processor.store.base import Held, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place


def held(job: given.Job) -> Held:
    assert job.lease is not None
    return Held(job.id, job.lease.token)


async def test_of_nothing_is_nothing(store: Store) -> None:
    assert list(await store.extend([], 1_000)) == []


async def test_a_lease_goes_on(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    until = clock.now() + 90_000
    assert list(await store.extend([held(job)], 90_000)) == []
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.lease is not None
    assert stored.lease.until == until
    clock.forward(89_999)
    assert list(await store.overdue(10)) == []
    clock.forward(1)
    assert [one.id for one in await store.overdue(10)] == [job.id]


async def test_a_renewal_does_not_stand_in_the_way_of_the_outcome(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    await store.extend([held(job)], 90_000)
    await given.moved(store, job, given.says(job, Succeeded("r")))


async def test_a_lost_lease_is_named_and_the_others_go_on(store: Store, clock: Clock) -> None:
    for _ in range(4):
        await given.added(store)
    kept, waiting, snoozed, done = (await given.claim(store, 4)).jobs
    await given.moved(store, waiting, given.says(waiting, Accepted(1000)))
    await given.moved(store, snoozed, given.says(snoozed, Deferred(clock.now(), "x", "y")))
    await given.moved(store, done, given.says(done, Succeeded("r")))
    unknown = Held("0" * 24, "token")
    lost = await store.extend([*map(held, (kept, waiting, snoozed, done)), unknown], 60_000)
    assert sorted(lost) == sorted([waiting.id, snoozed.id, done.id, unknown.job_id])


async def test_somebody_elses_token_moves_nothing(store: Store, clock: Clock) -> None:
    await given.added(store)
    await given.added(store)
    one, two = (await given.claim(store, 2)).jobs
    crossed = [Held(one.id, held(two).token), Held(two.id, held(one).token)]
    assert sorted(await store.extend(crossed, 90_000)) == sorted([one.id, two.id])
    assert await store.get(one.id) == one
    assert await store.get(two.id) == two


async def test_a_zombie_cannot_renew_what_another_worker_holds(place: Place, store: Store, clock: Clock) -> None:
    await given.added(store)
    zombie = await given.claimed(store, owner="w1")
    clock.forward(30_000)
    [late] = await store.overdue(10)
    await given.moved(store, late, given.Expired())
    clock.forward(10_000)
    current = await given.claimed(store, owner="w2")
    assert list(await store.extend([held(zombie)], 90_000)) == [zombie.id]
    assert await store.get(current.id) == current


async def test_no_renewal_reaches_past_the_deadline(store: Store, clock: Clock) -> None:
    await given.added(store, deadline=clock.now() + 20_000)
    job = await given.claimed(store)
    assert list(await store.extend([held(job)], 90_000)) == []
    clock.forward(20_000)
    [late] = await store.overdue(10)
    failed = await given.moved(store, late, given.Expired())
    assert failed.state is State.FAILED


async def test_a_renewed_lease_is_not_taken_by_who_read_the_job_before(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    clock.forward(30_000)
    [late] = await store.overdue(10)
    expiry = given.decided(late, given.Expired(), store.now())

    assert list(await store.extend([held(job)], 30_000)) == []
    assert not await store.apply(expiry)

    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.failures) == (State.RUNNING, 0)
    await given.moved(store, stored, given.says(job, Succeeded("r")))


async def test_a_callback_that_is_overdue_and_a_job_past_its_deadline_expire_as_ever(
    store: Store, clock: Clock
) -> None:
    await given.added(store)
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Accepted(1_000)))
    pending = await given.added(store, deadline=clock.now() + 500)
    clock.forward(1_000)
    for one in await store.overdue(10):
        await given.moved(store, one, given.Expired())
    after = await store.get(pending.id)
    assert after is not None
    assert after.state is State.FAILED
    assert list(await store.overdue(10)) == []
