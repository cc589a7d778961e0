"""What only the MongoDB driver has: indexes that can be checked, polling without change streams, plain values."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pymongo
import pytest

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import StoreUnavailable
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.core.job import Job, State
from job_processor.core.outcome import ResultAccepted
from job_processor.store.base import Notice, Resync
from job_processor.store.mongo.inspect import inspect
from job_processor.store.mongo.store import MongoStore
from job_processor.store.mongo.tuning import Tuning
from job_processor.store.mongo.watch import Watch
from tests.mongo_server import MongoServer
from tests.store.meanwhile import after_first_read
from tests.store_suite import given
from tests.store_suite.places import Clock, MongoPlace
from tests.support.mongo_commands import recorded


@pytest.mark.mongo
async def test_indexes_are_made_at_open_and_a_missing_one_is_named(place: MongoPlace, server: MongoServer) -> None:
    await place.open()
    assert (await inspect(server.uri, database=place.database)).missing == []
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["jobs"].drop_index("turns")
    assert (await inspect(server.uri, database=place.database)).missing == ["jobs.turns"]
    await place.open()
    assert (await inspect(server.uri, database=place.database)).missing == []


@pytest.mark.mongo
async def test_without_their_index_claims_are_slow_and_right(place: MongoPlace, server: MongoServer) -> None:
    store = await place.open()
    made = [await given.added(store) for _ in range(3)]
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["jobs"].drop_index("turns")
    with recorded(place.database) as commands:
        assert [job.id for job in (await given.claim(store, 3)).jobs] == [job.id for job in made]
    hints = [one.get("hint") for one in commands.of("find", "jobs")]
    assert "turns" in hints
    assert None in hints


@pytest.mark.mongo
async def test_numbers_come_back_as_plain_numbers(place: MongoPlace) -> None:
    store = await place.open()
    job = await given.completed(store)
    stored = await store.get(job.id)
    assert stored is not None
    assert {type(stored.created_at), type(stored.rev), type(stored.history[0].at), type(stored.run_at)} == {int}


@pytest.mark.mongo
async def test_without_change_streams_changes_are_polled_for(
    place: MongoPlace,
) -> None:
    store = await place.open()
    assert isinstance(store, MongoStore)
    before = await given.completed(store)
    polling = Watch(store._open.link, streams=False, server_now=store._open.clock.server_now)
    came: list[Notice | Resync] = []

    done = asyncio.Event()

    async def follow() -> None:
        async for notice in polling.follow():
            came.append(notice)
            if isinstance(notice, Notice) and notice.state is State.COMPLETED:
                done.set()
            if isinstance(notice, Notice) and notice.state is None:
                return

    following = asyncio.create_task(follow())
    while not came:
        await given.moved(store, await given.added(store), given.Cancelled())
    job = await given.completed(store)
    await done.wait()
    await store.delete(job.id)
    await following
    told = [one for one in came if isinstance(one, Notice)]
    assert len(told) == len(came)
    assert [(n.state, n.flow) for n in told if n.job_id == job.id][-1] == (None, "f")
    positions = [n.position for n in told]
    assert positions == sorted(set(positions))
    assert len({(n.job_id, n.state, n.rev) for n in told}) == len(told), "nothing is told twice"
    assert before.id not in {n.job_id for n in told}, "only from now on"
    await polling.close()


@pytest.mark.mongo
async def test_a_position_of_long_ago_is_answered_with_resync(server: MongoServer) -> None:
    place = MongoPlace(server, Clock(), tuning=Tuning(keep_deletions=0.0))
    store = await place.open()
    position = await given.position(store)
    assert isinstance(store, MongoStore)
    first = store._open.clock.now()
    while store._open.clock.now() <= first + 1:
        await store.ping()
    assert isinstance(await store.since(position, 10), Resync)
    await place.close()


@pytest.mark.mongo
@pytest.mark.parametrize("way", ["delete", "prune"])
async def test_the_notice_of_a_deletion_is_newer_than_a_move_that_came_just_before(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A follower ignores a notice with an older rev than it has seen: it would show the deleted job for ever."""
    store, other = await place.open(), await place.open()
    job = await given.cancelled(other)
    moved = list[Job]()

    async def accept() -> None:
        moved.append(await given.moved(other, job, ResultAccepted("r")))

    after_first_read(monkeypatch, store, accept)
    position = await given.position(other)
    assert await (store.delete(job.id) if way == "delete" else store.prune(place.clock.now() + 1, 10))
    told = await other.since(position, 100)
    assert not isinstance(told, Resync)
    [deleted] = [one for one in told if one.state is None]
    assert deleted.rev > moved[0].rev > job.rev


@pytest.mark.mongo
async def test_a_document_is_readable_in_the_shell(place: MongoPlace, server: MongoServer) -> None:
    """Operators look into the database: names and nesting are part of what we promise them."""
    store = await place.open()
    job = await given.added(store, "prompt", metadata={"a.b": {"$c": 1}}, tags=("t",))
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        found = client[place.database]["jobs"].find_one({"_id": job.id})
    assert found is not None
    record = found["record"]
    assert isinstance(record, dict)
    assert (found["state"], found["prompt"], found["tags"]) == ("PENDING", "prompt", ["t"])
    assert record["history"][0]["what"] == "submitted"
    assert json.loads(record["metadata"]) == {"a.b": {"$c": 1}}


@pytest.mark.mongo
async def test_a_deletion_that_is_cut_off_anywhere_leaves_no_callbacks_without_their_job(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await place.open()
    assert isinstance(store, MongoStore)
    link = store._open.link
    do = link.do
    for steps in range(40):
        job = await given.cancelled(store)
        now = store.now()
        kept = Callback(f"{steps:024x}", now, now, CallbackVerdict.LATE, CallbackContent.RESULT, "r", job.id)
        await store.keep_callback(kept)
        left = steps

        async def dies(operation: Callable[[bool], Awaitable[object]]) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise StoreUnavailable("Here the process dies.")
            return await do(operation)

        monkeypatch.setattr(link, "do", dies)
        try:
            await store.delete(job.id)
        except StoreUnavailable:
            ended = False
        else:
            ended = True
        monkeypatch.setattr(link, "do", do)
        if await store.get(job.id) is None:
            assert await store.get_callback(kept.id) is None, steps
        else:
            assert await store.delete(job.id)
        if ended:
            assert steps > 1
            return
    pytest.fail("the deletion never ended")
