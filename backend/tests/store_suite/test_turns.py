"""claim: jobs of equal priority are taken in turn over their keys."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.core.job import Job
from job_processor.core.outcome import Deferred
from job_processor.core.transitions import submit
from job_processor.store.base import NewBatch, Store
from job_processor.store.portable import dump, load
from tests.store_suite import given
from tests.store_suite.batches import a_batch
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


def of_key(
    store: Store, key: str | None, prompt: str = "p", *, priority: int = 0, run_at: int | None = None, owner: str = ""
) -> Job:
    now = store.now()
    return submit(
        job_id=given.new_id(now),
        prompt=prompt,
        rules=RULES,
        now=now,
        priority=priority,
        run_at=run_at,
        key=key,
        owner=owner,
    )


async def added(store: Store, *keys: str | None, priority: int = 0) -> list[Job]:
    jobs = [of_key(store, key, priority=priority) for key in keys]
    for job in jobs:
        await store.add(job)
    return jobs


async def claimed(store: Store, jobs: int, at_once: int = 1) -> list[Job]:
    found: list[Job] = []
    while len(found) < jobs:
        some = (await given.claim(store, min(at_once, jobs - len(found)))).jobs
        assert some
        found += some
    return found


def keys_of(jobs: Sequence[Job]) -> list[str | None]:
    return [job.key for job in jobs]


async def test_the_key_is_kept(store: Store) -> None:
    [job] = await added(store, "customer 7/ä")
    assert (await store.get(job.id)) == job
    assert load(dump(job)) == job


@pytest.mark.parametrize("at_once", [1, 2, 7])
async def test_one_job_behind_many_of_another_key_is_among_the_next(store: Store, at_once: int) -> None:
    await added(store, *["a"] * 60)
    await claimed(store, 5, at_once)
    await added(store, "b")
    assert "b" in keys_of(await claimed(store, 2 * at_once, at_once))


@pytest.mark.parametrize("others", [["b"], ["b", "c"], [None], ["b", None, "c"]])
async def test_keys_take_turns_and_each_keeps_its_order(store: Store, others: list[str | None]) -> None:
    keys = ["a", *others]
    jobs = await added(store, *(key for key in keys for _ in range(6)))
    found = await claimed(store, len(jobs))
    for round_ in range(6):
        assert set(keys_of(found[round_ * len(keys) : (round_ + 1) * len(keys)])) == set(keys)
    for key in keys:
        assert [job.id for job in found if job.key == key] == [job.id for job in jobs if job.key == key]


async def test_one_claim_of_many_jobs_takes_turns_too(store: Store) -> None:
    await added(store, *["a"] * 20, *["b"] * 20, "c")
    found = keys_of((await given.claim(store, 11)).jobs)
    assert (found.count("c"), found.count("a") + found.count("b")) == (1, 10)
    assert abs(found.count("a") - found.count("b")) <= 1


async def test_when_the_other_keys_are_done_one_key_gets_the_rest(store: Store) -> None:
    await added(store, *["a"] * 10, "b", "c", "c")
    assert sorted(map(str, keys_of((await given.claim(store, 12)).jobs))) == [*["a"] * 9, "b", "c", "c"]


async def test_a_higher_priority_goes_first_whatever_the_key(store: Store) -> None:
    await added(store, *["a"] * 5, *["b"] * 5)
    await added(store, *["a"] * 3, priority=5)
    await added(store, "c", "d", priority=1)
    found = (await given.claim(store, 9)).jobs
    assert [job.priority for job in found] == [5, 5, 5, 1, 1, 0, 0, 0, 0]
    assert sorted(map(str, keys_of(found[5:]))) == ["a", "a", "b", "b"]


async def test_turns_of_a_low_priority_go_on_after_a_higher_one(store: Store) -> None:
    await added(store, *(key for key in "abc" for _ in range(3)))
    low: list[Job] = []
    for _ in range(9):
        await added(store, "b", priority=1)
        assert (await claimed(store, 1))[0].priority == 1
        low += await claimed(store, 1)
    for round_ in range(3):
        assert set(keys_of(low[round_ * 3 : round_ * 3 + 3])) == {"a", "b", "c"}


async def test_jobs_without_a_key_take_turns_by_their_owners(store: Store) -> None:
    for owner in ["x"] * 10 + ["y"]:
        await store.add(of_key(store, None, owner=owner))
    # A key of the name of an owner is another one.
    await added(store, "x")
    found = await claimed(store, 3)
    assert sorted((job.owner, job.key) for job in found) == [("", "x"), ("x", None), ("y", None)]


async def test_jobs_that_come_due_together_take_turns(store: Store, clock: Clock) -> None:
    at = store.now() + 1000
    for key in ["a"] * 30 + ["b"]:
        await store.add(of_key(store, key, run_at=at))
    clock.forward(1000)
    assert set(keys_of(await claimed(store, 2))) == {"a", "b"}


async def test_jobs_that_were_put_back_or_retried_take_turns(store: Store, clock: Clock) -> None:
    await added(store, *["a"] * 6)
    for job in await claimed(store, 3):
        await given.moved(store, job, given.says(job, Deferred(clock.now(), "x", "y")))
    for job in await claimed(store, 3):
        await given.moved(store, job, given.Cancelled())
        cancelled = await store.get(job.id)
        assert cancelled is not None
        await given.moved(store, cancelled, given.Retried(1))
    await added(store, "b")
    assert set(keys_of(await claimed(store, 2))) == {"a", "b"}


async def test_jobs_of_a_batch_take_turns(store: Store) -> None:
    new = a_batch(store, 20)
    jobs = [structs.replace(job, key="a" if n else "b", flow="f") for n, job in enumerate(reversed(new.jobs))]
    await store.add_batch(NewBatch(new.batch, jobs))
    assert set(keys_of(await claimed(store, 2))) == {"a", "b"}


async def test_a_key_whose_jobs_are_past_their_deadline_holds_up_nobody(store: Store, clock: Clock) -> None:
    for n in range(30):
        await store.add(structs.replace(of_key(store, f"late {n}"), deadline=store.now() + 10))
        await store.add(structs.replace(of_key(store, "a"), deadline=store.now() + 10))
    await added(store, "a", "b")
    await added(store, "c", priority=-1)
    clock.forward(10)
    found = [*(await given.claim(store, 2)).jobs, *(await given.claim(store, 2)).jobs]
    assert sorted(map(str, keys_of(found[:2]))) == ["a", "b"]
    assert keys_of(found[2:]) == ["c"]


async def test_a_lane_with_a_limit_takes_turns(store: Store) -> None:
    rules = replace(RULES, concurrency=4, rate_per_minute=6000)
    await added(store, *["a"] * 10, "b", "c")
    found = keys_of((await given.claim(store, 10, rules)).jobs)
    assert sorted(map(str, found)) == ["a", "a", "b", "c"] or len(found) < 4


async def test_another_process_leaves_no_key_out(place: Place, store: Store) -> None:
    await added(store, *(key for key in "abcde" for _ in range(8)))
    found: list[Job] = await claimed(store, 3)
    store = await place.crash(store)
    found = await claimed(store, 10)
    assert {keys_of(found).count(key) for key in "abcde"} == {2}


@pytest.mark.parametrize("seed", range(4))
async def test_turns_as_a_model_has_them(store: Store, clock: Clock, seed: int) -> None:
    """Whatever comes and goes: priority first, each key in its order, and between two turns of a key each other key
    that waits meanwhile has at most one turn. So none starves."""
    rng = random.Random(seed)
    waiting: dict[tuple[int, str | None], list[str]] = defaultdict(list)
    passed_over: dict[tuple[int, str | None], dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    keys: list[str | None] = [None, *(f"k{n}" for n in range(rng.choice([2, 5, 12])))]
    for _ in range(60):
        for _ in range(rng.choice([0, 1, 1, 6])):
            key, priority = rng.choice(keys[: rng.randint(1, len(keys))]), rng.choice([0, 0, 0, 1])
            [job] = await added(store, key, priority=priority)
            waiting[priority, key].append(job.id)
        clock.forward(1)
        for job in (await given.claim(store, 1)).jobs:
            now_waiting = [one for one, ids in waiting.items() if ids]
            assert job.priority == max(priority for priority, _ in now_waiting)
            own = job.priority, job.key
            assert waiting[own].pop(0) == job.id
            passed_over.pop(own, None)
            for other in now_waiting:
                if other != own and other[0] == job.priority:
                    passed_over[other][job.key] += 1
                    assert passed_over[other][job.key] <= 1
