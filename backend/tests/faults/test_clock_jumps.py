"""An administrator sets the clock, or NTP does: no lease ends for that, and no job starts or dies early."""

from pathlib import Path

import pytest

from job_processor.store.clock import MAX_SLEW, SteadyClock
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite.given import RULES, added, claimed

HOUR = 3600.0
NOW = 1_800_000_000.0


class Times:
    """The machine's two clocks in the test's hands, in seconds."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 5_000.0

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.steady)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


JUMPS = [HOUR, -HOUR, -NOW, 2**31 - NOW, 0.9]


@pytest.mark.parametrize("jump", JUMPS, ids=["an hour on", "an hour back", "to 1970", "to 2038", "a leap second"])
def test_a_jump_of_the_wall_clock_is_followed_slowly_and_never_backwards(jump: float) -> None:
    times = Times()
    clock = times.clock()
    before = clock.now()

    times.wall += jump
    assert clock.now() == before

    for second in range(1, 100):
        times.passes(1)
        now = clock.now()
        assert (
            before + int(second * (1 - MAX_SLEW) * 1000) - 1 <= now <= before + int(second * (1 + MAX_SLEW) * 1000) + 1
        )


@pytest.mark.parametrize("jump", [0.9, -0.9])
def test_a_small_step_is_caught_up_with(jump: float) -> None:
    times = Times()
    clock = times.clock()
    times.wall += jump

    for _ in range(20):
        times.passes(1)
        now = clock.now()

    assert now == int(times.wall * 1000)


@pytest.mark.parametrize("jump", JUMPS, ids=["an hour on", "an hour back", "to 1970", "to 2038", "a leap second"])
async def test_no_lease_ends_by_a_jump_and_every_one_by_time(tmp_path: Path, jump: float) -> None:
    times = Times()
    store = SqliteStore(tmp_path, now=times.clock().now)
    await store.open()
    try:
        for _ in range(5):
            await added(store)
            await claimed(store)
        await added(store, run_at=store.now() + 60_000)

        times.wall += jump
        times.passes(RULES.lease_seconds * 0.85)
        assert await store.overdue(10) == []
        # In time every lease still ends, and the scheduled job still waits for its own.
        times.passes(RULES.lease_seconds * 0.35)
        assert len(await store.overdue(10)) == 5
    finally:
        await store.close()
