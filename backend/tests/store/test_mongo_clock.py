"""The database's clock: read from the server, carried on by the monotonic clock, whatever the wall clock says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import NotPrimaryError

from job_processor.core.errors import StoreUnavailable
from job_processor.store.mongo.client import Link
from job_processor.store.mongo.clock import DatabaseClock
from job_processor.store.mongo.store import MongoStore
from job_processor.store.mongo.tuning import Tuning
from tests.mongo_server import MongoServer
from tests.support.waiting import until_true

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)


class World:
    """A server in another year than this process, and a network that takes its time."""

    def __init__(self, took: list[float]) -> None:
        self.steady = 1000.0
        self.server = NOON
        self.took = took

    async def read(self) -> datetime:
        half = (self.took.pop(0) if self.took else 0.0) / 2
        self.forward(half)
        answer = self.server
        self.forward(half)
        return answer

    def forward(self, seconds: float) -> None:
        self.steady += seconds
        self.server += timedelta(seconds=seconds)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


async def test_it_is_the_servers_time_and_goes_on_with_the_monotonic_clock() -> None:
    world = World([0.2, 0.02, 0.4])
    clock = DatabaseClock(world.read, 1e9, lambda: world.steady)
    await clock.start()
    assert abs(clock.now() - ms(world.server)) <= 1
    world.forward(3600)
    assert abs(clock.now() - ms(world.server)) <= 1
    await clock.stop()


async def test_a_new_primary_with_another_clock_makes_no_jump() -> None:
    world = World([])
    clock = DatabaseClock(world.read, 1e9, lambda: world.steady)
    await clock.start()
    before = clock.now()
    world.server += timedelta(seconds=50)
    await clock.measure()
    assert clock.now() - before <= 1
    world.forward(100)
    gained = clock.now() - before - 100_000
    assert 0 < gained <= 10_001
    await clock.stop()


async def test_it_is_read_anew_at_once_when_a_node_is_no_longer_the_primary() -> None:
    world = World([])
    clock = DatabaseClock(world.read, 1e9, lambda: world.steady)
    await clock.start()
    link = Link("mongodb://127.0.0.1:1/x", None, Tuning(give_up_after=5.0))
    link.on_new_primary = clock.hurry
    world.server += timedelta(hours=1)

    async def first_elsewhere(again: bool) -> str:
        if not again:
            raise NotPrimaryError("no longer")
        return "answer"

    assert await link.do(first_elsewhere) == "answer"
    await until_true(lambda: abs(clock.now() - ms(world.server)) <= 1, "the reading that nobody waits an hour for")
    await clock.stop()
    await link.close()


@pytest.mark.parametrize("hours", [8, -8])
async def test_after_a_sleep_it_is_the_servers_time_at_once(hours: int) -> None:
    """The monotonic clock stands still while a machine sleeps; and a server's clock that was far off may be set."""
    world = World([])
    told: list[float] = []
    clock = DatabaseClock(world.read, 1e9, lambda: world.steady, told.append)
    await clock.start()
    world.server += timedelta(hours=hours)
    await clock.measure()
    assert abs(clock.now() - ms(world.server)) <= 1
    assert [round(seconds) for seconds in told] == [hours * 3600]
    await clock.stop()


async def test_an_unknown_error_does_not_end_the_reading_of_the_clock() -> None:
    world = World([])
    failing = False

    async def read() -> datetime:
        if failing:
            raise KeyError("localTime")
        return await world.read()

    clock = DatabaseClock(read, 0.001, lambda: world.steady)
    await clock.start()
    failing = True
    await asyncio.sleep(0.01)  # Not synchronisation: some readings fail.
    failing = False
    world.server += timedelta(hours=1)
    await until_true(lambda: abs(clock.now() - ms(world.server)) <= 1, "the next reading")
    await clock.stop()


async def test_before_it_was_read_there_is_no_time() -> None:
    with pytest.raises(StoreUnavailable):
        DatabaseClock(World([]).read, 1e9).now()


@pytest.mark.mongo
async def test_two_processes_agree(server: MongoServer) -> None:
    database = server.database()
    one, two = MongoStore(server.uri, database=database), MongoStore(server.uri, database=database)
    await one.open()
    await two.open()
    first, second, third = one.now(), two.now(), one.now()
    # Each is off by half a round trip at the most; a second is far beyond that on one machine.
    assert first - 1000 <= second <= third + 1000
    await one.close()
    await two.close()
    server.drop(database)


@pytest.mark.parametrize("turns", range(6))
async def test_a_stop_as_an_outage_is_noticed_ends(turns: int) -> None:
    clock = DatabaseClock(World([]).read, 1e9)
    await clock.start()
    await asyncio.sleep(0)
    clock.hurry()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await clock.stop()
