"""A process dies while it stores a batch in MongoDB: nothing of it is there, or all of it is soon."""

from collections.abc import Iterator

import pytest

from job_processor import failpoints
from job_processor.core.batch import BatchCounts, BatchStatus, ended_at, status_of
from job_processor.core.job import State
from job_processor.store.base import IdempotencyKey, Query, Store
from job_processor.store.mongo.batches import CHUNK_JOBS, FORGOTTEN_MS, LEFT_MS
from job_processor.store.mongo.store import MongoStore
from tests.store_suite import given
from tests.store_suite.batches import a_batch, lines_of
from tests.store_suite.places import MongoPlace

pytestmark = pytest.mark.mongo
NUMBER = 2 * CHUNK_JOBS + 5
KEY = IdempotencyKey("k", "bytes")


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def number_of_chunks(store: Store) -> int:
    assert isinstance(store, MongoStore)
    return await store._open.link.collection("batchChunks").count_documents({})


@pytest.fixture
async def store(place: MongoPlace) -> Store:
    return await place.open()


async def test_before_it_is_stored_nothing_of_it_is_there(place: MongoPlace, store: Store) -> None:
    failpoints.arm("mongo.in_batch:raise@2")
    with pytest.raises(RuntimeError):
        await store.add_batch(a_batch(store, NUMBER), KEY)

    other = await place.crash(store)
    assert await other.batch_of_key(KEY) is None
    assert await given.ids_of(other) == []
    assert await other.complete_batches() == 0
    assert await number_of_chunks(other) == 2

    again = await other.add_batch(a_batch(other, NUMBER), KEY)
    assert again.created
    assert len(await lines_of(other, again.batch)) == NUMBER
    place.clock.forward(FORGOTTEN_MS + 1)
    assert await other.complete_batches() == 1
    assert await number_of_chunks(other) == 0
    assert len(await lines_of(other, again.batch)) == NUMBER


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
async def test_once_it_is_stored_another_process_writes_its_jobs(place: MongoPlace, store: Store, chunks: int) -> None:
    new = a_batch(store, NUMBER)
    failpoints.arm(f"mongo.after_batch:raise@{chunks + 1}")
    with pytest.raises(RuntimeError):
        await store.add_batch(new, KEY)

    other = await place.crash(store)
    found = await other.batch_of_key(KEY)
    assert found is not None
    assert not found.is_whole
    repeated = await other.add_batch(a_batch(other, NUMBER), KEY)
    assert (repeated.created, repeated.batch.id) == (False, found.id)
    # One that is written was claimed and ended; one was deleted; neither comes again.
    ended = deleted = None
    if chunks:
        ended = await given.claimed(other)
        await given.moved(other, ended, given.Cancelled("no"))
        deleted = await given.claimed(other)
        await given.moved(other, deleted, given.Cancelled("no"))
        assert await other.delete(deleted.id)

    assert await other.complete_batches() == 0
    place.clock.forward(LEFT_MS + 1)
    assert await other.complete_batches() == 1
    assert await other.complete_batches() == 0

    whole = await other.get_batch(found.id)
    assert whole is not None
    assert whole.is_whole
    gone = {deleted.id} if deleted else set()
    assert [job.id for job in await lines_of(other, whole)] == [job.id for job in new.jobs if job.id not in gone]
    cancelled = await given.ids_of(other, Query(states=frozenset({State.CANCELLED})))
    assert cancelled == ([ended.id] if ended else [])
    assert await number_of_chunks(other) == 0


async def test_of_one_that_is_not_whole_no_job_counts_as_deleted_and_it_has_not_ended(
    place: MongoPlace, store: Store
) -> None:
    failpoints.arm("mongo.after_batch:raise")
    with pytest.raises(RuntimeError):
        await store.add_batch(a_batch(store, NUMBER), KEY)

    batch = await store.batch_of_key(KEY)
    assert batch is not None
    assert status_of(batch, BatchCounts()) is BatchStatus.IN_PROGRESS
    assert ended_at(batch, BatchCounts()) is None
    assert BatchCounts().deleted(batch) == 0
