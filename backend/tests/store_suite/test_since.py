"""since: what changed after a position, without a gap, or the word that everything must be fetched anew."""

import asyncio

from job_processor.core.job import State
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Resync, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place


async def test_from_a_future_position_everything_is_fetched_anew(store: Store) -> None:
    answer = await store.since(2**62, 10)
    assert isinstance(answer, Resync)
    assert not isinstance(await store.since(answer.position, 10), Resync)


async def test_what_changed_is_named_in_order_with_its_newest_state(store: Store, clock: Clock) -> None:
    start = await given.position(store)
    first = await given.completed(store)
    second = await given.added(store, run_at=clock.now() + 50)
    third = await given.moved(store, await given.added(store), given.Cancelled())
    found = await given.notices(store, start)
    newest = {notice.job_id: notice for notice in found}
    assert {i: (n.state, n.rev, n.flow) for i, n in newest.items()} == {
        first.id: (State.COMPLETED, first.rev, "f"),
        second.id: (State.PENDING, 1, "f"),
        third.id: (State.CANCELLED, 2, "f"),
    }
    assert newest[second.id].run_at == second.run_at
    positions = [notice.position for notice in found]
    assert positions == sorted(set(positions))
    assert positions[0] > start


async def test_going_on_from_any_notice_misses_nothing(store: Store) -> None:
    """Duplicates are allowed, gaps are not: from each position on, all that changed later is there."""
    start = await given.position(store)
    jobs = [await given.added(store) for _ in range(5)]
    for job in jobs:
        await given.moved(store, job, given.Cancelled())
    found = await given.notices(store, start)
    for at, notice in enumerate(found):
        later = {one.job_id for one in await given.notices(store, notice.position)}
        assert later >= {one.job_id for one in found[at + 1 :]}


async def test_changes_made_at_the_same_time_are_all_there(place: Place, store: Store) -> None:
    other = await place.open()
    position = await given.position(store)
    for _ in range(3):
        jobs = await asyncio.gather(*(given.added(store if n % 2 else other) for n in range(30)))
        found = await given.notices(store, position)
        assert {notice.job_id for notice in found} >= {job.id for job in jobs}
        position = found[-1].position


async def test_a_position_outlives_a_crash(place: Place, store: Store) -> None:
    await given.added(store)
    position = await given.position(store)
    changed = await given.added(store)
    after = await place.crash(store)
    assert changed.id in {notice.job_id for notice in await given.notices(after, position)}
    later = await given.added(after)
    assert later.id in {notice.job_id for notice in await given.notices(after, position)}


async def test_more_than_the_limit_must_be_fetched_anew(store: Store) -> None:
    position = await given.position(store)
    for _ in range(4):
        await given.added(store)
    assert isinstance(await store.since(position, 3), Resync)
    assert len(await given.notices(store, position, 4)) == 4


async def test_a_deletion_is_told_or_everything_must_be_fetched_anew(store: Store) -> None:
    job = await given.completed(store)
    position = await given.position(store)
    assert await store.delete(job.id)
    answer = await store.since(position, 10)
    if not isinstance(answer, Resync):
        assert [notice.state for notice in answer if notice.job_id == job.id][-1] is None


async def test_a_pruning_is_told_or_everything_must_be_fetched_anew(store: Store, clock: Clock) -> None:
    job = await given.completed(store)
    position = await given.position(store)
    assert await store.prune(clock.now() + 1, 10) == 1
    answer = await store.since(position, 10)
    if not isinstance(answer, Resync):
        assert [notice.state for notice in answer if notice.job_id == job.id][-1] is None


async def test_claims_are_told(store: Store) -> None:
    await given.added(store)
    position = await given.position(store)
    job = await given.claimed(store)
    assert (await given.notices(store, position))[-1].state is State.RUNNING
    position = await given.position(store)
    await given.moved(store, job, given.says(job, Succeeded("r")))
    assert (await given.notices(store, position))[-1].state is State.COMPLETED
