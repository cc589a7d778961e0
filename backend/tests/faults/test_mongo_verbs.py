"""Every verb under every fault of network and replica set: its answer is true, and what it says was done once."""

import asyncio
from dataclasses import replace

import pytest

from job_processor.core.errors import IdempotencyMismatch, StoreUnavailable
from job_processor.core.job import State
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Held, IdempotencyKey, Query
from job_processor.store.mongo.tuning import Tuning
from tests.faults.mongo_places import Harmed, harmed
from tests.faults.mongo_proxy import READS, WRITES, Harm
from tests.faults.under_faults import ON_WRITES, Fault, done, here, under_each
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.support.waiting import until

__all__ = ["here"]

pytestmark = [
    pytest.mark.waits,
    pytest.mark.mongo,
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]
ON_READS = [one for one in ON_WRITES if one[0] not in (Harm.CONCERN_TIMEOUT, Harm.CONCERN_STEPPED_DOWN)]


@under_each(ON_WRITES)
async def test_add(here: Harmed, fault: Fault) -> None:
    here.proxy.order(fault[0], WRITES, fault[1])
    added = await here.store.add(given.a_job(here.store.now(), "p\0"))
    done(here, fault)
    assert added.created
    assert await given.jobs_of(here.truth) == [added.job]


@under_each(ON_WRITES)
async def test_add_with_a_key(here: Harmed, fault: Fault) -> None:
    """An insert that met its own earlier self is not taken for somebody else's."""
    key = IdempotencyKey("k", "body")
    here.proxy.order(fault[0], WRITES, fault[1])
    first = await here.store.add(given.a_job(here.store.now()), key)
    done(here, fault)
    assert first.created
    here.proxy.order(fault[0], WRITES, fault[1])
    second = await here.store.add(given.a_job(here.store.now()), key)
    assert (second.created, second.job) == (False, first.job)
    here.proxy.clear()
    with pytest.raises(IdempotencyMismatch):
        await here.store.add(given.a_job(here.store.now()), IdempotencyKey("k", "other"))
    assert await given.ids_of(here.truth) == [first.job.id]


@pytest.mark.parametrize("answers", [1, 2, 5])
async def test_a_key_that_a_majority_does_not_show_yet_is_waited_for(here: Harmed, answers: int) -> None:
    """Somebody else holds the key, and nothing of it can be read: that is not told as a key that changes hands."""
    key = IdempotencyKey("k", "body")
    first = await here.truth.add(given.a_job(here.truth.now()), key)
    here.proxy.order(Harm.MAJORITY_BEHIND, {"find"}, answers)
    again = await here.store.add(given.a_job(here.store.now()), key)
    assert (again.created, again.job) == (False, first.job)
    assert here.proxy.done[Harm.MAJORITY_BEHIND] == answers


@pytest.mark.parametrize("code", [50, 64])
async def test_an_insert_that_waits_for_its_majority_is_looked_for_again(here: Harmed, code: int) -> None:
    """The limit of a command can end its wait for a majority as well (50), not only the wait's own (64)."""
    harm = {50: Harm.CONCERN_TIME_LIMIT, 64: Harm.CONCERN_TIMEOUT}[code]
    jobs = [given.a_job(here.store.now()) for _ in range(3)]
    here.proxy.order(harm, WRITES, 2)
    added = await asyncio.gather(*(here.store.add(job) for job in jobs))
    assert all(one.created for one in added)
    assert here.proxy.done[harm] == 2
    assert sorted(await given.ids_of(here.truth)) == sorted(job.id for job in jobs)


@under_each(ON_WRITES)
async def test_apply(here: Harmed, fault: Fault) -> None:
    await given.added(here.truth)
    job = await given.claimed(here.truth)
    change = given.decided(job, given.says(job, Succeeded("r")), here.store.now())
    here.proxy.order(fault[0], WRITES, fault[1])
    assert await here.store.apply(change), "it was written, whatever became of the answers"
    done(here, fault)
    assert await here.truth.get(job.id) == change.job
    assert not await here.store.apply(change)


@under_each(ON_WRITES)
async def test_apply_that_must_lose(here: Harmed, fault: Fault) -> None:
    await given.added(here.truth)
    job = await given.claimed(here.truth)
    late = given.decided(job, given.says(job, Succeeded("late")), here.store.now())
    first = await given.moved(here.truth, job, given.says(job, Succeeded("first")))
    here.proxy.order(fault[0], WRITES, fault[1])
    assert not await here.store.apply(late)
    done(here, fault)
    assert await here.truth.get(job.id) == first


async def _claims(here: Harmed, fault: Fault, concurrency: int | None) -> None:
    rules = replace(RULES, concurrency=concurrency)
    for _ in range(6):
        await given.added(here.truth)
    here.proxy.order(fault[0], WRITES, fault[1])
    claimed = await given.claim(here.store, 4, rules)
    done(here, fault)
    assert len(claimed.jobs) == 4
    for job in claimed.jobs:
        assert job.attempt == 1
        assert await here.truth.get(job.id) == job
    running = await here.truth.list(Query(states=frozenset({State.RUNNING})))
    assert len(running) == 4, "nothing is in the hands of nobody"


