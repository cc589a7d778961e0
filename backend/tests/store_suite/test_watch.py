"""watch: notices from now on, each after its write was durable; the end when the store closes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from job_processor.core.job import State
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Notice, Resync, Store
from tests.store_suite import given
from tests.store_suite.places import Place


class Follower:
    """Follows a store from a task of its own and keeps what came."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.came: list[Notice] = []
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._follow())
        self.ended = self._task

    async def _follow(self) -> None:
        async for notice in self._store.watch():
            assert not isinstance(notice, Resync)
            async with self._news:
                self.came.append(notice)
                self._news.notify_all()

    async def until(self, job_id: str, state: State | None) -> Notice:
        def last() -> Notice | None:
            return next((n for n in reversed(self.came) if n.job_id == job_id and n.state == state), None)

        async with self._news:
            await self._news.wait_for(lambda: last() is not None)
        found = last()
        assert found is not None
        return found


@contextlib.asynccontextmanager
async def following(store: Store, through: Store | None = None) -> AsyncIterator[Follower]:
    """A follower that is known to follow: jobs were added until it saw one."""
    follower = Follower(store)
    while not follower.came:
        assert not follower.ended.done(), follower.ended.exception()
        await given.moved(through or store, await given.added(through or store, "first"), given.Cancelled())
    try:
        yield follower
    finally:
        follower.ended.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await follower.ended


async def test_every_move_is_told(store: Store) -> None:
    async with following(store) as follower:
        job = await given.added(store)
        assert (await follower.until(job.id, State.PENDING)).rev == 1
        job = await given.claimed(store)
        await follower.until(job.id, State.RUNNING)
        job = await given.moved(store, job, given.says(job, Succeeded("r")))
        told = await follower.until(job.id, State.COMPLETED)
        assert (told.rev, told.flow, told.run_at) == (job.rev, "f", job.run_at)
        assert await store.delete(job.id)
        await follower.until(job.id, None)
        states = [notice.state for notice in follower.came if notice.job_id == job.id]
        assert states == [State.PENDING, State.RUNNING, State.COMPLETED, None]


async def test_what_is_told_can_be_read(store: Store) -> None:
    async with following(store) as follower:
        job = await given.added(store)
        told = await follower.until(job.id, State.PENDING)
        stored = await store.get(told.job_id)
        assert stored is not None
        assert stored.rev >= told.rev


async def test_positions_grow_and_lead_on_without_a_gap(store: Store) -> None:
    async with following(store) as follower:
        jobs = [await given.added(store) for _ in range(10)]
        await follower.until(jobs[-1].id, State.PENDING)
        told = [notice for notice in follower.came if notice.job_id in {job.id for job in jobs}]
        positions = [notice.position for notice in told]
        assert positions == sorted(set(positions))
        rest = await given.notices(store, told[4].position)
        assert {notice.job_id for notice in rest} >= {notice.job_id for notice in told[5:]}


async def test_what_is_told_after_a_look_back_lies_behind_it(store: Store) -> None:
    """Whoever reads the past while it follows, and goes on by positions, leaves nothing out at the seam."""
    async with following(store) as follower:
        start = await given.position(store)
        for _ in range(20):
            # Many changes at one time, and looks back that tell them again and again.
            past = await given.notices(store, start)
            job = await given.added(store)
            told = await follower.until(job.id, State.PENDING)
            assert told.position > max((notice.position for notice in past), default=start)


async def test_what_another_process_does_is_told(place: Place, store: Store) -> None:
    other = await place.open()
    async with following(store, through=other) as follower:
        job = await given.added(other)
        await follower.until(job.id, State.PENDING)


async def test_every_follower_is_told(store: Store) -> None:
    async with following(store) as one, following(store) as two:
        job = await given.added(store)
        await asyncio.gather(one.until(job.id, State.PENDING), two.until(job.id, State.PENDING))


async def test_following_ends_when_the_store_closes(store: Store) -> None:
    async with following(store) as follower:
        await store.close()
        await follower.ended
