"""What a query may read is bounded by what it answers: time filters, leases in flight, slots, and all due at once."""

from dataclasses import replace
from typing import Any

import pymongo
import pytest

from job_processor.core.ids import IdFactory
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Ahead, Query
from job_processor.store.mongo.conditions import _id_bounds
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, MongoPlace
from tests.store_suite.test_turns import added
from tests.support.mongo_commands import recorded

HOUR = 3_600_000
NOON = 1_750_000_000_000


def _id(at: int) -> str:
    return IdFactory(0xFFFFFF_FFFFFF).new(at)


@pytest.mark.parametrize(
    ("query", "inside", "outside"),
    [
        (Query(created_after=NOON), [NOON, NOON + HOUR], [NOON - 1]),
        # An id may be ahead of its job's time by as much as its maker's clock was set back.
        (Query(created_before=NOON), [NOON - 1, NOON + HOUR - 1], [NOON + HOUR]),
        (Query(created_after=NOON, created_before=NOON + 1), [NOON, NOON + HOUR], [NOON - 1, NOON + HOUR + 1]),
        # A job may have been created long before it ended, but not after.
        (Query(finished_after=NOON, finished_before=NOON + 1), [0, NOON + HOUR], [NOON + HOUR + 1]),
        (Query(created_after=-5), [0], []),
        (Query(created_after=2**60), [], [NOON]),
        (Query(before=f"{NOON:012x}" + "0" * 12, created_before=NOON + HOUR), [NOON - 1], [NOON]),
    ],
)
def test_a_time_filter_bounds_the_ids(query: Query, inside: list[int], outside: list[int]) -> None:
    bounds = _id_bounds(query, query.ids)

    def fits(id_: str) -> bool:
        return bool(bounds.get("$gte", "") <= id_ < bounds.get("$lt", "g"))

    assert all(fits(_id(at)) for at in inside)
    assert not any(fits(_id(at)) for at in outside)


def test_without_a_time_nothing_is_bounded() -> None:
    assert _id_bounds(Query(flow="f"), None) == {}


@pytest.mark.mongo
async def test_a_list_by_time_is_sent_with_its_bounds(place: MongoPlace) -> None:
    store = await place.open()
    early = await given.added(store)
    place.clock.forward(3 * HOUR)
    late = await given.added(store)
    with recorded(place.database) as commands:
        assert await given.ids_of(store, Query(created_after=late.created_at)) == [late.id]
        assert await given.ids_of(store, Query(created_before=late.created_at)) == [early.id]
    assert [sorted(one["filter"]["$and"][0]["_id"]) for one in commands.of("find", "jobs")] == [["$gte"], ["$lt"]]


@pytest.mark.mongo
async def test_leases_in_flight_are_asked_for_so_that_an_index_answers(place: MongoPlace) -> None:
    store = await place.open()
    rules = replace(RULES, concurrency=3)
    for _ in range(4):
        await given.added(store)
    await given.claim(store, 2, rules)
    with recorded(place.database) as commands:
        assert len((await given.claim(store, 2, rules)).jobs) == 1
    asked = [one for one in commands.of("find", "jobs") if "token" in one["filter"]]
    assert asked
    for one in asked:
        assert one["filter"]["token"] == {"$gt": ""}, "$exists would read every job in flight"
        assert one["projection"] == {"_id": 0, "token": 1}


async def _slots(place: MongoPlace) -> list[dict[str, Any]]:
    with recorded(place.database) as commands:
        store = await place.open()
        await given.claim(store, 1, replace(RULES, concurrency=50))
    [write] = commands.of("update", "lanes")
    slots: list[dict[str, Any]] = write["updates"][0]["u"]["$set"]["slots"]
    return slots


@pytest.mark.mongo
@pytest.mark.parametrize(("kept", "there"), [(3600.0, 11), (0.0, 1)])
async def test_filled_slots_leave_the_lane_after_a_while_and_count_all_the_same(
    server: MongoServer, kept: float, there: int
) -> None:
    place = MongoPlace(server, Clock(), tuning=Tuning(slot_kept=kept, count_reuse=0.0))
    store = await place.open()
    for _ in range(13):
        await given.added(store)
    ten = (await given.claim(store, 10, replace(RULES, concurrency=50))).jobs
    assert len(ten) == 10
    assert len(await _slots(place)) == there
    assert (await given.claim(store, 5, replace(RULES, concurrency=11))).jobs == []
    await given.moved(store, ten[0], given.says(ten[0], Succeeded("r")))
    assert len((await given.claim(store, 5, replace(RULES, concurrency=11))).jobs) == 1
    await place.close()


@pytest.mark.mongo
async def test_all_that_is_due_at_once_is_made_ready_in_parts(server: MongoServer) -> None:
    place = MongoPlace(server, Clock(), tuning=Tuning(due_at_once=10, count_reuse=0.0))
    store = await place.open()
    due = place.clock.now() + HOUR
    jobs = [await given.added(store, run_at=due + n) for n in range(30)]
    place.clock.forward(HOUR + 30)
    claimed: list[str] = []
    with recorded(place.database) as commands:
        while len(claimed) < 30:
            page = (await given.claim(store, 10)).jobs
            assert page
            claimed += [job.id for job in page]
    assert claimed == [job.id for job in jobs], "longest due first"
    marked = [one for one in commands.of("update", "jobs") if one["updates"][0].get("multi")]
    assert len(marked) == 3
    assert all(len(one["updates"][0]["q"]["_id"]["$in"]) == 10 for one in marked)
    await place.close()


@pytest.mark.mongo
async def test_jobs_of_versions_without_keys_count_as_one_key_once(server: MongoServer) -> None:
    place = MongoPlace(server, Clock())
    store = await place.open()
    for _ in range(12):
        await given.added(store)
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["jobs"].update_many({}, {"$unset": {"keyHash": ""}})
    [mine] = await added(store, "a")
    assert await store.ahead(mine, 3) == Ahead(1, more=False)
    await place.close()
