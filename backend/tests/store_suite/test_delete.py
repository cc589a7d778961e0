"""delete: a final job, by id."""

import pytest

from job_processor.core.outcome import Accepted
from job_processor.store.base import Query, Store
from tests.store_suite import given


async def test_an_unknown_job_is_not_deleted(store: Store) -> None:
    assert not await store.delete("0" * 24)


async def test_a_final_job_is_deleted_once(store: Store) -> None:
    job = await given.completed(store, "p", "r")
    kept = await given.completed(store, "p", "r")
    assert not await store.is_being_deleted(job.id)
    assert await store.delete(job.id)
    assert not await store.delete(job.id)
    assert not await store.is_being_deleted(job.id)
    assert await store.get(job.id) is None
    assert await given.ids_of(store) == [kept.id]


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "WAITING", "retried"])
async def test_a_job_that_is_not_final_stays(store: Store, state: str) -> None:
    job = await given.added(store, tags=("t",))
    if state in ("RUNNING", "WAITING"):
        job = await given.claimed(store)
    if state == "WAITING":
        job = await given.moved(store, job, given.says(job, Accepted(1000)))
    if state == "retried":
        job = await given.moved(store, job, given.Cancelled())
        job = await given.moved(store, job, given.Retried(1))
    assert not await store.delete(job.id)
    assert await store.get(job.id) == job


async def test_a_deleted_job_takes_its_tags_along(store: Store) -> None:
    job = await given.added(store, tags=("t",))
    await given.moved(store, job, given.Cancelled())
    await store.delete(job.id)
    assert await given.ids_of(store, Query(tag="t")) == []
