"""ahead: how many jobs go first, counted no further than wanted."""

import random
from collections import defaultdict

import pytest
from msgspec import structs

from job_processor.core.job import Job
from job_processor.store.base import Ahead, Store
from tests.store_suite import given
from tests.store_suite.places import Place
from tests.store_suite.test_turns import added, claimed, of_key

MOST = 100


async def ahead_of(store: Store, job: Job, most: int = MOST) -> Ahead | None:
    return await store.ahead(job, most)


async def test_of_one_key_it_is_the_place_in_the_queue(store: Store) -> None:
    jobs = await added(store, *["a"] * 5)
    assert [await ahead_of(store, job) for job in jobs] == [Ahead(n, more=False) for n in range(5)]


async def test_without_keys_too(store: Store) -> None:
    jobs = await added(store, *[None] * 3)
    assert [await ahead_of(store, job) for job in jobs] == [Ahead(n, more=False) for n in range(3)]


async def test_of_other_keys_as_many_count_as_may_have_their_turn_first(store: Store) -> None:
    await added(store, *["a"] * 30, *["c"] * 2)
    mine = await added(store, *["b"] * 4)
    # The first job of each key, then the second, and so on.
    expected = [1 + 1, 2 + 2 + 1, 3 + 2 + 2, 4 + 2 + 3]
    assert [await ahead_of(store, job) for job in mine] == [Ahead(n, more=False) for n in expected]


async def test_jobs_of_a_higher_priority_all_go_first(store: Store) -> None:
    [low] = await added(store, "a", priority=-1)
    [mine] = await added(store, "a")
    await added(store, *["b"] * 7, *["c"] * 2, priority=3)
    assert await ahead_of(store, mine) == Ahead(9, more=False)
    assert await ahead_of(store, low) == Ahead(10, more=False)


async def test_other_flows_and_jobs_of_later_do_not_count(store: Store) -> None:
    await store.add(structs.replace(of_key(store, "a"), flow="g", priority=9))
    await store.add(of_key(store, "a", priority=5, run_at=store.now() + 60_000))
    [mine] = await added(store, "a")
    assert await ahead_of(store, mine) == Ahead(0, more=False)


async def test_a_job_that_is_not_due_or_not_pending_has_no_place(store: Store) -> None:
    later = of_key(store, "a", run_at=store.now() + 60_000)
    await store.add(later)
    assert await ahead_of(store, later) is None
    [mine] = await added(store, "a")
    await claimed(store, 1)
    assert await ahead_of(store, await given.stored(store, mine.id)) is None
    assert await ahead_of(store, of_key(store, "a")) is None


@pytest.mark.parametrize("crowd", ["priority", "own", "one key", "keys"])
async def test_it_counts_no_further_than_wanted(store: Store, crowd: str) -> None:
    if crowd == "priority":
        await added(store, *["a"] * 7, priority=1)
    elif crowd == "own":
        await added(store, *["b"] * 7)
    elif crowd == "one key":
        await added(store, *["a"] * 7, *["b"] * 3)
    else:
        await added(store, *"acdefgh")
    [mine] = await added(store, "b")
    assert await ahead_of(store, mine, 5) == Ahead(5, more=True)
    exact = 7
    assert await ahead_of(store, mine, exact) == Ahead(exact, more=False)


async def test_a_long_queue_of_another_key_costs_no_more_than_a_short_one(store: Store) -> None:
    """One of ``b`` behind many of ``a``, and many keys after those: the queue of ``a`` is passed over."""
    await added(store, *["a"] * 40)
    [mine] = await added(store, "b")
    await added(store, *"cdef")
    assert await ahead_of(store, mine, 10) == Ahead(5, more=False)


@pytest.mark.parametrize("seed", range(6))
async def test_no_more_jobs_go_first_than_it_said(place: Place, store: Store, seed: int) -> None:
    """Whatever waits, and after a crash: what is claimed before a job was among those counted."""
    rng = random.Random(seed)
    jobs = []
    for _ in range(rng.randint(5, 30)):
        jobs += await added(store, rng.choice(["a", "a", "a", "b", "c", None]), priority=rng.choice([0, 0, 1]))
    await claimed(store, rng.randint(0, 3), 1)
    store = await place.crash(store)
    waiting = {job.id: await ahead_of(store, await given.stored(store, job.id)) for job in jobs}
    model: dict[tuple[int, str | None], list[str]] = defaultdict(list)
    for job in jobs:
        if waiting[job.id] is not None:
            model[job.priority, job.key].append(job.id)
    order = [job.id for job in await claimed(store, sum(map(len, model.values())), rng.randint(1, 4))]
    for (priority, key), ids in model.items():
        for n, job_id in enumerate(ids):
            others = [len(some) for (of, name), some in model.items() if of == priority and name != key]
            higher = sum(len(some) for (of, _), some in model.items() if of > priority)
            said = waiting[job_id]
            assert said == Ahead(higher + n + sum(min(some, n + 1) for some in others), more=False)
            assert order.index(job_id) <= said.jobs
