"""Counting: one query however many ask, never repeated when it is too slow, and never in the way of anything else."""

import asyncio
from dataclasses import replace
from typing import Any

import pymongo
import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import State
from job_processor.store.mongo.store import MongoStore
from tests import mongo_server
from tests.faults.mongo_places import QUICK, Harmed, harmed
from tests.faults.mongo_proxy import Harm
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.places import Clock, MongoPlace
from tests.support.mongo_commands import Recording, recorded

pytestmark = [
    pytest.mark.mongo,
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]


def _scans(commands: Recording) -> list[dict[str, Any]]:
    """Those that walk over every entry of the index."""
    return [one for one in commands.of("aggregate", "jobs") if "$match" not in one["pipeline"][0]]


async def _three(here: Harmed) -> None:
    await given.completed(here.truth)
    await given.added(here.truth)


async def test_forty_at_once_are_one_scan() -> None:
    async with harmed() as here:
        await _three(here)
        with recorded(here.place.database) as commands:
            counted = await asyncio.gather(*(here.store.counts() for _ in range(40)))
        assert len(_scans(commands)) == 1
        assert {tuple(sorted(one.by_state.items())) for one in counted} == {
            ((("f", State.COMPLETED), 1), (("f", State.PENDING), 1))
        }


async def test_where_counting_everything_is_too_slow_what_is_open_is_counted_all_the_same() -> None:
    async with harmed() as here:
        await _three(here)
        # The whole count of somebody who asks, and the one in the background.
        here.proxy.order(Harm.TIME_LIMIT, {"aggregate"}, 1)
        with recorded(here.place.database) as commands:
            counts = await here.store.counts()
        assert counts.by_state[("f", State.PENDING)] == 1
        assert here.proxy.done[Harm.TIME_LIMIT] == 1
        whole = _scans(commands)
        assert len(whole) <= 2, "too slow is not asked again"
        # In the background it may take its time, and then it is known.
        store = here.store
        assert isinstance(store, MongoStore)
        await store._open.counting._background.get()
        await given.added(here.truth)
        assert (await store.counts()).by_state == {("f", State.COMPLETED): 1, ("f", State.PENDING): 2}


async def test_a_value_of_before_stands_in_when_nothing_can_be_counted() -> None:
    async with harmed(replace(QUICK, whole_count=0.5)) as here:
        await _three(here)
        before = (await here.store.counts()).by_state
        here.proxy.order(Harm.TIME_LIMIT, {"aggregate"}, 10**9)
        store = here.store
        assert isinstance(store, MongoStore)
        assert (await store.counts()).by_state == before
        with pytest.raises(StoreUnavailable):
            await store._open.counting._background.start()
        here.proxy.clear()


async def test_the_background_count_has_a_limit_of_its_own() -> None:
    async with harmed(replace(QUICK, quick_count=1.0, whole_count=42.0)) as here:
        await _three(here)
        store = here.store
        assert isinstance(store, MongoStore)
        with recorded(here.place.database) as commands:
            await store.counts()
            await store._open.counting._background.start()
        quick, background = _scans(commands)
        assert quick["maxTimeMS"] <= 1000
        assert 41_000 < background["maxTimeMS"] <= 42_000


async def test_what_is_open_is_counted_within_the_bounds_of_an_index() -> None:
    async with harmed() as here:
        await _three(here)
        store = here.store
        assert isinstance(store, MongoStore)
        with recorded(here.place.database) as commands:
            assert await store._open.counting._open.get() == {("f", State.PENDING): 1}
        [counting] = commands.of("aggregate", "jobs")
        assert counting["hint"] == "counts"
        assert counting["pipeline"][0] == {
            "$match": {"flow": {"$in": ["f"]}, "state": {"$in": ["PENDING", "RUNNING", "WAITING"]}}
        }


async def test_without_its_index_counting_is_slow_and_right() -> None:
    server: MongoServer = mongo_server.require()
    place = MongoPlace(server, Clock())
    store = await place.open()
    await given.completed(store)
    await given.added(store)
    before = await store.counts()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["jobs"].drop_index("counts")
    with recorded(place.database) as commands:
        assert await store.counts() == before
    assert len(_scans(commands)) == 2, "with the hint, and once without"
    await place.close()
