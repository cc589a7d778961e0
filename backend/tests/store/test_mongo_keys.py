"""Idempotency keys in a collection of their own: one job a key, whatever dies in between, and old keys honoured."""

import asyncio
import contextlib

import pymongo
import pytest

from job_processor.core.errors import IdempotencyMismatch, StoreUnavailable
from job_processor.core.job import Job
from job_processor.store.base import Added, IdempotencyKey
from job_processor.store.mongo.keys import Keys
from job_processor.store.mongo.store import MongoStore
from job_processor.store.mongo.writes import Writes
from tests.mongo_server import MongoServer
from tests.store.meanwhile import after_first_read
from tests.store_suite import given
from tests.store_suite.places import MongoPlace
from tests.support.mongo_commands import recorded

pytestmark = pytest.mark.mongo
KEY = IdempotencyKey("k", "body")


class Killed(Exception):
    """Stands for SIGKILL between two writes."""


def _keys(place: MongoPlace, server: MongoServer) -> dict[str, str]:
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        return {str(one["_id"]): str(one["job"]) for one in client[place.database]["keys"].find()}


async def _dies_between_key_and_job(store: MongoStore, patch: pytest.MonkeyPatch) -> str:
    """The id of the job that was never made."""
    job = given.a_job(store.now())

    async def killed(*_: object) -> bool:
        raise Killed

    with patch.context() as context, contextlib.suppress(Killed):
        context.setattr(Writes, "_insert", killed)
        await store.add(job, KEY)
    return job.id


async def test_the_key_is_written_first_and_names_the_job(place: MongoPlace, server: MongoServer) -> None:
    store = await place.open()
    with recorded(place.database) as commands:
        job = await given.added(store, key=KEY)
    writes = [(next(iter(one.items())), one["updates"][0]["q"]["_id"]) for one in commands.of("update")]
    assert writes == [(("update", "keys"), "k"), (("update", "jobs"), job.id)]
    assert _keys(place, server) == {"k": job.id}


