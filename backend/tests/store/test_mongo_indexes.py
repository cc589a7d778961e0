"""Indexes are made where they are missing, without a limit that would end the build, and refused where they differ."""

import logging
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure

from job_processor.core.errors import StoreRefused
from job_processor.store.mongo import indexes
from job_processor.store.mongo.client import Link
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.store_suite.places import Clock, MongoPlace
from tests.support.mongo_commands import recorded

pytestmark = pytest.mark.mongo


async def test_a_second_open_builds_nothing(place: MongoPlace) -> None:
    with recorded(place.database) as commands:
        await place.open()
        assert {one["createIndexes"] for one in commands.of("createIndexes")} == set(indexes.wanted(3600))
        commands.clear()
        await place.open()
        assert commands.of("createIndexes") == []


async def test_a_build_has_no_limit_of_time(place: MongoPlace) -> None:
    """A primary ends and throws away a build whose command runs into its maxTimeMS, at every start anew."""
    with recorded(place.database) as commands:
        await place.open()
    assert commands.of("createIndexes")
    assert all("maxTimeMS" not in one for one in commands.of("createIndexes"))


async def test_only_what_is_missing_is_built_and_the_log_says_so(
    place: MongoPlace, server: MongoServer, caplog: pytest.LogCaptureFixture
) -> None:
    await place.open()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["jobs"].drop_index("due")
    caplog.clear()
    with recorded(place.database) as commands, caplog.at_level(logging.INFO):
        await place.open()
    [build] = commands.of("createIndexes")
    assert [index["name"] for index in build["indexes"]] == ["due"]
    said = [record.getMessage() for record in caplog.records if "jobs.due" in record.getMessage()]
    assert len(said) == 2, "before it begins and when it is done"


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ([("dueAt", -1)], {}),
        ([("dueAt", 1)], {"unique": True}),
        ([("dueAt", 1)], {"partialFilterExpression": {"dueAt": {"$gt": 5}}}),
    ],
)
async def test_an_index_of_the_same_name_that_differs_is_refused_by_name(
    place: MongoPlace, server: MongoServer, keys: list[tuple[str, int]], options: dict[str, Any]
) -> None:
    await place.open()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        jobs = client[place.database]["jobs"]
        jobs.drop_index("due")
        jobs.create_index(keys, name="due", **options)
    with pytest.raises(StoreRefused, match=r"jobs\.due"):
        await place.open()


async def test_another_time_of_expiry_is_refused_with_what_to_do(server: MongoServer) -> None:
    place = MongoPlace(server, Clock(), tuning=Tuning(keep_deletions=100))
    await place.open()
    place._tuning = Tuning(keep_deletions=200)
    with pytest.raises(StoreRefused, match="collMod"):
        await place.open()
    await place.close()


@pytest.mark.parametrize("code", [85, 86, 67])
async def test_a_build_that_the_server_refuses_names_its_index(
    server: MongoServer, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Link(server.uri, server.database(), Tuning())

    async def refused(*_: object) -> object:
        raise OperationFailure("x", code)

    monkeypatch.setattr("pymongo.asynchronous.collection.AsyncCollection.create_indexes", refused)
    with pytest.raises(StoreRefused, match=r"jobs\.turns"):
        await indexes.create(link)
    await link.close()
