"""Change streams under faults: resumed without a gap, or with the word that everything must be fetched anew."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pymongo
import pytest

from job_processor.core.job import Job, State
from job_processor.store.base import Notice, Resync
from job_processor.store.mongo.store import MongoStore
from job_processor.store.mongo.tuning import Tuning
from tests import mongo_server
from tests.faults.mongo_places import QUICK, Harmed, harmed
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

    async def heard_resyncs(self, number: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: self.resyncs() >= number)

    def resyncs(self) -> int:
        return sum(isinstance(one, Resync) for one in self.came)


@contextlib.asynccontextmanager
async def following(tuning: Tuning = QUICK) -> AsyncIterator[tuple[Harmed, Follower]]:
    async with harmed(tuning) as here:
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


# Real times are ten seconds and a minute.
HASTY = replace(QUICK, stream_silence=1.5, stream_resume=1.5, stream_down=0.0, stream_again=0.3, poll_every=0.02)


def arrive(here: Harmed) -> bool:
    return here.store.info.changes_arrive


def _said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


async def test_a_stream_that_never_catches_up_is_given_up_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    """It resumes, and the server reads its whole history without an answer in time: the same again each time."""
    with caplog.at_level(logging.WARNING):
        async with following(HASTY) as (here, follower):
            here.proxy.order(Harm.HALF_OPEN, {"getMore"}, 1)
            here.proxy.order(Harm.HALF_OPEN, {"aggregate"}, 1)
            await follower.heard_resyncs(1)
            job = await given.added(here.truth)
            await follower.heard_of(job.id)
            assert follower.resyncs() == 1
            assert here.proxy.done[Harm.HALF_OPEN] == 2
    assert _said(caplog, "has been down") == 1
    assert _said(caplog, "is back") == 1


async def test_one_silence_alone_loses_nothing() -> None:
    async with following(HASTY) as (here, follower):
        here.proxy.order(Harm.HALF_OPEN, {"getMore"}, 1)
        while here.proxy.done[Harm.HALF_OPEN] < 1:
            await given.added(here.truth)
        job = await given.added(here.truth)
        await follower.heard_of(job.id)
        assert follower.resyncs() == 0


async def test_a_stream_that_is_refused_is_replaced_by_polling_until_it_is_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        async with following(HASTY) as (here, follower):
            assert arrive(here)
            # A server refuses to open a stream; the batches of a find that is polled with are not refused.
            here.proxy.order(Harm.REFUSED, {"aggregate"}, 10**9)
            here.proxy.order(Harm.CUT_BEFORE, {"getMore"}, 1)
            while here.proxy.done[Harm.REFUSED] < 4:
                job = await given.added(here.truth)
            await follower.heard_of(job.id)
            assert not arrive(here)
            here.proxy.clear()
            while not arrive(here):
                await given.added(here.truth)
            job = await given.added(here.truth)
            await follower.heard_of(job.id)
            # What lay between the last look and the stream is not known to be complete.
            assert follower.resyncs() == 1
    assert _said(caplog, "gives no change stream") == 1
    assert _said(caplog, "is back") == 1


@pytest.mark.parametrize("document", [{}, {"notice": "no json"}, {"notice": '[1,"NO SUCH STATE","f",0]'}])
async def test_a_foreign_document_is_a_word_to_fetch_anew_and_not_the_end(document: dict[str, object]) -> None:
    async with following() as (here, follower):
        with pymongo.MongoClient[dict[str, object]](mongo_server.require().uri) as client:
            client[here.place.database]["jobs"].insert_one({"_id": "by hand", **document})
        await follower.heard_resyncs(1)
        job = await given.added(here.truth)
        await follower.heard_of(job.id)
        assert not follower.task.done()


async def test_whatever_happens_in_it_a_stream_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with following() as (here, follower):
        store = here.store
        assert isinstance(store, MongoStore)
        real = store._open.watch.notice
        failed = False

        async def once(event: dict[str, object]) -> object:
            nonlocal failed
            if not failed:
                failed = True
                raise RuntimeError("nobody foresaw this")
            return await real(event)

        monkeypatch.setattr(store._open.watch, "notice", once)
        lost = await given.added(here.truth)
        await follower.heard_resyncs(1)
        job = await given.added(here.truth)
        await follower.heard_of(job.id)
        assert lost.id not in {one.job_id for one in follower.came if isinstance(one, Notice)}
