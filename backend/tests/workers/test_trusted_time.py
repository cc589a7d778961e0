"""Nothing is deleted for its age by a clock that nobody has reason to believe."""

import pytest

from job_processor.store.base import Worker
from job_processor.workers.heartbeat import Heartbeat
from job_processor.workers.pruner import Pruner
from job_processor.workers.trusted_time import MAX_GAP_MS, SETTLED_SECONDS, TrustedTime, last_trusted
from tests.support.clock import START, Clock
from tests.support.site import Site

DAY = 86_400_000


class Times:
    """The store's clock in milliseconds and a steady one in seconds."""

    def __init__(self, last_seen: int | None) -> None:
        self.now, self.seconds = START, 100.0
        self.trusted = TrustedTime(last_seen, lambda: self.seconds)

    def passes(self, seconds: float) -> bool:
        self.now += int(seconds * 1000)
        self.seconds += seconds
        return self.trusted.is_trusted(self.now)


@pytest.mark.parametrize("ago", [0, 1, MAX_GAP_MS])
def test_a_clock_that_goes_on_where_the_last_worker_left_it_is_believed_at_once(ago: int) -> None:
    assert Times(START - ago).passes(0)


@pytest.mark.parametrize("last_seen", [None, START - 60 * DAY, START + 1, START + 60 * DAY])
def test_any_other_is_believed_after_it_has_gone_on_evenly_for_an_hour(last_seen: int | None) -> None:
    times = Times(last_seen)
    assert not times.passes(0)
    for _ in range(int(SETTLED_SECONDS / 60) - 1):
        assert not times.passes(60)
    assert times.passes(60)
    assert times.passes(60)


@pytest.mark.parametrize("jump", [60 * DAY, -60 * DAY, 8 * 3_600_000])
def test_a_clock_that_was_set_is_believed_again_an_hour_later(jump: int) -> None:
    times = Times(START)
    assert times.passes(60)
    times.now += jump
    assert not times.passes(60)
    assert not times.passes(SETTLED_SECONDS - 1)
    assert times.passes(1)


async def test_one_start_with_a_clock_sixty_days_ahead_deletes_nothing(site: Site, clock: Clock) -> None:
    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")
    last_seen = clock.now()

    clock.forward(60 * DAY)
    wrong = Pruner(site.acts, site.store, 30, TrustedTime(last_seen))
    for _ in range(3):
        await wrong.tick()
    clock.forward(-60 * DAY)
    await wrong.tick()
    await Pruner(site.acts, site.store, 30, TrustedTime(last_seen)).tick()

    assert (await site.job(job))["status"] == "CANCELLED"


async def test_a_second_start_with_the_same_wrong_clock_deletes_nothing_either(site: Site, clock: Clock) -> None:
    """What the first start wrote by its wrong clock is no reason to believe that clock."""

    async def starts() -> None:
        time = TrustedTime(last_trusted(await site.store.workers(0)))
        await Heartbeat(site.store, f"w-{clock.now()}", "w", ["main"], [], lambda: None, time).tick()
        await Pruner(site.acts, site.store, 30, time).tick()

    job = (await site.submit())["id"]
    await site.client.post(f"/jobs/{job}/cancel")
    await site.store.record_heartbeat(Worker("before", "w", ("main",), 0, clock.now(), clock.now()))

    clock.forward(60 * DAY)
    for _ in range(3):
        await starts()
        clock.forward(60_000)

    assert (await site.job(job))["status"] == "CANCELLED"
