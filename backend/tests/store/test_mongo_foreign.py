"""A document that is not ours, put into the collection by whoever's hand, stops nobody; large ones come in parts."""

import pymongo
import pytest

from job_processor.core.job import State
from job_processor.store.mongo import documents
from job_processor.store.mongo.store import MongoStore
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.places import MongoPlace

pytestmark = pytest.mark.mongo
FOREIGN: list[dict[str, object]] = [
    {},
    {"flow": "f", "ready": 1},
    {"flow": "f", "state": "PENDING", "ready": 1, "runAt": 0},
    {"flow": "f", "state": "NO SUCH STATE"},
    {"flow": 5, "state": "PENDING", "record": "text", "prompt": 7, "rev": "x"},
    {"dueAt": 0, "finishedAt": 0},
]


@pytest.mark.parametrize("document", FOREIGN)
async def test_a_foreign_document_is_in_nobodys_way(
    place: MongoPlace, server: MongoServer, document: dict[str, object]
) -> None:
    store = await place.open()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["jobs"].insert_one({"_id": "ffffffffffffffffffffffff", **document})
    start = await given.position(store)
    job = await given.added(store)
    assert await given.ids_of(store) == [job.id]
    assert await store.get("f" * 24) is None
    counts = await store.counts()
    assert counts.by_state[("f", State.PENDING)] in (1, 2)
    assert {notice.job_id for notice in await given.notices(store, start)} == {job.id}
    assert await store.overdue(10) == []
    claimed = (await given.claim(store, 5)).jobs
    assert [one.id for one in claimed] == [job.id]
    await store.prune(store.now(), 10)


async def test_whole_jobs_come_in_pages_of_bounded_size(place: MongoPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PAGE_BYTES", 2500)
    store = await place.open()
    assert isinstance(store, MongoStore)
    for _ in range(6):
        await given.added(store, "x" * 1000)
    assert [len((await given.claim(store, 6)).jobs) for _ in range(3)] == [3, 3, 0]
    place.clock.forward(3_600_000)
    assert len(await store.overdue(6)) == 3
