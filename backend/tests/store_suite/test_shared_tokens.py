"""claim: a limit of tokens that several flows share. It is exceeded by what its estimates are wrong by and no more, and
no flow waits for ever."""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import pytest

from job_processor.acts.facts import Facts
from job_processor.acts.lanes import Lanes
from job_processor.acts.token_keeper import TokenKeeper
from job_processor.acts.trail import Trail
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, Usage
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Claim, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place
from tests.store_suite.test_shared_limits import sharing, waiting

PROMPT = "four" * 100
"""Of 100 tokens, as guessed by length."""


@dataclass(frozen=True)
class _Taken:
    """Of a started job: when, the tokens it was estimated to take, and what it is known to take since when."""

    at: int
    estimated: int
    known: int
    known_at: int = 0


def keeper(store: Store, rules: FlowRules) -> TokenKeeper:
    return TokenKeeper(Lanes(store, Facts(), Trail(store, IdFactory(1))), rules)


async def took(store: Store, rules: FlowRules, job: Job, estimated: int | None, tokens: int) -> None:
    """The job has ended, and what it took of the limit is written."""
    usage = Usage(prompt_tokens=len(job.prompt) // 4, completion_tokens=tokens - len(job.prompt) // 4)
    await given.moved(store, job, given.says(job, Succeeded("r", usage=usage)))
    tokens_of = keeper(store, rules)
    tokens_of.note(job.prompt, estimated, usage)
    await tokens_of.write()


async def test_a_job_counts_as_estimated_and_the_next_one_waits_for_that(store: Store, clock: Clock) -> None:
    f, g, _ = flows = [replace(one, longest_answer=900) for one in sharing(tokens=60_000)]
    for rules in flows:
        for _ in range(2):
            await given.added(store, rules=rules, prompt=PROMPT)
    first = await given.claim(store, 5, f)
    assert (len(first.jobs), first.estimated) == (1, 1_000), "the prompt, and the longest answer"
    refused = await given.claim(store, 5, f)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 1)
    refused = await given.claim(store, 5, g)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 1)
    clock.forward(500)
    refused = await given.claim(store, 5, g)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 100), "f asked first"
    assert len((await given.claim(store, 5, f)).jobs) == 1, "something is left"
    refused = await given.claim(store, 5, g)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 501)


async def test_what_it_took_corrects_the_estimate_and_the_next_ones(store: Store, clock: Clock) -> None:
    [f, *_] = sharing(tokens=60_000)
    for _ in range(4):
        await given.added(store, rules=f, prompt=PROMPT)
    first = await given.claim(store, 5, f)
    assert first.estimated == 1_100
    await took(store, f, first.jobs[0], first.estimated, 300)
    second = await given.claim(store, 5, f)
    assert second.estimated == 300, "as the one before"
    assert second.retry_at == clock.now(), "there are tokens left for another"
    await took(store, f, second.jobs[0], second.estimated, 6_700)
    refused = await given.claim(store, 5, f)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 6_001)
    clock.forward(6_001)
    assert (await given.claim(store, 5, f)).estimated == 300 + 6_400 // 5


async def test_an_attempt_without_a_report_stays_as_estimated(store: Store, clock: Clock) -> None:
    [f, *_] = sharing(tokens=60_000)
    for _ in range(2):
        await given.added(store, rules=f, prompt=PROMPT)
    [job] = (await given.claim(store, 5, f)).jobs
    tokens = keeper(store, f)
    tokens.note(job.prompt, 1_100, None)
    tokens.note(job.prompt, 1_100, Usage())
    await tokens.write()
    assert (await given.claim(store, 5, f)).retry_at == clock.now() + 101


async def test_a_crash_forgets_neither_what_was_taken_nor_what_was_learnt(
    place: Place, store: Store, clock: Clock
) -> None:
    [f, *_] = sharing(tokens=60_000)
    for _ in range(3):
        await given.added(store, rules=f, prompt=PROMPT)
    first = await given.claim(store, 5, f)
    await took(store, f, first.jobs[0], first.estimated, 2_500)
    store = await place.crash(store)
    refused = await given.claim(store, 5, f)
    assert (list(refused.jobs), refused.retry_at) == ([], clock.now() + 1_501)
    clock.forward(1_501)
    store = await place.crash(store)
    assert (await given.claim(store, 5, f)).estimated == 2_500


