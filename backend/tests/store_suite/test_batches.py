"""Batches: all of their jobs or none, counted as they are, and kept as long as they say."""

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.core.batch import BatchCounts, RefusedLine
from job_processor.core.cost import Prices
from job_processor.core.errors import IdempotencyMismatch
from job_processor.core.job import JobError, State, Usage
from job_processor.core.outcome import Failed, Succeeded
from job_processor.core.search import parse
from job_processor.store.base import BatchQuery, IdempotencyKey, NewBatch, Query, Store, with_search
from tests.store_suite import given
from tests.store_suite.batches import KEY, OTHER, a_batch, added, counts_of, lines_of
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


async def test_every_job_is_there_as_it_was_given(store: Store) -> None:
    new = a_batch(store, 450)
    batch = await added(store, new)

    assert batch == new.batch
    assert await store.get_batch(batch.id) == new.batch
    for job in (new.jobs[0], new.jobs[-1], new.jobs[201]):
        assert await given.stored(store, job.id) == job
    assert await counts_of(store, batch) == BatchCounts({State.PENDING: 450})
    assert (await store.counts()).by_state == {("f", State.PENDING): 450}
    assert await store.count_waiting("o", 1_000) == 450
    assert len((await given.claim(store, 10)).jobs) == 10
    assert await given.ids_of(store, Query(tag="t", limit=2)) == [job.id for job in new.jobs[:-3:-1]]


async def test_its_jobs_come_in_the_order_of_its_lines_without_prompts(store: Store) -> None:
    await given.added(store)
    new = a_batch(store, 25)
    batch = await added(store, new)
    await given.added(store)
    await added(store, a_batch(store))

    found = await lines_of(store, batch, limit=7)

    assert found == [structs.replace(job, prompt="") for job in new.jobs]


async def test_a_long_page_of_results_is_cut_and_goes_on(store: Store) -> None:
    new = a_batch(store, 12)
    batch = await added(store, new)
    for _ in range(12):
        job = await given.claimed(store)
        await given.moved(store, job, given.says(job, Succeeded("ä" * 300_000)))

    first = await store.jobs_of_batch(batch.id, None, 1_000)
    found = await lines_of(store, batch)

    assert 0 < len(first) <= 12
    assert [job.id for job in found] == [job.id for job in new.jobs]
    assert all(job.result == "ä" * 300_000 for job in found)


async def test_the_list_of_jobs_can_be_limited_to_a_batch(store: Store) -> None:
    older = await given.added(store)
    new = a_batch(store, 5)
    await added(store, new)
    newer = await given.added(store)
    await given.moved(store, new.jobs[2], given.Cancelled("no"))
    newest_first = [job.id for job in reversed(new.jobs)]

    assert await given.ids_of(store, Query(batch=new.batch.id)) == newest_first
    assert await given.ids_of(store, Query(batch=new.batch.id, limit=2, before=newest_first[1])) == newest_first[2:4]
    pending = Query(batch=new.batch.id, states=frozenset({State.PENDING}))
    assert await given.ids_of(store, pending) == [i for i in newest_first if i != new.jobs[2].id]
    assert await store.count(pending) == 4
    assert await given.ids_of(store, Query(batch=new.batch.id, tag="t", flow="f")) == newest_first
    assert await given.ids_of(store, Query(batch="0" * 24)) == []
    for search, found in (
        (f"batch:{new.batch.id}", newest_first),
        (f"batch:{new.batch.id} status:pending", await given.ids_of(store, pending)),
        (f"batch:{new.batch.id} batch:{'0' * 24}", []),
        (f"-batch:{new.batch.id}", [newer.id, older.id]),
        (f"-batch:{'0' * 24} flow:f", await given.ids_of(store, Query(flow="f"))),
    ):
        query = with_search(Query(), parse(search), store.now())
        assert await given.ids_of(store, query) == found, search
        assert await store.count(query) == len(found), search


async def test_the_same_key_gives_the_first_batch_and_stores_nothing(store: Store) -> None:
    first, again = a_batch(store), a_batch(store)
    assert await store.batch_of_key(KEY) is None
    assert (await store.add_batch(first, KEY)).created

    repeated = await store.add_batch(again, KEY)

    assert (repeated.created, repeated.batch) == (False, first.batch)
    assert await store.batch_of_key(KEY) == first.batch
    assert await store.get_batch(again.batch.id) is None
    assert len(await given.ids_of(store)) == 3


async def test_the_same_key_with_other_bytes_is_refused(store: Store) -> None:
    await store.add_batch(a_batch(store), KEY)
    other = IdempotencyKey("k", "other bytes")
    for refused in (store.add_batch(a_batch(store), other), store.batch_of_key(other)):
        with pytest.raises(IdempotencyMismatch):
            await refused
    assert len(await given.ids_of(store)) == 3


async def test_keys_of_batches_and_of_jobs_are_apart(store: Store) -> None:
    await given.added(store, key=KEY)
    assert (await store.add_batch(a_batch(store), KEY)).created


async def test_of_many_with_one_key_one_is_stored(place: Place) -> None:
    stores = [await place.open() for _ in range(3)]
    added = await asyncio.gather(*(store.add_batch(a_batch(store, 30), KEY) for store in stores * 2))
    assert sum(one.created for one in added) == 1
    assert len({one.batch.id for one in added}) == 1
    assert len(await given.ids_of(stores[0], Query(limit=1_000))) == 30


