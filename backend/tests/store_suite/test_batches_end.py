"""The end of a batch: cancelled, ended once with its notice, and pruned with its jobs."""

from dataclasses import replace

from job_processor.core.batch import RefusedLine
from job_processor.core.batch_notice import notice_of
from job_processor.store.base import DeliveryQuery, Store
from tests.store_suite import access, given
from tests.store_suite.batches import KEY, a_batch, added, all_cancelled, counts_of
from tests.store_suite.places import Clock, Place


async def test_it_is_cancelled_once_and_not_after_its_end(store: Store, clock: Clock) -> None:
    one, two = [await added(store, a_batch(store)) for _ in range(2)]
    assert await store.cancel_batch(one.id, clock.now(), access.entry(store, "1"))
    assert not await store.cancel_batch(one.id, clock.now() + 5, access.entry(store, "2"))
    found = await store.get_batch(one.id)
    assert found is not None
    assert found.cancelled_at == clock.now()
    assert await store.end_batch(two.id, clock.now())
    assert not await store.cancel_batch(two.id, clock.now())
    assert not await store.cancel_batch("0" * 24, clock.now())


async def test_those_without_an_open_job_are_to_be_tended(store: Store) -> None:
    new = [a_batch(store) for _ in range(4)]
    one, two, _, cancelled = [await added(store, each) for each in new]
    assert await store.cancel_batch(cancelled.id, 5)
    await all_cancelled(store, new[0].jobs)
    await all_cancelled(store, new[1].jobs)
    await all_cancelled(store, new[2].jobs[:2])
    assert [batch.id for batch in await store.batches_to_tend(10)] == [one.id, two.id, cancelled.id]
    assert [batch.id for batch in await store.batches_to_tend(1)] == [one.id]
    assert await store.end_batch(one.id, 7)
    assert [batch.id for batch in await store.batches_to_tend(10)] == [two.id, cancelled.id]


async def test_it_ends_once(store: Store) -> None:
    one = await added(store, a_batch(store))
    assert await store.end_batch(one.id, 77)
    assert not await store.end_batch(one.id, 99)
    assert not await store.end_batch("0" * 24, 99)
    found = await store.get_batch(one.id)
    assert found is not None
    assert (found.ended_at, found.prune_at) == (77, 1_077)


async def test_its_notice_is_stored_with_its_end_once_and_survives_the_process(place: Place, store: Store) -> None:
    new = a_batch(store)
    batch = replace(new.batch, webhook_url="https://example.com/")
    await added(store, replace(new, batch=batch))
    assert (await store.get_batch(batch.id)) == batch
    await all_cancelled(store, new.jobs)
    counts, at = await counts_of(store, batch), store.now()
    first, second = [notice_of(batch, counts, at, given.new_id(at)) for _ in range(2)]
    assert first is not None
    assert second is not None
    assert await store.end_batch(batch.id, at, (first,))
    # As from another process that looked at the same time.
    assert not await store.end_batch(batch.id, at + 1, (second,))

    store = await place.crash(store)

    while await store.relay_notices(10):
        pass
    assert await store.relay_notices(10) == 0
    [told] = await store.list_deliveries(DeliveryQuery())
    assert told == replace(first, body="")
    assert await store.get_delivery(first.id) == first
    [due] = await store.claim_deliveries(first.lane, 10, 1_000)
    assert (due.id, due.body, due.batch_id, due.owner) == (first.id, first.body, batch.id, "o")


async def test_it_is_not_deleted_before_its_notice_was_relayed(clock: Clock, store: Store) -> None:
    new = a_batch(store)
    batch = replace(new.batch, webhook_url="https://example.com/")
    await added(store, replace(new, batch=batch))
    await all_cancelled(store, new.jobs)
    notice = notice_of(batch, await counts_of(store, batch), clock.now(), given.new_id(clock.now()))
    assert notice is not None
    assert await store.end_batch(batch.id, clock.now(), (notice,))
    clock.forward(5_000)
    await store.prune_batches(clock.now(), 100)
    await store.relay_notices(10)
    assert [one.id for one in await store.list_deliveries(DeliveryQuery())] == [notice.id]
    await store.prune_batches(clock.now(), 100)
    assert await store.get_batch(batch.id) is None


async def test_its_jobs_are_pruned_with_it_and_not_before(store: Store, clock: Clock) -> None:
    new = a_batch(store, 5, refused=[RefusedLine(6, "", "x")])
    batch = (await store.add_batch(new, KEY)).batch
    alone = await given.cancelled(store)
    await all_cancelled(store, new.jobs)
    clock.forward(10)
    assert await store.prune(clock.now(), 100) == 1
    assert await store.get(alone.id) is None
    assert len(await given.ids_of(store)) == 5

    assert await store.end_batch(batch.id, clock.now() - 10)
    assert (await store.prune_batches(clock.now(), 100)).jobs == 0
    clock.forward(990)
    first = await store.prune_batches(clock.now(), 3)
    assert (first.batches, first.jobs, first.more) == (0, 3, True)
    assert (await counts_of(store, batch)).deleted(batch) == 3
    second = await store.prune_batches(clock.now(), 3)
    assert (second.batches, second.jobs, second.more) == (1, 2, False)
    assert await store.get_batch(batch.id) is None
    assert await store.refused_lines(batch.id) == []
    assert await given.ids_of(store) == []
    assert (await store.counts()).by_state == {}
    # Its key is free.
    assert (await store.add_batch(a_batch(store), KEY)).created


async def test_one_that_is_kept_for_ever_is_not_pruned(store: Store, clock: Clock) -> None:
    new = a_batch(store, keep_ms=None)
    batch = await added(store, new)
    await all_cancelled(store, new.jobs)
    assert await store.end_batch(batch.id, clock.now())
    clock.forward(10**11)
    assert (await store.prune_batches(clock.now(), 100)).batches == 0
    assert await store.get_batch(batch.id) is not None


async def test_a_retry_keeps_it_longer(store: Store, clock: Clock) -> None:
    new = a_batch(store)
    batch = await added(store, new)
    await all_cancelled(store, new.jobs)
    assert await store.end_batch(batch.id, clock.now())
    again = await given.moved(store, await given.stored(store, new.jobs[0].id), given.Retried(1))
    clock.forward(1_000)
    # A job is open.
    assert (await store.prune_batches(clock.now(), 100)).jobs == 0
    assert len(await given.ids_of(store)) == 3
    clock.forward(500)
    await given.moved(store, again, given.Cancelled("no"))
    clock.forward(500)
    # It ended later than was noted.
    assert (await store.prune_batches(clock.now(), 100)).jobs == 0
    clock.forward(500)
    pruned = await store.prune_batches(clock.now(), 100)
    assert (pruned.batches, pruned.jobs) == (1, 3)
