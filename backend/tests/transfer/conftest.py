"""Stores to move jobs between: one that holds jobs in every state, and empty ones."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.core.outcome import Accepted
from job_processor.store.base import IdempotencyKey, Store
from tests import mongo_server
from tests.store_suite import given
from tests.store_suite.places import Place, place_of

NewPlace = Callable[[str], Awaitable[Place]]


def pytest_report_collectionfinish() -> str:
    return mongo_server.describe()


@pytest.fixture
async def new_place(tmp_path: Path) -> AsyncIterator[NewPlace]:
    """Makes a place of a driver: ``sqlite`` or ``mongo``."""
    async with AsyncExitStack() as stack:
        count = 0

        async def make(driver: str) -> Place:
            nonlocal count
            count += 1
            root = tmp_path / f"place{count}"
            root.mkdir()
            server = mongo_server.require() if driver == "mongo" else None
            return await stack.enter_async_context(place_of(driver, root, server))

        yield make


KEPT = 4
"""Kept callbacks of a filled store."""


def _late(job_id: str, n: int, now: int, content: str) -> Callback:
    return Callback(
        f"{n:024x}",
        now,
        now + 5,
        CallbackVerdict.LATE,
        CallbackContent.RESULT,
        content,
        job_id,
        attempt=1,
        deliveries=3,
    )


async def fill(store: Store, more: int = 0) -> int:
    """One job in every state, one with all that a job can have, and so many plain ones; returns how many.

    Beside them ``KEPT`` callbacks.
    """
    await given.completed(store, "done", '{"a": 1}')
    failed = await given.failed(store)
    await given.cancelled(store)
    await given.added(store, "runs")
    await given.claimed(store)
    accepted = await given.added(store, "waits")
    job = await given.claimed(store)
    assert job.id == accepted.id
    await given.moved(store, job, given.says(job, Accepted(60_000, "execution-1")))
    await given.added(
        store,
        "Grüße 👋 \u2028 end",
        key=IdempotencyKey("key", "print"),
        tags=("a", "b"),
        metadata={"deep": [1, {"x": None}]},
        priority=3,
    )
    for n, content in enumerate(("late", "before\0after")):
        await store.keep_callback(_late(failed.id, n, store.now(), content))
    for n, body in enumerate((b"", bytes(range(256))), start=2):
        unread = replace(
            _late(failed.id, n, store.now(), "400: no JSON"),
            verdict=CallbackVerdict.UNREADABLE,
            said=CallbackContent.UNREADABLE,
            body=body,
            body_cut=body == b"",
            content_type="text/plain",
        )
        await store.keep_callback(unread)
    for i in range(more):
        await given.added(store, f"plain {i}")
    return 6 + more
