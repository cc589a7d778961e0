"""Change streams under faults: resumed without a gap, or with the word that everything must be fetched anew."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from job_processor.core.job import Job, State
from job_processor.store.base import Notice, Resync
from tests.faults.mongo_places import Harmed, harmed
from tests.faults.mongo_proxy import Harm
from tests.store_suite import given

pytestmark = [
    pytest.mark.mongo,
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]


class Follower:
    """What came, and a way to wait for it."""

    def __init__(self, here: Harmed) -> None:
        self._here = here
        self.came: list[Notice | Resync] = []
        self._news = asyncio.Condition()
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for notice in self._here.store.watch():
            async with self._news:
                self.came.append(notice)
                self._news.notify_all()

    async def heard_of(self, job_id: str) -> None:
        async with self._news:
            await self._news.wait_for(
                lambda: any(isinstance(one, Notice) and one.job_id == job_id for one in self.came)
            )

    def resyncs(self) -> int:
        return sum(isinstance(one, Resync) for one in self.came)


@contextlib.asynccontextmanager
async def following() -> AsyncIterator[tuple[Harmed, Follower]]:
    async with harmed() as here:
        follower = Follower(here)
        while not follower.came:
            await given.cancelled(here.truth)
        try:
            yield here, follower
        finally:
            follower.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower.task


async def _goes_on(harm: Harm) -> None:
    async with following() as (here, follower):
        here.proxy.order(harm, {"getMore", "aggregate"}, 4)
        jobs: list[Job] = []
        while here.proxy.done[harm] < 4 or len(jobs) < 10:
            jobs.append(await given.added(here.truth))
        for job in jobs:
            await follower.heard_of(job.id)
        assert follower.resyncs() == 0
        positions = [one.position for one in follower.came]
        assert positions == sorted(set(positions))


async def test_a_stream_that_breaks_goes_on_where_it_was() -> None:
    cuts = (Harm.CUT_BEFORE, Harm.CUT_AFTER)
    elections = (Harm.NOT_PRIMARY, Harm.STEPPED_DOWN, Harm.INTERRUPTED, Harm.SHUTDOWN)
    async with asyncio.TaskGroup() as group:
        for harm in (*cuts, *elections):
            group.create_task(_goes_on(harm), name=harm.name)


async def test_when_history_is_lost_followers_must_fetch_anew_and_then_miss_nothing() -> None:
    async with following() as (here, follower):
        here.proxy.order(Harm.HISTORY_LOST, {"getMore"}, 1)
        while follower.resyncs() == 0:
            await given.cancelled(here.truth)
        # What comes after the word is told again.
        job = await given.added(here.truth)
        await follower.heard_of(job.id)
        assert here.proxy.done[Harm.HISTORY_LOST] == 1
        assert follower.resyncs() == 1


async def test_all_connections_cut_again_and_again() -> None:
    async with following() as (here, follower):
        for _ in range(5):
            here.proxy.cut_all()
            job = await given.added(here.truth)
            await follower.heard_of(job.id)
        told = [one for one in follower.came if isinstance(one, Notice)]
        assert all(one.state in (State.PENDING, State.CANCELLED) for one in told)
