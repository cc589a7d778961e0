"""A laptop sleeps, NTP sets the clock, an administrator does: wall time is kept, and no lease ends for that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, CallbackUnreadable, Failed
from job_processor.store.base import WaitingQuery
from job_processor.store.clock import MAX_SLEW, SteadyClock
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite.given import RULES, added, changed_lane, claim, claimed, decided, moved, says
from tests.support.waiting import until_true

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


SLEPT = 8 * HOUR
JUMPS = {
    "eight hours of sleep": SLEPT,
    "an hour on": HOUR,
    "an hour back": -HOUR,
    "sixty days back": -60 * 24 * HOUR,
    "to 1970": -NOW,
    "to 2038": 2**31 - NOW,
    "a leap second": 0.9,
}
jumps = pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)


@jumps
def test_a_jump_of_the_wall_clock_moves_nothing_until_the_clock_is_set(jump: float) -> None:
    times = Times()
    clock = times.clock()
    before = clock.now()

    times.wall += jump
    assert clock.now() == before
    assert clock.step_due() == (int(jump * 1000) if abs(jump) > 2 else 0)

    for second in range(1, 100):
        times.passes(1)
        now = clock.now()
        assert (
            before + int(second * (1 - MAX_SLEW) * 1000) - 1 <= now <= before + int(second * (1 + MAX_SLEW) * 1000) + 1
        )

    clock.step(clock.step_due())
    assert abs(clock.now() - times.wall * 1000) <= 2_000


@pytest.mark.parametrize("jump", [0.9, -0.9])
def test_a_small_step_is_caught_up_with(jump: float) -> None:
    times = Times()
    clock = times.clock()
    times.wall += jump

    for _ in range(20):
        times.passes(1)
        now = clock.now()

    assert now == int(times.wall * 1000)


@asynccontextmanager
async def opened(path: Path, times: Times) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, clock=times.clock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def is_set(store: SqliteStore, times: Times) -> None:
    """The store's clock is right, without any time passing."""
    await until_true(lambda: abs(store.now() - times.wall * 1000) <= 2_000, "the clock to be set")
    # What asks for overdue jobs waits until the clock is set for good.
    await store.overdue(1)


@jumps
async def test_no_lease_ends_by_a_jump_and_every_one_by_time(tmp_path: Path, jump: float) -> None:
    times = Times()
    async with opened(tmp_path, times) as store:
        for _ in range(5):
            await added(store)
            await claimed(store)

        times.wall += jump
        await is_set(store, times)
        times.passes(RULES.lease_seconds * 0.85)
        assert await store.overdue(10) == []
        # In time every lease still ends.
        times.passes(RULES.lease_seconds * 0.35)
        assert len(await store.overdue(10)) == 5


@pytest.mark.parametrize("jump", [SLEPT, HOUR])
async def test_what_is_promised_in_wall_time_is_kept_after_a_sleep(tmp_path: Path, jump: float) -> None:
    times = Times()
    async with opened(tmp_path, times) as store:
        scheduled = await added(store, run_at=store.now() + 1_800_000)
        ends = await added(store, run_at=store.now() + 10**10, deadline=store.now() + 1_800_000 + 10**10)
        late = await added(store, deadline=store.now() + 1_800_000)

        times.wall += jump
        await is_set(store, times)

        assert abs((await added(store)).created_at - times.wall * 1000) <= 2_000
        assert [job.id for job in await store.overdue(10)] == [late.id]
        taken = [job.id for job in (await claim(store, 10)).jobs]
        assert scheduled.id in taken
        assert ends.id not in taken
        assert late.id not in taken


async def test_what_is_a_duration_lasts_as_long_as_before(tmp_path: Path) -> None:
    times = Times()
    async with opened(tmp_path, times) as store:
        await added(store)
        job = await claimed(store)
        waiting = await moved(store, job, says(job, Accepted(60_000)))
        await added(store)
        job = await claimed(store)
        failed = await moved(store, job, says(job, Failed(JobError("x", "y"))))
        now = store.now()
        lane = await changed_lane(store, "f", trouble=Trouble.OUTAGE, closed_until=now + 9_000, tokens_at=now)

        times.wall += SLEPT
        await is_set(store, times)

        by = store.now() - now
        after = await store.get(waiting.id)
        assert after is not None
        assert after.lease_until is not None
        assert waiting.lease_until is not None
        assert after.lease_until - waiting.lease_until == by
        again = await store.get(failed.id)
        assert again is not None
        assert again.run_at - failed.run_at == by
        [closed] = await store.lanes()
        assert (closed.closed_until, closed.tokens_at) == (now + 9_000 + by, now + by)
        assert closed.rev == lane.rev + 1


@pytest.mark.parametrize("jump", [SLEPT, -HOUR], ids=["on", "back"])
async def test_whom_to_ask_is_known_as_before(tmp_path: Path, jump: float) -> None:
    """A job whose processor is to be asked at once still is, and one heard of since a silence is left alone."""
    times = Times()
    async with opened(tmp_path, times) as store:
        await added(store)
        job = await claimed(store)
        waiting = await moved(store, job, says(job, Accepted(60_000)))
        lane = await changed_lane(store, "f", out_at=store.now() - 500)
        unheard = WaitingQuery("f", 10, lost_before=lane.out_at)
        assert list(await store.list_waiting(unheard)) == []
        await added(store)
        job = await claimed(store)
        wished = await moved(store, await moved(store, job, says(job, Accepted(60_000))), CallbackUnreadable("no JSON"))
        assert [one.id for one in await store.overdue(10)] == [wished.id]
        before = store.now()

        times.wall += jump
        await is_set(store, times)

        by = store.now() - before
        assert [one.id for one in await store.overdue(10)] == [wished.id]
        after = await store.get(wished.id)
        assert after is not None
        assert after.due_at() == (wished.due_at() or 0) + by
        [lane] = await store.lanes()
        assert [one.id for one in await store.list_waiting(WaitingQuery("f", 10, lost_before=lane.out_at))] == [
            wished.id
        ]
        assert waiting.id not in [one.id for one in await store.overdue(10)]


async def test_what_was_decided_by_the_clock_from_before_does_not_land(tmp_path: Path) -> None:
    times = Times()
    async with opened(tmp_path, times) as store:
        await added(store)
        job = await claimed(store)
        accepted = decided(job, says(job, Accepted(60_000)), store.now())

        times.wall += SLEPT
        await is_set(store, times)

        assert not await store.apply(accepted)
        now_known = await store.get(job.id)
        assert now_known is not None
        await moved(store, now_known, says(job, Accepted(60_000)))


async def test_a_group_that_is_rolled_back_sets_the_clock_once(tmp_path: Path) -> None:
    times = Times()
    async with opened(tmp_path, times) as store:
        await added(store)
        job = await claimed(store)
        before = store.now()
        times.wall += SLEPT
        # In one group with what cannot be done: everybody runs again, alone.
        store.now()
        with pytest.raises(StoreUnavailable):
            await store.add(job)
        await is_set(store, times)

        after = await store.get(job.id)
        assert after is not None
        assert job.lease_until is not None
        assert after.lease_until == job.lease_until + SLEPT * 1000
        assert store.now() == before + SLEPT * 1000
