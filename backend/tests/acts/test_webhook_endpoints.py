"""What is known of the endpoints in memory is never older than the last change that this process made."""

import asyncio
from collections.abc import Sequence

import pytest

from job_processor.acts import acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.webhook_endpoints import NewEndpoint
from job_processor.core.ids import IdFactory
from job_processor.core.job import WebhookEvent
from job_processor.core.webhooks import Endpoint
from job_processor.store.base import DeliveryQuery, Store
from tests.store_suite import given
from tests.support.stores import place, store

__all__ = ["place", "store"]


async def test_an_endpoint_that_is_created_during_a_read_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    acts = acts_over(store, FlowTable({"f": given.RULES}, "f"), IdFactory(1))
    job = await given.added(store)
    read, go_on = asyncio.Event(), asyncio.Event()
    endpoints = store.webhook_endpoints

    async def slow() -> Sequence[Endpoint]:
        found = await endpoints()
        read.set()
        await go_on.wait()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(store, "webhook_endpoints", slow)
        listing = asyncio.create_task(acts.webhooks.all())
        await read.wait()
    made = await acts.webhooks.create(NewEndpoint("https://receiver.example/", tuple(WebhookEvent)))
    go_on.set()
    assert await listing == []

    await acts.jobs.cancel(job.id)
    await store.relay_notices(10)
    [told] = await store.list_deliveries(DeliveryQuery())
    assert told.endpoint_id == made.endpoint.id
