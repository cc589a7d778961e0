"""The database's clock is the same in every time zone: a process with TZ=America/New_York is not hours off."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import bson
import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.store.mongo.client import Link
from job_processor.store.mongo.clock import DatabaseClock
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer

ZONES = ["UTC", "America/New_York", "Asia/Kolkata"]
_PRINT_NOW = """
import asyncio, sys
from job_processor.store.mongo.store import MongoStore

async def run():
    store = MongoStore(sys.argv[1], database=sys.argv[2])
    await store.open()
    print(store.now())
    await store.close()

asyncio.run(run())
"""


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The time zone of this process while the test runs."""
    with monkeypatch.context() as context:
        context.setenv("TZ", request.param)
        time.tzset()
        yield str(request.param)
    time.tzset()


@pytest.mark.mongo
async def test_the_server_time_is_aware(server: MongoServer) -> None:
    link = Link(server.uri, server.database(), Tuning())
    at = (await link.hello())["localTime"]
    await link.close()
    assert isinstance(at, datetime)
    assert at.tzinfo is not None


async def test_a_time_without_its_zone_is_refused(zone: str) -> None:
    """As it comes out of BSON without options: it would be read as local time, hours off."""
    naive = bson.decode(bson.encode({"t": datetime.now(UTC)}))["t"]
    assert isinstance(naive, datetime)

    async def read() -> datetime:
        return naive

    with pytest.raises(StoreUnavailable, match="time zone"):
        await DatabaseClock(read, 1e9).start()


@pytest.mark.mongo
async def test_the_stores_clock_is_the_servers_in_every_time_zone(server: MongoServer, zone: str) -> None:
    link = Link(server.uri, server.database(), Tuning())

    async def read() -> datetime:
        at = (await link.hello())["localTime"]
        assert isinstance(at, datetime)
        return at

    clock = DatabaseClock(read, 1e9)
    await clock.start()
    apart = abs(clock.now() - time.time() * 1000)
    await clock.stop()
    await link.close()
    # Both clocks are this machine's. Half an hour is the smallest step between time zones.
    assert apart < 60_000


@pytest.mark.mongo
def test_processes_in_different_time_zones_agree(server: MongoServer) -> None:
    database = server.database()
    said = [
        int(
            subprocess.run(
                [sys.executable, "-c", _PRINT_NOW, server.uri, database],
                env=dict(os.environ, TZ=zone),
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for zone in ZONES
    ]
    server.drop(database)
    assert max(said) - min(said) < 5 * 60_000
