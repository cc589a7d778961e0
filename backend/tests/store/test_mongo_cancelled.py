"""Requests whose clients leave: their operations are cancelled, and the store goes on answering."""

import asyncio
import gc
import random
from collections.abc import Iterator

import anyio
import pytest

from job_processor.store.base import Query, Store
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.places import Clock, MongoPlace

pytestmark = [
    pytest.mark.mongo,
    # The driver leaves the socket of a connection whose opening was cancelled to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]
AT_ONCE = 200
"""More than the connections of one process, so that operations also are cancelled while they wait for one."""


@pytest.fixture
def collected() -> Iterator[None]:
    """Collects what the test left, while its warnings are still expected."""
    yield
    gc.collect()


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("seed", range(4))
async def test_cancelled_operations_leave_no_connection_taken(server: MongoServer, seed: int) -> None:
    """A cancel scope, which ends a request of a client that left, cancels at each turn until the work has ended."""
    # On a busy machine the last of so many reads may wait for longer than the usual timeout.
    place = MongoPlace(server, Clock(), tuning=Tuning(try_timeout=60.0, give_up_after=60.0))
    try:
        await _cancel_and_read(await place.open(), seed)
    finally:
        await place.close()


async def _cancel_and_read(store: Store, seed: int) -> None:
    jobs = [await given.added(store) for _ in range(3)]
    chance = random.Random(seed)
    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(_cancelled(store, chance, chance.choice(jobs).id))
    async with asyncio.timeout(60):
        found = await asyncio.gather(*(store.get(job.id) for job in jobs for _ in range(AT_ONCE)))
    assert {job.id for job in found if job is not None} == {job.id for job in jobs}


async def _cancelled(store: Store, chance: random.Random, job_id: str) -> None:
    turns = int(chance.expovariate(1 / 200))
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel, scope, turns)
            if chance.random() < 0.5:
                await store.get(job_id)
            else:
                await asyncio.gather(store.get(job_id), store.list(Query(limit=2)), store.get(job_id))


async def _cancel(scope: anyio.CancelScope, turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    scope.cancel()