async def test_the_flows_own_limits_and_the_limits_places_hold_too(store: Store, clock: Clock) -> None:
    f, g, _ = flows = sharing(concurrency=2, tokens=60_000_000)
    await waiting(store, flows, 5)
    assert [len((await given.claim(store, 5, one)).jobs) for one in (f, f, f)] == [1, 1, 0]
    refused = await given.claim(store, 5, g)
    assert (list(refused.jobs), refused.retry_at) == ([], None), "until a job ends"


async def test_racing_processes_start_no_more_than_the_tokens_allow(place: Place, store: Store, clock: Clock) -> None:
    flows = sharing(tokens=66_000)
    for rules in flows:
        for _ in range(4):
            await given.added(store, rules=rules, prompt=PROMPT)
    peers = [store, await place.open(), await place.open()]
    began, started = clock.now(), Counter[str]()
    for _ in range(200):
        claims = (peers[n % 3].claim(Claim(flows[n // 3], 3, f"w{n}")) for n in range(9))
        for answer in await asyncio.gather(*claims):
            started.update(job.flow for job in answer.jobs)
        # One second's worth is one job here, and so much is in the bucket at first; one more may be begun.
        assert started.total() <= 2 + (clock.now() - began) / 1_000
        if started.total() == 12:
            break
        clock.forward(500)
    assert started == {"f": 4, "g": 4, "h": 4}


@pytest.mark.parametrize("seed", range(6))
async def test_a_limit_of_tokens_as_a_model_has_it(place: Place, store: Store, clock: Clock, seed: int) -> None:
    """Whatever comes, ends and dies: in no stretch of time is more taken than the limit allows, but for one job's
    estimate and what the estimates of that time were wrong by. A flow that has jobs and asks has its next one before
    any other has had more turns than there are flows, and two."""
    rng = random.Random(seed)
    rate = rng.choice([60_000.0, 600_000.0, 6_000_000.0])
    places = rng.choice([None, None, 3])
    flows = sharing(places, rng.choice([None, 600.0]), "abcde"[: rng.choice([2, 3, 5])], tokens=rate)
    by_name = {rules.name: rules for rules in flows}
    usual = {rules.name: rng.choice([50, 500, 5_000]) for rules in flows}
    waits: Counter[str] = Counter()
    flying: list[tuple[int, Job, int]] = []
    taken: list[_Taken] = []
    turns_of_others: dict[str, Counter[str]] = defaultdict(Counter)
    for step in range(80):
        for rules in flows:
            for _ in range(rng.choice([0, 0, 1, 2])):
                await given.added(store, rules=rules, prompt="x" * rng.choice([4, 400, 4_000]))
                waits[rules.name] += 1
        rng.shuffle(flying)
        for _ in range(rng.choice([0, 1, 2, 4])):
            if flying:
                place_of, job, estimated = flying.pop()
                tokens = len(job.prompt) // 4 + round(usual[job.flow] * rng.uniform(0.5, 1.5))
                await took(store, by_name[job.flow], job, estimated, tokens)
                taken[place_of] = replace(taken[place_of], known=tokens, known_at=clock.now())
        if step % 20 == 19:
            store = await place.crash(store)
        clock.forward(rng.choice([10, 100, 900]))
        for rules in rng.sample(flows, len(flows)):
            claimed = await given.claim(store, rng.choice([1, 5]), rules)
            for job in claimed.jobs:
                assert claimed.estimated is not None
                flying.append((len(taken), job, claimed.estimated))
                taken.append(_Taken(clock.now(), claimed.estimated, claimed.estimated))
                waits[rules.name] -= 1
            assert places is None or len(flying) <= places
            for n, first in enumerate(taken):
                since = taken[n:]
                # Too much was held back for those before, which came back meanwhile.
                wrong = sum(max(0, one.estimated - one.known) for one in taken[:n] if one.known_at >= first.at)
                wrong += sum(max(0, one.known - one.estimated) for one in since)
                allowed = rate / 60 + (clock.now() - first.at) * rate / 60_000 + max(one.estimated for one in since)
                assert sum(one.known for one in since) <= allowed + wrong + 1e-3
            jobs = claimed.jobs
            turns_of_others.pop(rules.name, None) if jobs or not waits[rules.name] else None
            for other in flows:
                if jobs and other is not rules and waits[other.name]:
                    turns_of_others[other.name][rules.name] += 1
                    assert turns_of_others[other.name][rules.name] <= len(flows) + 2
    assert len(taken) > len(flows)
