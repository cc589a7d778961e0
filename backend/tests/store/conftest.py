"""A server, a database of its own, and stores over it, for tests of the MongoDB driver alone."""

from collections.abc import AsyncIterator

import pytest

from tests import mongo_server
from tests.mongo_server import MongoServer
from tests.store_suite.places import Clock, MongoPlace


@pytest.fixture
def server() -> MongoServer:
    return mongo_server.require()


@pytest.fixture
async def place(server: MongoServer) -> AsyncIterator[MongoPlace]:
    made = MongoPlace(server, Clock())
    yield made
    await made.close()
