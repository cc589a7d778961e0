"""After an outage workers get to renew their leases before the reaper takes them for dead."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.core.errors import StoreUnavailable
from job_processor.store.base import Held
from job_processor.store.mongo.outage import Outage
from tests.faults.mongo_places import QUICK, Harmed, harmed
from tests.faults.mongo_proxy import READS, WRITES, Harm
from tests.store_suite import given
from tests.store_suite.given import RULES


class Steady:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_an_outage_is_what_lies_between_two_answers() -> None:
    steady = Steady()
    outage = Outage(steady)
    outage.answered()
    assert outage.began_ago(1.0, 12.0) is None
    steady.at += 5
    outage.failed()
    steady.at += 5
    outage.failed()
    assert outage.began_ago(1.0, 12.0) == 10, "it may be over with the next answer"
    outage.answered()
    assert outage.began_ago(1.0, 12.0) == 10
    steady.at += 11
    outage.answered()
    assert outage.began_ago(1.0, 12.0) == 21
    steady.at += 1
    assert outage.began_ago(1.0, 12.0) is None, "whoever lives has renewed by now"


def test_a_moment_is_no_outage() -> None:
    steady = Steady()
    outage = Outage(steady)
    outage.answered()
    outage.failed()
    steady.at += 0.5
    outage.answered()
    assert outage.began_ago(1.0, 12.0) is None


def test_a_sleep_is_like_an_outage_that_has_just_ended() -> None:
    steady = Steady()
    outage = Outage(steady)
    outage.slept(28_800)
    assert outage.began_ago(1.0, 12.0) == 28_800
    steady.at += 12
    assert outage.began_ago(1.0, 12.0) is None
    outage.slept(-28_800)
    assert outage.began_ago(1.0, 12.0) is None


pytestmark = [
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]


async def _is_down_for_a_while(here: Harmed) -> None:
    here.proxy.order(Harm.CUT_BEFORE, READS | WRITES | {"ping"}, 10**9)
    # Twice: beside the first one a reply that was under way may still arrive, and the outage begins with it.
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await here.store.overdue(10)
    here.proxy.clear()


@pytest.mark.mongo
async def test_a_lease_that_ended_in_an_outage_is_its_workers_to_renew() -> None:
    lease = int(RULES.lease_seconds * 1000)
    async with harmed(replace(QUICK, give_up_after=0.3, outage=0.05, renewal=60.0)) as here:
        long_dead = await given.added(here.truth)
        await given.claimed(here.truth)
        here.place.clock.forward(lease // 2)
        late = await given.added(here.truth, deadline=here.place.clock.now() + lease // 2 - 1)
        await given.claimed(here.truth)
        held = await given.added(here.truth)
        job = await given.claimed(here.truth)
        here.place.clock.forward(lease)
        await _is_down_for_a_while(here)
        # The worker of `held` is alive and could not renew: its lease ended this moment. The others were due before.
        assert {one.id for one in await here.store.overdue(10)} == {long_dead.id, late.id}
        assert job.lease is not None
        assert await here.store.extend([Held(job.id, job.lease.token)], here.place.clock.now() + lease) == []
        assert held.id not in {one.id for one in await here.truth.overdue(10)}


@pytest.mark.mongo
async def test_when_the_workers_had_their_time_the_lease_is_overdue() -> None:
    async with harmed(replace(QUICK, give_up_after=0.3, outage=0.05, renewal=0.0)) as here:
        job = await given.added(here.truth)
        await given.claimed(here.truth)
        here.place.clock.forward(int(RULES.lease_seconds * 1000))
        await _is_down_for_a_while(here)
        assert [one.id for one in await here.store.overdue(10)] == [job.id]


async def test_a_store_closes_although_nothing_answers_its_last_command() -> None:
    async with harmed() as here:
        await given.added(here.store)
        here.proxy.order(Harm.HALF_OPEN, {"endSessions"}, 1)
        async with asyncio.timeout(60):
            await here.store.close()
        assert here.proxy.done[Harm.HALF_OPEN] == 1
