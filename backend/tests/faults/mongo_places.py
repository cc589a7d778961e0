"""A store behind the proxy, and the truth beside it: a store that the proxy cannot touch."""

import contextlib
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass

from job_processor.store.base import Store
from job_processor.store.mongo.tuning import Tuning
from tests import mongo_server
from tests.faults.mongo_proxy import MongoProxy
from tests.store_suite.places import Clock, MongoPlace

QUICK = Tuning(try_timeout=3.0, give_up_after=30.0, count_reuse=0.0, quick_count=5.0)
"""Half-open connections are given up soon; nothing waits for it by the clock."""


@dataclass
class Harmed:
    """``store`` speaks through ``proxy``; ``truth`` reads and writes the same database past it."""

    proxy: MongoProxy
    place: MongoPlace
    store: Store
    truth: Store


@contextlib.asynccontextmanager
async def harmed(tuning: Tuning = QUICK) -> AsyncIterator[Harmed]:
    try:
        async with behind_proxy(tuning) as made:
            yield made
    finally:
        collect_sockets()


def collect_sockets() -> None:
    """The driver leaves sockets of interrupted connects to the collector; here, not in somebody else's test."""
    gc.collect()


@contextlib.asynccontextmanager
async def behind_proxy(tuning: Tuning = QUICK) -> AsyncIterator[Harmed]:
    """Call ``collect_sockets`` after the last one of a test."""
    server = mongo_server.require()
    proxy = MongoProxy(server.address)
    await proxy.start()
    place = MongoPlace(server, Clock(), proxy.uri, tuning)
    beside = MongoPlace(server, place.clock, database=place.database)
    try:
        yield Harmed(proxy, place, await place.open(), await beside.open())
    finally:
        proxy.clear()
        await place.close()
        await beside.close()
        await proxy.stop()
