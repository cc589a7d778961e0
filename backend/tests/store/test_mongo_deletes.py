"""A deletion on MongoDB takes several writes: what is between them is known, and another call completes it."""

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.store.mongo.webhooks import Webhooks
from tests.store_suite import given
from tests.store_suite.places import MongoPlace

pytestmark = pytest.mark.mongo


async def test_a_deletion_that_failed_is_known_and_completed(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await place.open()
    job = await given.failed(store)

    async def fails(self: Webhooks, job_id: str) -> None:
        raise StoreUnavailable("an election")

    with monkeypatch.context() as failing:
        failing.setattr(Webhooks, "forget_job", fails)
        with pytest.raises(StoreUnavailable):
            await store.delete(job.id)
    assert await store.get(job.id) is not None
    assert await store.is_being_deleted(job.id)
    assert await store.delete(job.id)
    assert await store.get(job.id) is None
    assert not await store.is_being_deleted(job.id)
