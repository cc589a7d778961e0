"""claim: the limits of a flow hold for the jobs of others that fall back on it."""

from collections import Counter
from dataclasses import replace

from job_processor.core.flow import SharedLimit
from job_processor.core.ids import IdFactory
from job_processor.core.transitions import submit
from job_processor.store.base import Claim, Store
from tests.store_suite import given
from tests.store_suite.fallbacks import F, G, ended, fallen, many, opened, shut, wish
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock


async def test_its_concurrency_counts_both_and_that_of_the_own_flow_neither(store: Store) -> None:
    g, f = replace(G, concurrency=3), replace(F, concurrency=1)
    await many(store, 2, g)
    await many(store, 5, f)
    await shut(store)
    [own] = (await given.claim(store, 1, g)).jobs
    assert len((await fallen(store, g, 5, f)).jobs) == 2
    assert not (await given.claim(store, 1, g)).jobs
    await opened(store)
    assert len((await given.claim(store, 5, f)).jobs) == 1, "nothing is at the processor of f"
    await ended(store, own)
    assert len((await given.claim(store, 5, g)).jobs) == 1


async def test_its_rate_holds(store: Store, clock: Clock) -> None:
    g = replace(G, rate_per_minute=60)
    await many(store, 5)
    await shut(store)
    assert len((await fallen(store, g, 5)).jobs) == 1
    refused = await fallen(store, g, 5)
    assert (list(refused.jobs), refused.retry_at, refused.idle) == ([], clock.now() + 1_001, False)
    clock.forward(1_001)
    assert len((await fallen(store, g, 5)).jobs) == 1


async def test_its_limits_of_each_key_hold(store: Store, clock: Clock) -> None:
    ids = IdFactory(77)
    g = replace(G, concurrency=9, concurrency_per_key=2, rate_per_key=6_000)
    for rules in (F, G):
        for key in "aab":
            now = store.now()
            await store.add(submit(job_id=ids.new(now), prompt="p", rules=rules, now=now, key=key))
    await shut(store)
    [first] = (await given.claim(store, 1, g)).jobs
    taken = (await fallen(store, g, 9)).jobs
    assert Counter(job.key for job in (first, *taken)) in ({"a": 2, "b": 1}, {"a": 2, "b": 2})
    assert set(await store.full_keys(g)) >= {job.key_hash() for job in (first, *taken) if job.key == "a"}
    assert await store.full_keys(replace(F, concurrency=9, concurrency_per_key=1)) == {}


async def test_a_limit_that_it_shares_holds_and_that_of_the_own_flow_does_not(store: Store) -> None:
    limit = SharedLimit("l", ("g", "x"), 2)
    own = SharedLimit("m", ("f", "y"), 1)
    g, f = replace(G, limit=limit), replace(F, limit=own)
    x, y = replace(RULES, name="x", limit=limit), replace(RULES, name="y", limit=own)
    await many(store, 5, f)
    await many(store, 2, x)
    await many(store, 2, y)
    await shut(store)
    assert len((await fallen(store, g, 1, f)).jobs) == 1
    assert len((await given.claim(store, 5, x)).jobs) == 1
    assert not (await fallen(store, g, 5, f)).jobs
    assert len((await given.claim(store, 5, y)).jobs) == 1


async def test_jobs_that_fell_back_stand_behind_its_own_in_the_line_of_a_limit_that_it_shares(store: Store) -> None:
    """And take turns with the other flows of the limit."""
    limit = SharedLimit("l", ("g", "x"), 1)
    g, x = replace(G, limit=limit), replace(RULES, name="x", limit=limit)
    await many(store, 9)
    await many(store, 2, g)
    await shut(store)
    for _ in range(2):
        [own] = (await given.claim(store, 1, g)).jobs
        assert not (await fallen(store, g)).jobs
        await ended(store, own)
    await many(store, 9, x)
    found: list[str] = []
    for _ in range(6):
        for claim in (Claim(x, 9, "w"), Claim(g, 9, "w"), wish(g, 9)):
            for job in (await store.claim(claim)).jobs:
                found.append(job.flow)
                await ended(store, job)
    assert Counter(found) == {"f": 6, "x": 5}, "f was in line first"
