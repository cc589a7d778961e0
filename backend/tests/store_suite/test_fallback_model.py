"""claim: flows that fall back, raced by several processes, and compared with a model."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from job_processor.core.flow import FlowRules
from job_processor.core.job import IN_FLIGHT, Job
from job_processor.store.base import Claim, Query, Store
from tests.store_suite import given
from tests.store_suite.fallbacks import F, G, H, ended, many, opened, shut, wish
from tests.store_suite.places import Clock, Place


async def test_racing_processes_hand_a_job_to_one_processor(place: Place, store: Store, clock: Clock) -> None:
    """The lane opens and closes meanwhile: each job is claimed by one of the three flows, and no limit is exceeded."""
    f, g, h = replace(F, concurrency=3, fallback_after_seconds=0), replace(G, concurrency=2), replace(H, concurrency=1)
    await many(store, 24, f)
    peers = [store, await place.open(), await place.open()]
    done: Counter[str] = Counter()
    for turn in range(200):
        await (shut(store, ago=0) if turn % 3 else opened(store))
        if turn % 5 == 4:
            await given.changed_lane(store, "g", paused=not turn % 2)
        wishes = [Claim(f, 2, "w1"), wish(g, 2, f, "w2"), wish(h, 2, f, "w3", g)] * 2
        answers = await asyncio.gather(*(peers[n % 3].claim(wish) for n, wish in enumerate(wishes)))
        jobs = [job for answer in answers for job in answer.jobs]
        assert len({job.id for job in jobs}) == len(jobs)
        flying = [await given.stored(store, one.id) for one in await store.list(Query(states=IN_FLIGHT, limit=100))]
        at = Counter(job.via() or job.flow for job in flying)
        assert at["f"] <= 3
        assert at["g"] <= 2
        assert at["h"] <= 1
        for job in jobs:
            await ended(store, job)
            done[job.via() or job.flow] += 1
        clock.forward(50)
        if done.total() == 24:
            break
    assert done.total() == 24
    assert done["g"] > 0


@pytest.mark.parametrize("seed", range(6))
async def test_fallback_as_a_model_has_it(store: Store, clock: Clock, seed: int) -> None:
    """Whatever comes, ends, closes and opens: an attempt is with the processor that the rules name, no limit is ever
    exceeded, and no job of a lower priority starts while one of a higher waits in its flow."""
    rng = random.Random(seed)
    after = rng.choice([0, 1, 30])
    f = replace(F, concurrency=rng.choice([None, 2]), fallback_after_seconds=after)
    g = replace(G, concurrency=rng.choice([1, 3]), rate_per_minute=rng.choice([None, 600.0]))
    h = replace(H, concurrency=2)
    closed_since: dict[str, int | None] = {"f": None, "g": None}
    paused = False
    waits: dict[str, dict[str, int]] = {"f": {}, "g": {}}
    flying: list[Job] = []
    starts: list[int] = []

    def may(flow: str) -> bool:
        since = closed_since["f"]
        if since is None or paused or clock.now() < since + after * 1000:
            return False
        return closed_since["g"] is None if flow == "g" else closed_since["g"] is not None

    async def take(rules: FlowRules, of: FlowRules) -> Sequence[Job]:
        most = rng.choice([1, 4])
        asked = Claim(rules, most, "w") if rules is of else wish(rules, most, of, first=g)
        return (await store.claim(asked)).jobs

    for _ in range(60):
        for rules in (f, g):
            for _ in range(rng.choice([0, 0, 1, 3])):
                job = await given.added(store, rules=rules, priority=rng.choice([0, 0, 5]))
                waits[rules.name][job.id] = job.priority
        rng.shuffle(flying)
        for _ in range(rng.choice([0, 1, 2])):
            if flying:
                await ended(store, flying.pop())
        for flow in ("f", "g"):
            if rng.random() < 0.2:
                if closed_since[flow] is None:
                    closed_since[flow] = clock.now()
                    await shut(store, flow, ago=0)
                else:
                    closed_since[flow] = None
                    await opened(store, flow)
        if rng.random() < 0.1:
            paused = not paused
            await given.changed_lane(store, "f", paused=paused)
        clock.forward(rng.choice([10, 100, 900, 5_000]))
        for rules, of in rng.sample([(f, f), (g, g), (g, f), (h, f)], 4):
            allowed = may(rules.name) if rules is not of else closed_since[of.name] is None and not (of is f and paused)
            jobs = await take(rules, of)
            assert allowed or not jobs
            for job in jobs:
                assert (job.flow, job.via()) == (of.name, None if rules is of else rules.name)
                assert waits[of.name].pop(job.id) == job.priority
            if jobs and waits[of.name]:
                assert min(job.priority for job in jobs) >= max(waits[of.name].values())
            flying += jobs
            if rules is g:
                starts += [clock.now()] * len(jobs)
            for one in (f, g, h):
                at = sum((job.via() or job.flow) == one.name for job in flying)
                assert one.concurrency is None or at <= one.concurrency
            if g.rate_per_minute is not None:
                for n, first in enumerate(starts):
                    most = max(1.0, g.rate_per_minute / 60) + (clock.now() - first) * g.rate_per_minute / 60_000
                    assert len(starts) - n <= most + 1e-6