@under_each(ON_WRITES)
async def test_claim(here: Harmed, fault: Fault) -> None:
    await _claims(here, fault, None)


@under_each(ON_WRITES)
async def test_claim_of_a_flow_with_a_limit(here: Harmed, fault: Fault) -> None:
    await _claims(here, fault, 4)


@under_each(ON_WRITES)
async def test_extend(here: Harmed, fault: Fault) -> None:
    await given.added(here.truth)
    job = await given.claimed(here.truth)
    assert job.lease is not None
    here.proxy.order(fault[0], WRITES, fault[1])
    held = [Held(job.id, job.lease.token), Held(job.id, "0" * 32)]
    assert list(await here.store.extend(held, job.lease.until + 5 - here.store.now())) == [job.id]
    done(here, fault)
    stored = await here.truth.get(job.id)
    assert stored is not None
    assert stored.lease is not None
    assert stored.lease.until == job.lease.until + 5


@under_each(ON_WRITES)
async def test_put_lane(here: Harmed, fault: Fault) -> None:
    lane = await given.lane_of(here.truth, "f")
    for rev in range(2):
        here.proxy.order(fault[0], WRITES, fault[1])
        assert await here.store.save_lane(replace(lane, rev=rev, paused=True))
    assert (await given.lane_of(here.truth, "f")).rev == 2
    assert not await here.store.save_lane(replace(lane, rev=0))


@under_each(ON_WRITES)
async def test_delete_and_prune(here: Harmed, fault: Fault) -> None:
    one = await given.cancelled(here.truth)
    two = await given.cancelled(here.truth)
    kept = await given.added(here.truth)
    here.proxy.order(fault[0], {"delete"}, fault[1])
    assert await here.store.delete(one.id)
    done(here, fault)
    assert await here.truth.get(one.id) is None
    here.place.clock.forward(1)
    here.proxy.order(fault[0], {"delete"}, fault[1])
    assert await here.store.prune(here.store.now(), 10) == 1
    assert await here.truth.get(two.id) is None
    assert await here.truth.get(kept.id) == kept


@under_each(ON_READS)
async def test_reads(here: Harmed, fault: Fault) -> None:
    harm, times = fault
    job = await given.completed(here.truth)
    here.proxy.order(harm, READS, times)
    assert await here.store.get(job.id) == job
    here.proxy.order(harm, READS, times)
    assert await given.jobs_of(here.store) == [job]
    here.proxy.order(harm, READS, times)

    async def counted() -> bool:
        return (await here.store.counts()).by_state == {("f", State.COMPLETED): 1}

    # Counting has a time limit of its own, after which the last count is the answer.
    await until(counted, "the count")
    here.proxy.clear()
    assert here.proxy.done[harm] == 3 * times, "reads are tried until they answer"


@pytest.mark.parametrize("harm", [Harm.CUT_BEFORE, Harm.NOT_PRIMARY, Harm.HALF_OPEN, Harm.SHUTDOWN])
async def test_an_outage_ends_in_bounded_tries_and_is_never_taken_for_success(harm: Harm) -> None:
    async with harmed(Tuning(try_timeout=0.5, give_up_after=2.5)) as here:
        here.proxy.order(harm, READS | WRITES, 10**9)
        with pytest.raises(StoreUnavailable):
            await here.store.add(given.a_job(here.store.now()))
        assert await given.ids_of(here.truth) == []
        here.proxy.clear()
        here.proxy.cut_all()
        # And it goes on by itself when the outage is over.
        job = await given.added(here.store)
        assert await here.truth.get(job.id) == job


async def test_when_no_answer_ever_comes_back_the_outcome_is_unknown_and_not_made_up() -> None:
    async with harmed(Tuning(try_timeout=0.5, give_up_after=2.0)) as here:
        job = given.a_job(here.store.now())
        here.proxy.order(Harm.CUT_AFTER, READS | WRITES, 10**9)
        with pytest.raises(StoreUnavailable):
            await here.store.add(job)
        # It was applied: once, and as it was asked for.
        assert await given.jobs_of(here.truth) == [job]


async def test_ping_says_when_the_database_does_not_answer(here: Harmed) -> None:
    await here.store.ping()
    here.proxy.order(Harm.CUT_BEFORE, {"ping"}, 10**9)
    with pytest.raises(StoreUnavailable):
        await here.store.ping()
    here.proxy.clear()
    await here.store.ping()


async def test_racing_writes_under_faults_land_once_each(here: Harmed) -> None:
    for harm in (Harm.CUT_AFTER, Harm.CUT_BEFORE, Harm.STEPPED_DOWN):
        here.proxy.order(harm, READS | WRITES, 5)
    jobs = await asyncio.gather(*(given.added(here.store, f"p{n}") for n in range(20)))
    changes = [given.decided(job, given.Cancelled("no"), here.store.now()) for job in jobs]
    for harm in (Harm.CUT_AFTER, Harm.CUT_BEFORE, Harm.STEPPED_DOWN):
        here.proxy.order(harm, READS | WRITES, 5)
    written = await asyncio.gather(*(here.store.apply(change) for change in (*changes, *changes)))
    assert sum(written) == 20
    assert (await here.truth.counts()).by_state == {("f", State.CANCELLED): 20}
