"""claim: a limit that several flows share. It is never exceeded, and no flow waits for ever."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.job import IN_FLIGHT, Job
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Claim, Query, Store
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


def sharing(
    concurrency: int | None = None, per_minute: float | None = None, flows: str = "fgh", tokens: float | None = None
) -> list[FlowRules]:
    """The flows, which share this limit."""
    limit = SharedLimit("openai", tuple(flows), concurrency, per_minute, tokens)
    return [replace(RULES, name=flow, limit=limit) for flow in flows]


async def waiting(store: Store, flows: Sequence[FlowRules], jobs: int) -> None:
    for rules in flows:
        for _ in range(jobs):
            await given.added(store, rules=rules)


async def ended(store: Store, job: Job) -> None:
    await given.moved(store, job, given.says(job, Succeeded("r")))


async def test_no_more_jobs_than_its_places_are_in_flight_in_all_flows(store: Store) -> None:
    f, g, _ = flows = sharing(concurrency=3)
    await waiting(store, flows, 5)
    first = (await given.claim(store, 2, f)).jobs
    assert len(first) == 2
    assert len((await given.claim(store, 5, g)).jobs) == 1
    assert not (await given.claim(store, 5, f)).jobs
    await ended(store, first[0])
    assert not (await given.claim(store, 5, f)).jobs, "g asked first"
    assert len((await given.claim(store, 5, g)).jobs) == 1


async def test_a_place_goes_to_the_flow_that_waits_longest(store: Store) -> None:
    f, g, h = flows = sharing(concurrency=1)
    await waiting(store, flows, 5)
    [job] = (await given.claim(store, 5, f)).jobs
    for rules in (g, h, f):
        assert not (await given.claim(store, 5, rules)).jobs
    order = []
    for _ in range(6):
        await ended(store, job)
        # The flow whose job has ended is the first to ask.
        asking = sorted(flows, key=lambda rules: rules.name != job.flow)
        [job] = [one for rules in asking for one in (await given.claim(store, 5, rules)).jobs]
        order.append(job.flow)
    assert order[:3] == order[3:]
    assert set(order[:3]) == {"f", "g", "h"}


async def test_a_flow_that_has_nothing_to_do_or_no_worker_keeps_no_place(store: Store, clock: Clock) -> None:
    f, g, h = sharing(concurrency=1)
    await waiting(store, [f, h], 5)
    [job] = (await given.claim(store, 1, f)).jobs
    assert not (await given.claim(store, 5, g)).jobs
    assert not (await given.claim(store, 5, h)).jobs
    await ended(store, job)
    assert not (await given.claim(store, 5, f)).jobs, "the place is for h"
    clock.forward(3_000)
    assert len((await given.claim(store, 5, f)).jobs) == 1


async def test_a_minute_of_all_flows_has_no_more_requests_than_the_limit(store: Store, clock: Clock) -> None:
    f, g, _ = flows = sharing(per_minute=60)
    await waiting(store, flows, 5)
    assert len((await given.claim(store, 1, f)).jobs) == 1
    refused = await given.claim(store, 5, g)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 1_001)
    clock.forward(1_001)
    assert not (await given.claim(store, 5, f)).jobs
    assert len((await given.claim(store, 5, g)).jobs) == 1


async def test_the_flows_own_limits_hold_too(store: Store) -> None:
    f, g, _ = flows = sharing(concurrency=5)
    await waiting(store, flows, 5)
    assert len((await given.claim(store, 9, replace(f, concurrency=2))).jobs) == 2
    assert len((await given.claim(store, 9, replace(g, concurrency=1, concurrency_per_key=1))).jobs) == 1
    assert len((await given.claim(store, 9, f)).jobs) == 2


async def test_a_flow_without_the_limit_is_not_held_up(store: Store) -> None:
    [f, *_] = sharing(concurrency=1)
    other = replace(RULES, name="other")
    await waiting(store, [f, other], 3)
    assert len((await given.claim(store, 5, f)).jobs) == 1
    assert len((await given.claim(store, 5, other)).jobs) == 3


async def test_a_crash_forgets_neither_places_nor_rate(place: Place, store: Store) -> None:
    f, g, _ = flows = sharing(concurrency=3, per_minute=60)
    await waiting(store, flows, 5)
    assert len((await given.claim(store, 5, f)).jobs) == 1
    store = await place.crash(store)
    assert not (await given.claim(store, 5, g)).jobs


@pytest.mark.parametrize("own", [None, 2])
async def test_racing_processes_never_exceed_a_shared_limit(
    place: Place, store: Store, clock: Clock, own: int | None
) -> None:
    flows = [replace(rules, concurrency=own) for rules in sharing(concurrency=3, per_minute=6_000)]
    await waiting(store, flows, 8)
    peers = [store, await place.open(), await place.open()]
    done: Counter[str] = Counter()
    for _ in range(200):
        claims = (peers[n % 3].claim(Claim(flows[n // 3], 3, f"w{n}")) for n in range(9))
        answers = await asyncio.gather(*claims)
        assert len(await store.list(Query(states=IN_FLIGHT, limit=100))) <= 3
        for answer in answers:
            for job in answer.jobs:
                await ended(store, job)
                done[job.flow] += 1
        clock.forward(50)
        if sum(done.values()) == 24:
            break
    assert done == {"f": 8, "g": 8, "h": 8}


@pytest.mark.parametrize("seed", range(6))
async def test_a_shared_limit_as_a_model_has_it(store: Store, clock: Clock, seed: int) -> None:
    """Whatever comes and goes: the limit is never exceeded, and a flow that has jobs and asks has its next one before
    each other flow has had three turns."""
    rng = random.Random(seed)
    places, rate = rng.choice([(1, None), (2, None), (5, None), (None, 600.0), (None, 60.0), (3, 1_200.0)])
    flows = sharing(concurrency=places, per_minute=rate, flows="abcde"[: rng.choice([2, 3, 5])])
    waits: Counter[str] = Counter()
    flying: list[Job] = []
    starts: list[int] = []
    turns_of_others: dict[str, Counter[str]] = defaultdict(Counter)
    for _ in range(60):
        for rules in flows:
            for _ in range(rng.choice([0, 0, 1, 4])):
                await given.added(store, rules=rules)
                waits[rules.name] += 1
        rng.shuffle(flying)
        for _ in range(rng.choice([0, 1, 2])):
            if flying:
                await ended(store, flying.pop())
        clock.forward(rng.choice([10, 100, 900]))
        for rules in rng.sample(flows, len(flows)):
            jobs = (await given.claim(store, rng.choice([1, 5]), rules)).jobs
            flying += jobs
            waits[rules.name] -= len(jobs)
            starts += [clock.now()] * len(jobs)
            assert places is None or len(flying) <= places
            if rate is not None:
                for n, first in enumerate(starts):
                    allowed = max(1.0, rate / 60) + (clock.now() - first) * rate / 60_000
                    assert len(starts) - n <= allowed + 1e-6
            turns_of_others.pop(rules.name, None) if jobs or not waits[rules.name] else None
            for other in flows:
                if jobs and other is not rules and waits[other.name]:
                    turns_of_others[other.name][rules.name] += 1
                    assert turns_of_others[other.name][rules.name] <= 3