async def test_lines_that_were_refused_are_kept_beside_it(store: Store) -> None:
    refused = [RefusedLine(4, "prompt", "is required", custom_id="ä"), RefusedLine(9, "", "is no JSON", "malformed")]
    batch = await added(store, a_batch(store, refused=refused))
    assert await store.refused_lines(batch.id) == refused
    assert await store.refused_lines("0" * 24) == []


async def test_counts_follow_each_move(store: Store, clock: Clock) -> None:
    new = a_batch(store, 4)
    batch = await added(store, new)
    job = await given.claimed(store)
    assert await counts_of(store, batch) == BatchCounts({State.PENDING: 3, State.RUNNING: 1})
    clock.forward(5)
    await given.moved(store, job, given.says(job, Succeeded("r")))
    clock.forward(5)
    await given.moved(store, new.jobs[3], given.Cancelled("no"))
    expected = BatchCounts({State.PENDING: 2, State.COMPLETED: 1, State.CANCELLED: 1}, clock.now())
    assert await counts_of(store, batch) == expected
    assert await store.delete(job.id)
    left = await counts_of(store, batch)
    assert left.by_state == {State.PENDING: 2, State.CANCELLED: 1}
    assert left.deleted(batch) == 1


async def test_the_cost_of_a_batch_is_that_of_its_jobs_in_every_state(store: Store, clock: Clock) -> None:
    rules = replace(given.RULES, prices=Prices(1_000_000, 1_000_000), max_attempts=2, backoff_base_seconds=0)
    batch = await added(store, a_batch(store, 4))
    assert (await counts_of(store, batch)).cost is None
    for outcome in (
        Succeeded("r", usage=Usage(1, 1)),
        Failed(JobError("bad", "no"), retryable=False, usage=Usage(0, 3)),
        Failed(JobError("bad", "no"), usage=Usage(40, 0)),
    ):
        job = await given.claimed(store, rules)
        await given.moved(store, job, given.says(job, outcome), rules)
    assert (await counts_of(store, batch)).cost == 45
    free = await added(store, a_batch(store, 1))
    job = (await lines_of(store, free))[0]
    change = given.decided(job, given.Cancelled("no"), store.now(), rules)
    assert await store.apply(structs.replace(change, job=structs.replace(change.job, cost_micros=0)))
    assert (await counts_of(store, free)).cost == 0


async def test_many_are_counted_at_once(store: Store) -> None:
    one, two = [await added(store, a_batch(store, n)) for n in (2, 3)]
    assert await store.count_batches([one.id, two.id, "0" * 24]) == {
        one.id: BatchCounts({State.PENDING: 2}),
        two.id: BatchCounts({State.PENDING: 3}),
    }
    assert await store.count_batches([]) == {}


async def test_they_are_listed_newest_first_in_pages(store: Store, clock: Clock) -> None:
    made = []
    for _ in range(5):
        made.append(await added(store, a_batch(store, 1)))
        clock.forward(1)
    newest_first = made[::-1]
    assert await store.list_batches(BatchQuery()) == newest_first
    assert await store.list_batches(BatchQuery(limit=2, before=newest_first[1].id)) == newest_first[2:4]


async def test_who_may_not_see_a_flow_does_not_see_a_batch_with_a_job_of_it(store: Store) -> None:
    mine = await added(store, a_batch(store))
    both = await added(store, a_batch(store, rules=(RULES, OTHER)))
    assert both.flows == ("f", "g")
    of_f, of_both, of_none = (frozenset(flows) for flows in ("f", "fg", ""))

    assert await store.get_batch(mine.id, of_f) == mine
    assert await store.get_batch(both.id, of_f) is None
    assert await store.list_batches(BatchQuery(flows=of_f)) == [mine]
    assert await store.list_batches(BatchQuery(flows=of_both)) == [both, mine]
    assert await store.get_batch(mine.id, of_none) is None
    assert await store.list_batches(BatchQuery(flows=of_none)) == []


async def test_every_job_is_told_of(store: Store) -> None:
    before = await given.position(store)
    new = a_batch(store, 210)
    await added(store, new)
    told = await given.notices(store, before, 10_000)
    assert {notice.job_id for notice in told} == {job.id for job in new.jobs}


async def test_what_is_stored_survives_a_crash_whole(place: Place) -> None:
    store = await place.open()
    new = a_batch(store, 30)
    batch = await added(store, new)
    store = await place.crash(store)
    assert await store.get_batch(batch.id) == batch
    assert [job.id for job in await lines_of(store, batch)] == [job.id for job in new.jobs]
    assert (await store.counts()).by_state == {("f", State.PENDING): 30}


async def test_a_record_without_jobs_can_be_stored_for_a_copy(store: Store) -> None:
    new = a_batch(store)
    for job in new.jobs:
        await store.add(job)
    batch = (await store.add_batch(NewBatch(new.batch, ()))).batch
    assert batch.is_whole
    assert (await counts_of(store, batch)).existing == 3
    assert [job.id for job in await lines_of(store, batch)] == [job.id for job in new.jobs]
