"""A store of each driver, for tests of what workers do when it fails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from job_processor.acts import rate_limits
from job_processor.store.base import Store
from job_processor.store.sqlite import searching
from tests import mongo_server
from tests.store_suite.places import Place, place_of


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine half a second may be over before a store has answered: then a process grants permits alone, and
    a search reads an index that has not caught up."""
    monkeypatch.setattr(rate_limits, "TAKE_SECONDS", 30)
    monkeypatch.setattr(searching, "CATCH_UP_SECONDS", 30)


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    driver = str(request.param)
    server = mongo_server.require() if driver == "mongo" else None
    async with place_of(driver, tmp_path, server) as made:
        yield made


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open()
