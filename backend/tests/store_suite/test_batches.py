"""Batches: all of their jobs or none, counted as they are, and kept as long as they say."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from job_processor.core.batch import Batch, BatchCounts, RefusedLine
from job_processor.core.batch_notice import notice_of
from job_processor.core.cost import Prices
from job_processor.core.errors import IdempotencyMismatch
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, State, Usage
from job_processor.core.outcome import Failed, Succeeded
from job_processor.core.search import parse
from job_processor.core.transitions import submit
from job_processor.store.base import BatchQuery, DeliveryQuery, IdempotencyKey, NewBatch, Query, Store, with_search
from tests.store_suite import access, given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place

KEY = IdempotencyKey("k", "bytes")
OTHER = FlowRules("g")


def a_batch(
    store: Store,
    number: int = 3,
    keep_ms: int | None = 1_000,
    rules: Sequence[FlowRules] = (RULES,),
    refused: Sequence[RefusedLine] = (),
    **wanted: object,
) -> NewBatch:
    now = store.now()
    batch_id = given.new_id(now)
    jobs = [
        submit(
            job_id=given.new_id(now),
            prompt=f"prompt {n}",
            rules=rules[n % len(rules)],
            now=now,
            tags=("t",),
            metadata={"n": n, "$odd": {"a.b": None}},
            batch_id=batch_id,
            batch_line=n + 1,
            custom_id=f"c{n}",
            owner="o",
        )
        for n in range(number)
    ]
    flows = tuple(sorted({job.flow for job in jobs}))
    batch = Batch(
        batch_id, now, number + len(refused), number, flows, metadata={"$x": [1, "a.b"]}, owner="o", keep_ms=keep_ms
    )
    return NewBatch(batch, jobs, refused)


async def added(store: Store, new: NewBatch) -> Batch:
    made = await store.add_batch(new)
    assert made.created
    return made.batch


async def counts_of(store: Store, batch: Batch) -> BatchCounts:
    return (await store.count_batches([batch.id])).get(batch.id, BatchCounts())


async def all_cancelled(store: Store, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await given.moved(store, await given.stored(store, job.id), given.Cancelled("no"))


async def lines_of(store: Store, batch: Batch, limit: int = 1_000) -> list[Job]:
    found: list[Job] = []
    while page := await store.jobs_of_batch(batch.id, found[-1].id if found else None, limit):
        found += page
    return found


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

    assert found == [job._replace(prompt="") for job in new.jobs]


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
    assert await store.apply(replace(change, job=change.job._replace(cost_micros=0)))
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
    assert (await counts_of(store, batch)).there == 3
    assert [job.id for job in await lines_of(store, batch)] == [job.id for job in new.jobs]
