"""A server that lacks what the driver needs is refused by name at open; so are data of a newer version."""

import asyncio

import pymongo
import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from job_processor.core.errors import StoreRefused
from job_processor.store.base import Facet, FacetKind, Phrase, Query
from job_processor.store.mongo import meta
from job_processor.store.mongo.client import Link, _product
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.store_suite import given
from tests.store_suite.places import Clock, MongoPlace
from tests.support.mongo_commands import recorded
from tests.support.waiting import until_true


@pytest.mark.parametrize(
    ("build", "hosts", "name"),
    [
        ({"version": "8.0.17"}, "db1.example:27017/x", "MongoDB"),
        ({"version": "7.0.77", "ferretdb": {"version": "v2.5.0"}}, "127.0.0.1:27017/x", "FerretDB"),
        ({"version": "8.0.2"}, "c.cluster-x.eu-central-1.docdb.amazonaws.com:27017/x", "Amazon DocumentDB"),
        ({"version": "8.0.0"}, "c.mongocluster.cosmos.azure.com:10260/x", "Azure DocumentDB"),
    ],
)
def test_what_answers_is_called_by_its_name(build: dict[str, object], hosts: str, name: str) -> None:
    assert _product(build, hosts) == name


@pytest.mark.mongo
@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("$currentDate", "currentDate"),
        ("$push", "push"),
        ("$ifNull", "pipeline"),
    ],
)
async def test_a_server_that_lacks_something_is_refused_by_name(
    server: MongoServer, monkeypatch: pytest.MonkeyPatch, lacks: str, said: str
) -> None:
    link = Link(server.uri, server.database(), Tuning())
    real = AsyncCollection.update_one

    async def update_one(self: object, where: object, update: object, **options: object) -> object:
        if lacks in str(update):
            raise OperationFailure("unknown operator", 9)
        return await real(self, where, update, **options)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(AsyncCollection, "update_one", update_one)
    with pytest.raises(StoreRefused, match=rf"Amazon DocumentDB 8\.0\.2 cannot be used: .*{said}"):
        await meta.examine(link, "Amazon DocumentDB 8.0.2")
    await link.close()


@pytest.mark.mongo
async def test_a_server_is_tried_once_and_again_when_it_is_another(place: MongoPlace, server: MongoServer) -> None:
    with recorded(place.database) as commands:
        await place.open()
        assert len(commands.of("update", "meta")) == 4, "three forms of update, and what was found out"
        commands.clear()
        await place.open()
        assert commands.of("update", "meta") == []
    link = Link(server.uri, place.database, Tuning())
    with recorded(place.database) as commands:
        await meta.examine(link, "MongoDB 99.0")
        assert len(commands.of("update", "meta")) == 4
    await link.close()


@pytest.mark.mongo
async def test_many_that_start_at_once_do_not_disturb_each_other(place: MongoPlace, server: MongoServer) -> None:
    link = Link(server.uri, place.database, Tuning())
    await asyncio.gather(*(meta.examine(link, "MongoDB 99.0") for _ in range(20)))
    assert [one["_id"] async for one in link.collection("meta").find()] == ["format"]
    await link.close()


@pytest.mark.mongo
async def test_data_of_a_newer_version_are_refused(place: MongoPlace, server: MongoServer) -> None:
    await place.open()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["meta"].update_one({"_id": "format"}, {"$set": {"format": 9, "oldestReader": 9}})
    with pytest.raises(StoreRefused, match="newer"):
        await place.open()


@pytest.mark.mongo
async def test_jobs_of_older_versions_become_searchable_in_the_background(server: MongoServer) -> None:
    place = MongoPlace(server, Clock())
    store = await place.open()
    old = await given.added(store, "needle", metadata={"a": 1})
    await given.added(store, "needle")
    assert store.is_searchable()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        database = client[place.database]
        database["jobs"].update_one({"_id": old.id}, {"$unset": {"words": "", "facets": ""}})
        database["meta"].update_one({"_id": "format"}, {"$unset": {"searchable": ""}})
    query = Query(phrases=(Phrase("needle"),), facets=frozenset({Facet(FacetKind.METADATA, "a=1")}))
    assert await given.ids_of(store, query) == []
    again = await place.open()
    await until_true(again.is_searchable)
    assert await given.ids_of(again, query) == [old.id]
    assert (await place.open()).is_searchable()
    await place.close()
