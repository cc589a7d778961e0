"""``job-processor check`` looks at a MongoDB and writes nothing, whatever it finds."""

from pathlib import Path

import pymongo
import pytest

from job_processor import commands
from job_processor.core.errors import StoreRefused
from job_processor.store.mongo.inspect import inspect
from tests.mongo_server import MongoServer
from tests.store_suite.places import MongoPlace
from tests.support.mongo_commands import recorded

pytestmark = pytest.mark.mongo
READS = {"find", "aggregate", "listIndexes", "explain"}


def _address(server: MongoServer, database: str) -> str:
    base, _, options = server.uri.partition("?")
    return f"{base.rstrip('/')}/{database}?{options}"


@pytest.mark.parametrize("plans", [False, True])
def test_check_writes_nothing(
    server: MongoServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], plans: bool
) -> None:
    """A database that is not there is not there afterwards either."""
    database = server.database()
    with recorded(database) as commands_sent:
        commands.check({"MONGODB_URI": _address(server, database), "DATA_DIR": str(tmp_path)}, plans=plans)
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        assert client[database].list_collection_names() == []
    said = capsys.readouterr().out
    assert set(commands_sent.names()) <= READS
    assert "indexes: missing jobs." in said
    assert "the first start on this server tries" in said


async def test_of_a_database_in_use_it_says_that_all_is_there(place: MongoPlace, server: MongoServer) -> None:
    await place.open()
    with recorded(place.database) as commands_sent:
        found = await inspect(server.uri, database=place.database)
    assert set(commands_sent.names()) <= READS
    assert found.missing == []
    assert [line.partition(":")[0] for line in found.lines] == ["indexes", "store"]


async def test_what_a_start_would_refuse_is_refused(place: MongoPlace, server: MongoServer) -> None:
    await place.open()
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        client[place.database]["meta"].update_one({"_id": "format"}, {"$set": {"oldestReader": 99}})
    with pytest.raises(StoreRefused, match="newer version"):
        await inspect(server.uri, database=place.database)
