"""Calls of each of the store's verbs that are about jobs."""

from dataclasses import replace

from job_processor.core.flow import SharedLimit
from job_processor.core.job import State
from job_processor.core.lane import Trouble
from job_processor.core.transitions import submit
from job_processor.store.base import (
    Ahead,
    Claim,
    Held,
    IdempotencyKey,
    Query,
    Store,
    WaitingQuery,
)
from job_processor.store.mongo.store import MongoStore
from tests.store_suite import access, given
from tests.store_suite.given import RULES


async def add(store: Store) -> None:
    await given.added(store)


async def add_with_a_key(store: Store) -> None:
    await given.added(store, key=IdempotencyKey("k", "body"))


async def apply(store: Store) -> None:
    await given.moved(store, await given.added(store), given.Cancelled("no"))


async def apply_that_loses(store: Store) -> None:
    job = await given.added(store)
    late = given.decided(job, given.Cancelled("late"), store.now())
    await given.moved(store, job, given.Cancelled("first"))
    assert not await store.apply(late)


async def claim(store: Store) -> None:
    await given.added(store)
    await given.claimed(store)


async def claim_of_keys(store: Store) -> None:
    """Several rounds over the keys, and more than one priority."""
    for n in range(6):
        for key in "abc":
            await store.add(submit(job_id=given.new_id(n), prompt="p", rules=RULES, now=0, key=key, priority=n % 2))
    for _ in range(5):
        assert len((await given.claim(store, 2)).jobs) == 2
    assert len((await given.claim(store, 20)).jobs) == 8


async def claim_with_limits_of_keys(store: Store) -> None:
    rules = replace(RULES, concurrency=9, concurrency_per_key=2, rate_per_key=60)
    for n in range(6):
        for key in "abc":
            await store.add(submit(job_id=given.new_id(n), prompt="p", rules=RULES, now=0, key=key, priority=n % 2))
    assert len((await given.claim(store, 2, rules)).jobs) == 2
    assert len((await given.claim(store, 9, rules)).jobs) == 1
    assert len((await given.claim(store, 9, rules)).jobs) == 0
    assert len(await store.full_keys(rules)) == 3


async def claim_with_a_shared_limit(store: Store) -> None:
    limit = SharedLimit("l", ("f", "g"), 2, 600, 6_000_000)
    for _ in range(3):
        await given.added(store)
    for jobs in (1, 1, 0):
        assert len((await given.claim(store, 3, replace(RULES, limit=limit))).jobs) == jobs
    assert len((await given.claim(store, 3, replace(RULES, name="g", limit=limit))).jobs) == 0


async def claim_with_a_limit(store: Store) -> None:
    await given.added(store)
    await given.claimed(store, replace(RULES, concurrency=2))


async def claim_that_falls_back(store: Store) -> None:
    of = replace(RULES, fallback=("g",), fallback_after_seconds=0)
    for _ in range(3):
        await given.added(store)
    await given.changed_lane(store, "f", trouble=Trouble.OUTAGE, closed_since=1, closed_until=2)
    for rules in (replace(RULES, name="g"), replace(RULES, name="g", concurrency=2)):
        assert len((await store.claim(Claim(rules, 1, "w1", of))).jobs) == 1


async def extend(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    assert job.lease is not None
    await store.extend([Held(job.id, job.lease.token), Held(job.id, "0" * 32)], job.lease.until + 1)


async def delete(store: Store) -> None:
    await store.delete((await given.cancelled(store)).id)


async def prune(store: Store) -> None:
    await given.cancelled(store)
    await store.prune(store.now() + 1, 10)


async def list(store: Store) -> None:
    for query in (
        Query(),
        Query(before="f" * 24),
        Query(states=frozenset({State.FAILED})),
        Query(flow="f"),
        Query(flows=frozenset({"f", "g"})),
        Query(flow="f", states=frozenset({State.FAILED})),
        Query(tag="t"),
        Query(created_after=1, created_before=2),
        Query(states=frozenset({State.FAILED}), finished_after=1, finished_before=2),
    ):
        await store.list(query)


async def find_execution(store: Store) -> None:
    await store.find_execution("x")
    await store.find_execution("x", frozenset({"f", "g"}))


async def overdue(store: Store) -> None:
    """Also after an outage, when leases that ended in it are left to their workers for a while."""
    assert isinstance(store, MongoStore)
    for _ in range(2):
        await store.overdue(10)
        await store.overdue(10, frozenset({"f", "g"}))
        store._open.link.outage.slept(60)


async def list_waiting(store: Store) -> None:
    await store.list_waiting(WaitingQuery("f", 50))
    await store.list_waiting(WaitingQuery("f", 50, lost_before=store.now()))
    await store.list_waiting(WaitingQuery("f", 50, lost_before=store.now(), oldest=True))


async def counts(store: Store) -> None:
    await given.added(store)
    await store.counts()
    assert isinstance(store, MongoStore)
    await store._open.counting._open.get()


async def apply_with_a_record(store: Store) -> None:
    change = given.decided(await given.added(store), given.Cancelled("no"), store.now())
    assert await store.apply(change, access.entry(store, "1"))
    assert not await store.apply(change, access.entry(store, "2"))


async def count_waiting(store: Store) -> None:
    assert await store.count_waiting("k", 10) == 0


async def ahead(store: Store) -> None:
    """Of a job behind so many keys that they are read in two parts."""
    for key in "abcde":
        await store.add(submit(job_id=given.new_id(1), prompt="p", rules=RULES, now=0, key=key))
    job = submit(job_id=given.new_id(2), prompt="p", rules=RULES, now=0, key="e")
    await store.add(job)
    assert await store.ahead(job, 4) == Ahead(4, more=True)
