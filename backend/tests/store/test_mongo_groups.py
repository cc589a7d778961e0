"""Group commit: each write of a group lands or fails for itself, and no two are of one document."""

import asyncio
from typing import Any

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import State
from job_processor.store.mongo import groups
from job_processor.store.mongo.groups import Groups, Write
from job_processor.store.mongo.store import MongoStore
from tests.store_suite import given
from tests.store_suite.places import MongoPlace
from tests.support.mongo_commands import Recording, recorded

pytestmark = pytest.mark.mongo


def _sizes(commands: Recording) -> list[int]:
    return [len(one["updates"]) for one in commands.of("update", "jobs")]


async def test_what_comes_together_travels_together(place: MongoPlace) -> None:
    store = await place.open()
    with recorded(place.database) as commands:
        jobs = await asyncio.gather(*(given.added(store, f"p{n}") for n in range(60)))
    assert sum(_sizes(commands)) == 60
    assert len(_sizes(commands)) <= 5
    changes = [given.decided(job, given.Cancelled("no"), store.now()) for job in jobs]
    with recorded(place.database) as commands:
        assert all(await asyncio.gather(*(store.apply(change) for change in changes)))
    assert sum(_sizes(commands)) == 60
    assert len(_sizes(commands)) <= 5
    assert commands.of("find") == [], "all written: nobody has to look"


async def test_one_alone_waits_for_nobody(place: MongoPlace) -> None:
    store = await place.open()
    with recorded(place.database) as commands:
        await given.added(store)
        await given.added(store)
    assert _sizes(commands) == [1, 1]


async def test_two_moves_of_one_job_are_never_in_one_group(place: MongoPlace) -> None:
    store = await place.open()
    jobs = [await given.added(store) for _ in range(10)]
    changes = [given.decided(job, given.Cancelled("no"), store.now()) for job in jobs]
    with recorded(place.database) as commands:
        written = await asyncio.gather(*(store.apply(change) for change in changes for _ in range(3)))
    assert sum(written) == 10
    for command in commands.of("update", "jobs"):
        ids = [one["q"]["_id"] for one in command["updates"]]
        assert len(set(ids)) == len(ids)
    assert len(commands.of("update", "jobs")) >= 3


async def test_losers_and_winners_of_one_group_are_told_apart(place: MongoPlace) -> None:
    store, other = await place.open(), await place.open()
    jobs = [await given.added(store) for _ in range(12)]
    changes = [given.decided(job, given.Cancelled("no"), store.now()) for job in jobs]
    for job in jobs[::3]:
        await given.moved(other, job, given.Cancelled("before"))
    written = await asyncio.gather(*(store.apply(change) for change in changes))
    assert written == [number % 3 != 0 for number in range(12)]
    assert (await store.counts()).by_state == {("f", State.CANCELLED): 12}


async def test_a_group_is_bounded_in_number_and_bytes(place: MongoPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await place.open()
    monkeypatch.setattr(groups, "MAX_WRITES", 7)
    with recorded(place.database) as commands:
        await asyncio.gather(*(given.added(store) for _ in range(30)))
    assert max(_sizes(commands)) == 7
    monkeypatch.setattr(groups, "MAX_BYTES", 2500)
    with recorded(place.database) as commands:
        await asyncio.gather(*(given.added(store, "x" * 1000) for _ in range(9)))
    assert max(_sizes(commands)) == 3


async def test_new_jobs_come_after_moves_and_keep_a_share(place: MongoPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await place.open()
    waiting = [await given.added(store) for _ in range(20)]
    moves = [given.decided(job, given.Cancelled("no"), store.now()) for job in waiting]
    monkeypatch.setattr(groups, "MAX_WRITES", 16)
    # One group at a time: of two that run together, either may be the first to get a connection.
    monkeypatch.setattr(groups, "MAX_CONCURRENT", 1)
    with recorded(place.database) as commands:
        adding = [asyncio.create_task(given.added(store)) for _ in range(40)]
        await asyncio.gather(*(store.apply(change) for change in moves))
        await asyncio.gather(*adding)
    upserts = [[one.get("upsert", False) for one in sent["updates"]] for sent in commands.of("update", "jobs")]
    assert upserts[0] == [False] * 14 + [True] * 2
    assert upserts[1] == [False] * 6 + [True] * 10
    assert store.queue_seconds() == 0.0


def _write(number: int, update: dict[str, Any]) -> Write:
    return Write(f"w{number}", f"m{number}", {"_id": f"w{number}", "birth": f"m{number}"}, update, upsert=True)


async def test_what_no_server_can_take_fails_alone(place: MongoPlace) -> None:
    store = await place.open()
    assert isinstance(store, MongoStore)
    link = store._open.link
    together = Groups(link, link.collection("scratch"))
    writes = [_write(number, {"$setOnInsert": {"n": 2**70 if number == 3 else number}}) for number in range(6)]
    done = await asyncio.gather(*(together.write(write) for write in writes), return_exceptions=True)
    assert [answer is True for answer in done] == [number != 3 for number in range(6)]
    assert isinstance(done[3], StoreUnavailable)


async def test_what_the_server_refuses_fails_alone(place: MongoPlace) -> None:
    store = await place.open()
    assert isinstance(store, MongoStore)
    link = store._open.link
    together = Groups(link, link.collection("scratch"))
    assert await together.write(_write(2, {"$setOnInsert": {"text": "not a number"}}))
    writes = [_write(number, {"$inc": {"text": 1}}) for number in range(6)]
    done = await asyncio.gather(*(together.write(write) for write in writes), return_exceptions=True)
    assert [answer is True for answer in done] == [number != 2 for number in range(6)]


async def test_one_who_has_gone_before_it_was_sent_writes_nothing(place: MongoPlace) -> None:
    store = await place.open()
    job = await given.added(store)
    change = given.decided(job, given.Cancelled("no"), store.now())
    gone = asyncio.create_task(store.apply(change))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    assert gone.cancelled()
    assert await store.get(job.id) == job


async def test_what_waited_too_long_behind_others_is_refused_and_never_sent(place: MongoPlace) -> None:
    """When the database is away, the last in the queue does not wait for all groups before it, one after the other."""
    store = await place.open()
    assert isinstance(store, MongoStore)
    link = store._open.link
    together = Groups(link, link.collection("scratch"))
    old = _write(1, {"$setOnInsert": {"n": 1}})
    old.since -= link.tuning.try_timeout + 1
    with recorded(place.database) as commands:
        done = await asyncio.gather(
            together.write(old), together.write(_write(2, {"$setOnInsert": {"n": 2}})), return_exceptions=True
        )
    assert isinstance(done[0], StoreUnavailable)
    assert done[1] is True
    assert [one["q"]["_id"] for sent in commands.of("update") for one in sent["updates"]] == ["w2"]


async def test_closing_waits_for_what_was_sent(place: MongoPlace) -> None:
    store, other = await place.open(), await place.open()
    jobs = [await given.added(store) for _ in range(5)]
    moving = [asyncio.create_task(store.apply(given.decided(job, given.Cancelled("no"), store.now()))) for job in jobs]
    assert isinstance(store, MongoStore)
    # Once round the event loop, and the group has begun.
    for _ in range(3):
        await asyncio.sleep(0)
    assert store._open.writes._moves._under_way
    await store.close()
    answers = await asyncio.gather(*moving, return_exceptions=True)
    for job, answer in zip(jobs, answers, strict=True):
        found = await other.get(job.id)
        assert found is not None
        assert (answer is True) == (found.state is State.CANCELLED)
