"""claim: a flow's limits per key. A key at its limit waits, and holds back nobody."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from msgspec import structs

from job_processor.core.job import IN_FLIGHT, Job, JobError
from job_processor.core.lane import Trouble, close
from job_processor.core.outcome import Accepted, Cancelled, Deferred, Failed, Succeeded
from job_processor.store.base import Claim, Query, Store
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place
from tests.store_suite.test_turns import added, keys_of, of_key

PAIRS = replace(RULES, concurrency=100, concurrency_per_key=2)
MINUTELY = replace(RULES, rate_per_key=6)


async def ended(store: Store, job: Job) -> None:
    await given.moved(store, job, given.says(job, Succeeded("r")))


async def test_no_more_jobs_of_a_key_than_its_limit_are_in_flight(store: Store) -> None:
    await added(store, *["a"] * 10, *["b"] * 10, "c")
    first = (await given.claim(store, 20, PAIRS)).jobs
    assert Counter(keys_of(first)) == {"a": 2, "b": 2, "c": 1}
    assert not (await given.claim(store, 20, PAIRS)).jobs
    await ended(store, next(job for job in first if job.key == "a"))
    assert keys_of((await given.claim(store, 20, PAIRS)).jobs) == ["a"]


async def test_a_key_at_its_limit_holds_back_no_other_key_and_no_lower_priority(store: Store) -> None:
    await added(store, *["a"] * 30, priority=5)
    await given.claim(store, 2, PAIRS)
    await added(store, *["a"] * 30, priority=1)
    await added(store, "b")
    await added(store, "c", priority=-1)
    assert keys_of((await given.claim(store, 1, PAIRS)).jobs) == ["b"]
    assert keys_of((await given.claim(store, 5, PAIRS)).jobs) == ["c"]


async def test_what_may_go_goes_in_the_order_of_a_key(store: Store) -> None:
    jobs = [*await added(store, *["a"] * 6), *await added(store, *["b"] * 2)]
    order: list[str] = []
    while len(order) < len(jobs):
        some = (await given.claim(store, 3, PAIRS)).jobs
        order += [job.id for job in some if job.key == "a"] + [job.id for job in some if job.key == "b"]
        for job in some:
            await ended(store, job)
    assert [one for one in order if one in {job.id for job in jobs[:6]}] == [job.id for job in jobs[:6]]


async def test_jobs_without_a_key_count_for_their_owner(store: Store) -> None:
    for owner in ["x"] * 5 + ["y"]:
        await store.add(of_key(store, None, owner=owner))
    await added(store, "x", None, None, None)
    found = (await given.claim(store, 20, PAIRS)).jobs
    assert Counter((job.key, job.owner) for job in found) == {
        (None, "x"): 2,
        (None, "y"): 1,
        ("x", ""): 1,
        (None, ""): 2,
    }


@pytest.mark.parametrize(
    "outcome", [Accepted(60_000), Succeeded("r"), Failed(JobError("x", "y")), Deferred(0, "x", "y")]
)
async def test_a_place_is_free_when_its_job_is_no_longer_in_flight(store: Store, outcome: given.Outcome) -> None:
    await added(store, *["a"] * 5)
    [first, _] = (await given.claim(store, 5, PAIRS)).jobs
    await given.moved(store, first, given.says(first, outcome), PAIRS)
    free = 0 if isinstance(outcome, Accepted) else 1
    assert len((await given.claim(store, 5, PAIRS)).jobs) == free


async def test_jobs_that_were_claimed_before_there_was_a_limit_count(store: Store) -> None:
    await added(store, *["a"] * 6, *["b"] * 2)
    before = (await given.claim(store, 4)).jobs
    assert Counter(keys_of(before)) == {"a": 2, "b": 2}
    one_each = replace(PAIRS, concurrency_per_key=1)
    waiting = await given.moved(store, before[0], given.says(before[0], Accepted(60_000)))
    assert set(await store.full_keys(one_each)) == {job.key_hash() for job in before}
    assert not (await given.claim(store, 5, one_each)).jobs
    assert len((await given.claim(store, 1)).jobs) == 1
    for job in (waiting, *before[1:]):
        assert not (await given.claim(store, 5, one_each)).jobs
        await given.moved(store, job, Cancelled("no"))
    [last] = await given.jobs_of(store, Query(states=IN_FLIGHT))
    assert set(await store.full_keys(one_each)) == {last.key_hash()}
    await ended(store, last)
    assert keys_of((await given.claim(store, 5, one_each)).jobs) == ["a"]


async def test_a_limit_is_of_a_flow(store: Store) -> None:
    other = replace(PAIRS, name="g")
    await added(store, *["a"] * 3)
    for _ in range(3):
        await store.add(structs.replace(of_key(store, "a"), flow="g"))
    assert len((await given.claim(store, 5, PAIRS)).jobs) == 2
    assert len((await given.claim(store, 5, other)).jobs) == 2


async def test_a_key_starts_no_more_jobs_than_its_rate(store: Store, clock: Clock) -> None:
    await added(store, *["a"] * 5, "b", None)
    claimed = await given.claim(store, 20, MINUTELY)
    assert Counter(keys_of(claimed.jobs)) == {"a": 1, "b": 1, None: 1}
    assert claimed.retry_at == clock.now() + 10_000
    clock.forward(9_999)
    assert not (await given.claim(store, 20, MINUTELY)).jobs
    clock.forward(1)
    assert keys_of((await given.claim(store, 20, MINUTELY)).jobs) == ["a"]


async def test_a_rate_holds_across_a_crash_and_an_end(place: Place, store: Store, clock: Clock) -> None:
    await added(store, *["a"] * 5)
    [job] = (await given.claim(store, 20, MINUTELY)).jobs
    await ended(store, job)
    store = await place.crash(store)
    assert not (await given.claim(store, 20, MINUTELY)).jobs
    clock.forward(10_000)
    assert len((await given.claim(store, 20, MINUTELY)).jobs) == 1


async def test_a_quick_rate_lets_a_second_of_it_start_at_once(store: Store, clock: Clock) -> None:
    rules = replace(RULES, rate_per_key=300)
    await added(store, *["a"] * 30)
    assert len((await given.claim(store, 20, rules)).jobs) == 5
    clock.forward(400)
    assert len((await given.claim(store, 20, rules)).jobs) == 2
    clock.forward(60_000)
    assert len((await given.claim(store, 20, rules)).jobs) == 5


async def test_a_probe_is_of_a_key_that_may_start(store: Store, clock: Clock) -> None:
    await added(store, *["a"] * 5)
    assert len((await given.claim(store, 5, PAIRS)).jobs) == 2
    shut = close(await given.lane_of(store, "f"), Trouble.OUTAGE, "down", clock.now() + 1_000, clock.now(), 0.5)
    assert await store.save_lane(shut)
    clock.forward(1_000)
    waiting = await given.claim(store, 5, PAIRS)
    assert (list(waiting.jobs), waiting.idle) == ([], False)
    await added(store, "b", priority=-3)
    assert keys_of((await given.claim(store, 5, PAIRS)).jobs) == ["b"]


async def test_which_keys_are_full_and_until_when(store: Store, clock: Clock) -> None:
    jobs = await added(store, "a", "a", "b")
    both = replace(PAIRS, concurrency_per_key=1, rate_per_key=6)
    assert await store.full_keys(both) == {}
    assert len((await given.claim(store, 5, both)).jobs) == 2
    a, b = jobs[0].key_hash(), jobs[2].key_hash()
    assert await store.full_keys(PAIRS) == {}
    assert await store.full_keys(replace(both, rate_per_key=None)) == {a: None, b: None}
    assert await store.full_keys(replace(both, concurrency_per_key=None)) == dict.fromkeys((a, b), clock.now() + 10_000)
    assert await store.full_keys(both) == {a: None, b: None}
    assert await store.full_keys(RULES) == {}


async def test_racing_processes_never_exceed_a_keys_limits(place: Place, store: Store, clock: Clock) -> None:
    rules = replace(RULES, concurrency=50, concurrency_per_key=2, rate_per_key=600)
    await added(store, *(key for key in "abc" for _ in range(8)))
    peers = [store, await place.open(), await place.open()]
    done = 0
    while done < 24:
        answers = await asyncio.gather(*(peers[n % 3].claim(Claim(rules, 4, f"w{n}")) for n in range(6)))
        in_flight = await given.jobs_of(store, Query(states=IN_FLIGHT, limit=100))
        assert all(number <= 2 for number in Counter(keys_of(in_flight)).values())
        for answer in answers:
            for job in answer.jobs:
                await ended(store, job)
                done += 1
        clock.forward(50)


async def test_racing_processes_start_no_more_than_a_keys_rate(place: Place, store: Store, clock: Clock) -> None:
    rules = replace(RULES, rate_per_key=60)
    await added(store, *(key for key in "abc" for _ in range(20)))
    peers = [store, await place.open(), await place.open()]
    started: Counter[str | None] = Counter()
    for second in range(1, 5):
        for _ in range(2):
            answers = await asyncio.gather(*(peers[n % 3].claim(Claim(rules, 4, f"w{n}")) for n in range(6)))
            started.update(job.key for answer in answers for job in answer.jobs)
            assert all(number <= second for number in started.values())
        clock.forward(1_000)
    assert sum(started.values()) > 6


@pytest.mark.parametrize("seed", range(6))
async def test_limits_of_keys_as_a_model_has_them(store: Store, clock: Clock, seed: int) -> None:
    """Whatever comes and goes: no limit is exceeded, priority first and each key in its order among those who may go,
    and between two turns of a key each other key that may go meanwhile has at most one turn. So none starves."""
    rng = random.Random(seed)
    most, rate = rng.choice([(1, None), (2, None), (3, None), (None, 600.0), (None, 6_000.0), (2, 1_200.0)])
    rules = replace(RULES, concurrency=100, concurrency_per_key=most, rate_per_key=rate)
    waiting: dict[tuple[int, str | None], list[str]] = defaultdict(list)
    flying: list[Job] = []
    starts: dict[str | None, list[int]] = defaultdict(list)
    passed_over: dict[tuple[int, str | None], Counter[str | None]] = defaultdict(Counter)
    keys: list[str | None] = [None, *(f"k{n}" for n in range(rng.choice([2, 5, 12])))]

    def may_go(key: str | None) -> bool:
        full = most is not None and sum(job.key == key for job in flying) >= most
        return not full and _may_start(starts[key], rate, clock.now())

    for _ in range(80):
        for _ in range(rng.choice([0, 1, 1, 6])):
            key, priority = rng.choice(keys[: rng.randint(1, len(keys))]), rng.choice([0, 0, 0, 1])
            [job] = await added(store, key, priority=priority)
            waiting[priority, key].append(job.id)
        rng.shuffle(flying)
        for _ in range(rng.choice([0, 1, 1, 2])):
            if flying:
                await given.moved(store, job := flying.pop(), given.says(job, Succeeded("r")))
        clock.forward(rng.choice([1, 1, 20, 100]))
        ready = {one for one, ids in waiting.items() if ids and may_go(one[1])}
        # Who could not go meanwhile did not lose a turn.
        for one in [one for one in passed_over if one not in ready]:
            del passed_over[one]
        jobs = (await given.claim(store, 1, rules)).jobs
        assert len(jobs) == min(1, len(ready))
        for job in jobs:
            own = job.priority, job.key
            assert own in ready
            assert job.priority == max(priority for priority, _ in ready)
            assert waiting[own].pop(0) == job.id
            flying.append(job)
            starts[job.key].append(clock.now())
            passed_over.pop(own, None)
            for other in ready:
                if other != own and other[0] == job.priority:
                    passed_over[other][job.key] += 1
                    assert passed_over[other][job.key] <= 1


def _may_start(starts: Sequence[int], rate: float | None, now: int) -> bool:
    """As the token bucket of the docs has it: never empty below zero, one second's worth at most."""
    if rate is None:
        return True
    size = max(1.0, rate / 60)
    tokens = size
    for before, at in pairwise([*starts, now]):
        tokens = min(size, tokens - 1 + (at - before) * rate / 60_000)
    return tokens >= 1 - 1e-6
