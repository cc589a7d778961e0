"""One fixture over all drivers. ``store`` is open and empty; ``place`` opens more of it, or lets it crash."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from job_processor.store.base import Store
from tests import mongo_server
from tests.store_suite.places import Clock, Place, place_of
from tests.support.stores import patient

__all__ = ["patient"]


def pytest_report_collectionfinish() -> str:
    return mongo_server.describe()


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def place(driver: str, tmp_path: Path) -> AsyncIterator[Place]:
    server = mongo_server.require() if driver == "mongo" else None
    async with place_of(driver, tmp_path, server) as made:
        yield made


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open()


@pytest.fixture
def clock(place: Place) -> Clock:
    return place.clock