async def test_a_crash_between_key_and_job_is_repaired_by_whoever_repeats(
    place: MongoPlace, server: MongoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await place.open()
    assert isinstance(store, MongoStore)
    id_ = await _dies_between_key_and_job(store, monkeypatch)
    assert await store.get(id_) is None
    with pytest.raises(IdempotencyMismatch):
        await store.add(given.a_job(store.now()), IdempotencyKey("k", "other"))
    again = await asyncio.gather(*(store.add(given.a_job(store.now()), KEY) for _ in range(8)))
    assert sum(added.created for added in again) == 1
    assert {added.job.id for added in again} == {id_}
    assert await given.ids_of(store) == [id_]


async def test_the_first_that_was_only_slow_finds_the_job_made(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = await place.open(), await place.open()
    held, go_on = asyncio.Event(), asyncio.Event()
    real = Writes._insert
    first = True

    async def stopped(self: Writes, *args: object) -> bool:
        nonlocal first
        if first:
            first = False
            held.set()
            await go_on.wait()
        return await real(self, *args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Writes, "_insert", stopped)
    late = asyncio.create_task(slow.add(given.a_job(slow.now()), KEY))
    await held.wait()
    made = await quick.add(given.a_job(quick.now()), KEY)
    go_on.set()
    assert made.created
    assert await late == Added(made.job, created=False)


async def test_a_deleted_jobs_key_may_be_used_anew(place: MongoPlace, server: MongoServer) -> None:
    store = await place.open()
    for end in ("delete", "prune"):
        job = await given.added(store, key=KEY)
        await given.moved(store, job, given.Cancelled("no"))
        place.clock.forward(1)
        if end == "delete":
            assert await store.delete(job.id)
        else:
            assert await store.prune(store.now(), 10) == 1
        assert _keys(place, server) == {}


async def test_a_key_stays_with_a_job_that_was_retried_while_it_was_pruned(
    place: MongoPlace, server: MongoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = await place.open(), await place.open()
    job = await given.added(store, key=KEY)
    job = await given.moved(store, job, given.Cancelled("no"))
    place.clock.forward(1)
    after_first_read(monkeypatch, store, lambda: given.moved(other, job, given.Retried(1)))
    assert await store.prune(store.now(), 10) == 0
    assert _keys(place, server) == {"k": job.id}
    assert not (await store.add(given.a_job(store.now()), KEY)).created


@pytest.mark.parametrize("step", ["_record_deletions", "free", "_delete"])
async def test_a_key_leaves_no_job_that_stays(place: MongoPlace, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A job is retried, and its key is used for another body, before and after each step of its deletion."""
    store, other = await place.open(), await place.open()
    of = Keys if step == "free" else Writes
    real = getattr(of, step)

    async def meanwhile(job: Job) -> None:
        await other.apply(given.decided(job, given.Retried(1), other.now()))
        with contextlib.suppress(IdempotencyMismatch):
            await other.add(given.a_job(other.now()), IdempotencyKey("k", "other"))

    for after in (False, True):
        job = await given.moved(store, await given.added(store, key=KEY), given.Cancelled("no"))
        place.clock.forward(1)

        async def disturbed(self: object, *args: object, job: Job = job, after: bool = after) -> object:
            if not after:
                await meanwhile(job)
            done = await real(self, *args)
            if after:
                await meanwhile(job)
            return done

        with monkeypatch.context() as context:
            context.setattr(of, step, disturbed)
            await store.prune(store.now(), 10)
        if await store.get(job.id) is not None:
            assert (await store.add(given.a_job(store.now()), KEY)).job.id == job.id
        for left in await given.ids_of(store):
            found = await given.stored(store, left)
            if not found.is_final:
                await given.moved(store, found, given.Cancelled("tidy up"))
            assert await store.delete(left)


@pytest.mark.parametrize("end", ["delete", "prune"])
async def test_a_job_that_is_deleted_while_its_key_is_looked_up_does_not_come_back_without_it(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    store, other = await place.open(), await place.open()
    old = await given.moved(store, await given.added(store, key=KEY), given.Cancelled("no"))
    place.clock.forward(1)
    real = Keys.hold

    async def deleted(self: Keys, key: IdempotencyKey, job_id: str) -> str | None:
        found = await real(self, key, job_id)
        monkeypatch.undo()
        await (other.delete(old.id) if end == "delete" else other.prune(other.now(), 10))
        return found

    monkeypatch.setattr(Keys, "hold", deleted)
    made = await store.add(given.a_job(store.now()), KEY)
    assert made.created
    assert made.job.id != old.id
    assert await store.add(given.a_job(store.now()), KEY) == Added(made.job, created=False)
    assert await given.ids_of(store) == [made.job.id]


async def test_a_key_of_before_that_stands_in_its_job_is_honoured(place: MongoPlace, server: MongoServer) -> None:
    store = await place.open()
    job = await given.added(store)
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        jobs = client[place.database]["jobs"]
        jobs.update_one({"_id": job.id}, {"$set": {"key": {"key": "k", "fingerprint": "body"}}})
        jobs.create_index("key.key", name="key", unique=True, sparse=True)
    # A process that starts now is one of the new version over data of the old.
    later = await place.open()
    assert await later.add(given.a_job(later.now()), KEY) == Added(job, created=False)
    with pytest.raises(IdempotencyMismatch):
        await later.add(given.a_job(later.now()), IdempotencyKey("k", "other"))
    assert _keys(place, server) == {}


async def test_a_new_database_has_no_unique_index_but_ids(place: MongoPlace, server: MongoServer) -> None:
    """A collection with another one cannot be sharded by its id."""
    await place.open()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        for name in ("jobs", "keys", "callbacks"):
            unique = [
                index["name"]
                for index in client[place.database][name].list_indexes()
                if index.get("unique") and index["name"] != "_id_"
            ]
            assert unique == (["mark"] if name == "callbacks" else [])


async def test_a_key_that_changes_hands_all_the_time_ends_in_bounded_tries(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await place.open()

    async def never(*_: object) -> None:
        return None

    monkeypatch.setattr(Keys, "hold", never)
    monkeypatch.setattr("job_processor.store.mongo.writes._PAUSES", (0.0, 0.0))
    with pytest.raises(StoreUnavailable, match="deleted and stored again"):
        await store.add(given.a_job(store.now()), KEY)
