"""Permits in batches: several processes under one limit, outages of the store, bounded memory."""

import asyncio
import random
from collections.abc import Callable, Sequence

import pytest

from job_processor.acts import rate_limits
from job_processor.acts.rate_limits import RateLimits
from job_processor.core.errors import StoreUnavailable
from job_processor.core.permits import Grant, Limits
from job_processor.store.base import Permits, Store
from tests.store_suite.places import Clock, Place


def seconds_of(clock: Clock) -> Callable[[], float]:
    return lambda: clock.now() / 1000


def over(stores: Sequence[Permits], clock: Clock) -> list[RateLimits]:
    return [RateLimits(one, Limits(), seconds_of(clock)) for one in stores]


async def uses(limits: RateLimits, name: str, limit: int, times: int, *, alone: bool = False) -> int:
    """How many of so many requests at once were allowed."""
    answers = await asyncio.gather(*(limits.admit(name, limit, alone=alone) for _ in range(times)))
    return sum(allowed for _, allowed in answers)


@pytest.mark.parametrize("limit", [3, 40, 1_000])
async def test_no_minute_has_more_than_the_limit_over_all_processes(place: Place, clock: Clock, limit: int) -> None:
    rng = random.Random(limit)
    processes = over([await place.open() for _ in range(3)], clock)
    allowed: list[tuple[int, int]] = []
    for _ in range(60):
        one = rng.choice(processes)
        allowed.append((clock.now(), await uses(one, "k", limit, rng.choice([1, 2, max(1, limit // 4)]))))
        clock.forward(rng.choice([0, 10, 500, 1_500, 9_000]))
    for at, _ in allowed:
        assert sum(n for when, n in allowed if at <= when < at + 60_000) <= limit
    # It is no stricter than it has to be: what processes hold and do not use is a small part.
    clock.forward(63_000)
    assert sum([await uses(one, "k", limit, limit) for one in processes]) >= limit * 0.85


async def test_a_single_process_gets_the_whole_limit_and_learns_when_there_is_more(store: Store, clock: Clock) -> None:
    [limits] = over([store], clock)
    assert await uses(limits, "k", 10, 15) == 10
    standing, allowed = await limits.admit("k", 10)
    assert not allowed
    assert standing.permits + standing.left == 0
    clock.forward(round((standing.more_at - limits.monotonic()) * 1000))
    assert (await limits.admit("k", 10))[1]


async def test_the_store_is_asked_once_for_many_requests(store: Store, clock: Clock) -> None:
    counted = Counted(store)
    [limits] = over([counted], clock)
    assert await uses(limits, "k", 60_000, 5_000) == 5_000
    assert counted.takes < 30
    counted.takes = 0
    for _ in range(5):
        assert await uses(limits, "refused", 1, 50) <= 1
    # A refusal holds until there is more: nobody asks again.
    assert counted.takes == 2


async def test_a_store_that_is_away_stops_nobody_and_the_limit_of_one_process_stays(clock: Clock) -> None:
    [limits] = over([Away(clock)], clock)
    assert await uses(limits, "k", 10, 30) == 10


async def test_addresses_are_counted_without_the_store_at_first(store: Store, clock: Clock) -> None:
    counted = Counted(store)
    [limits] = over([counted], clock)
    for n in range(50):
        assert await uses(limits, f"a{n}", 300, 30, alone=True) == 30
    assert counted.takes == 0
    assert await uses(limits, "a0", 300, 1_000, alone=True) == 270
    assert counted.takes > 0


async def test_memory_is_bounded_however_many_addresses_there_are(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "MAX_NAMES", 100)
    [limits] = over([store], clock)
    for n in range(1_000):
        await limits.admit(f"a{n}", 300, alone=True)
    assert limits.names == 100


async def test_few_questions_are_open_at_once(clock: Clock) -> None:
    silent = Silent(clock)
    [limits] = over([silent], clock)
    asking = [asyncio.create_task(limits.admit(f"a{n}", 5)) for n in range(200)]
    # All but the first few are decided by the process itself.
    done, open_ = await asyncio.wait(asking[rate_limits.MAX_TAKES :], timeout=20)
    assert len(done) == 200 - rate_limits.MAX_TAKES
    assert not open_
    assert silent.asked == rate_limits.MAX_TAKES
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


class _Part:
    """The part of a store that rate limits use."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked = 0

    def now(self) -> int:
        return self._clock.now()


class Away(_Part):
    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        raise StoreUnavailable("away")


class Silent(_Part):
    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError


class Counted:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.takes = 0

    def now(self) -> int:
        return self._store.now()

    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        self.takes += 1
        return await self._store.take_permits(name, limit, wanted)
