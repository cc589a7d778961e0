"""take_permits: all processes over one store share one window of each name."""

import asyncio

from job_processor.core.permits import USE_MS, WINDOW_MS
from job_processor.store.base import Store
from tests.store_suite.places import Clock, Place


async def test_a_window_is_counted_down_and_filled_again(store: Store, clock: Clock) -> None:
    first = await store.take_permits("a", 5, 3)
    assert (first.permits, first.left, first.until) == (3, 2, clock.now() + USE_MS)
    clock.forward(30_000)
    assert (await store.take_permits("a", 5, 3)).permits == 2
    refused = await store.take_permits("a", 5, 1)
    assert (refused.permits, refused.left) == (0, 0)
    assert (await store.take_permits("b", 5, 1)).permits == 1, "another name has its own window"
    clock.forward(refused.more_at - clock.now() - 1)
    assert (await store.take_permits("a", 5, 1)).permits == 0
    clock.forward(1)
    assert (await store.take_permits("a", 5, 5)).permits == 3
    clock.forward(WINDOW_MS + USE_MS + 1_000)
    assert (await store.take_permits("a", 5, 5)).permits == 5


async def test_many_processes_together_get_no_more_than_the_limit(place: Place, clock: Clock) -> None:
    stores = [await place.open() for _ in range(4)]
    for _ in range(2):
        grants = await asyncio.gather(*(one.take_permits("a", 50, 7) for one in stores for _ in range(3)))
        assert sum(one.permits for one in grants) == 50
        clock.forward(WINDOW_MS + USE_MS + 1_000)


async def test_a_smaller_limit_counts_at_once(store: Store) -> None:
    assert (await store.take_permits("a", 10, 8)).permits == 8
    assert (await store.take_permits("a", 5, 1)).permits == 0
    assert (await store.take_permits("a", 9, 5)).permits == 1
