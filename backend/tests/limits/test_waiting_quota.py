"""The quota of waiting jobs: never far exceeded, never refused while there is room, however many processes submit."""

import asyncio
import itertools
import random

import pytest
from msgspec import structs

from job_processor.acts import waiting_quota
from job_processor.acts.waiting_quota import FRESH_SECONDS, REFUSED_SECONDS, SHARE, WaitingQuota
from job_processor.core.errors import TooManyWaiting
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.places import Place


class Seconds:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


async def submit(quota: WaitingQuota, store: Store, owner: str = "a") -> bool:
    try:
        allowance = await quota.enter(owner)
    except TooManyWaiting:
        return False
    try:
        await store.add(structs.replace(given.a_job(store.now()), owner=owner))
    finally:
        allowance.leave()
    return True


async def submit_together(quota: WaitingQuota, store: Store, number: int, owner: str = "a") -> bool:
    """As a batch: all or none."""
    try:
        allowance = await quota.enter_together(owner, number)
    except TooManyWaiting:
        return False
    try:
        for _ in range(number):
            await store.add(structs.replace(given.a_job(store.now()), owner=owner))
    finally:
        allowance.leave(number)
    return True


async def test_one_process_fills_the_quota_and_not_more(store: Store) -> None:
    seconds = Seconds()
    quota = WaitingQuota(store, 20, seconds)
    stored = [await submit(quota, store) for _ in range(30)]
    assert stored == [True] * 20 + [False] * 10
    assert await submit(quota, store, "b"), "another owner has a quota of its own"
    await given.claim(store, 5)
    seconds.at += REFUSED_SECONDS
    assert sum([await submit(quota, store) for _ in range(30)]) >= 4


@pytest.mark.parametrize("most", [10, 200])
async def test_processes_at_once_stay_within_it(place: Place, most: int) -> None:
    rng = random.Random(most)
    first = await place.open()
    stores = [first, *[await place.open() for _ in range(3 if first.info.shared else 0)]]
    seconds = Seconds()
    quotas = [WaitingQuota(one, most, seconds) for one in stores]
    for _ in range(12):
        pairs = rng.choices(list(zip(quotas, stores, strict=True)), k=most // 2)
        stored = await asyncio.gather(*(submit(quota, store) for quota, store in pairs))
        waiting = await stores[0].count_waiting("a", 10 * most)
        assert waiting <= most + (len(stores) - 1) * max(1, most // SHARE)
        if not all(stored):
            assert waiting >= most - len(stores) * max(1, most // SHARE), "refused although there was room"
            await given.claim(stores[0], most // 3)
        seconds.at += FRESH_SECONDS


async def test_submits_at_once_of_one_process_never_exceed_it_and_need_few_counts(store: Store) -> None:
    seconds = Seconds()
    counts = 0
    counted = store.count_waiting

    async def count(owner: str, most: int) -> int:
        nonlocal counts
        counts += 1
        return await counted(owner, most)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "count_waiting", count)
        quota = WaitingQuota(store, 300, seconds)
        stored = await asyncio.gather(*(submit(quota, store) for _ in range(400)))
    assert sum(stored) == await store.count_waiting("a", 1_000) == 300
    # Of a store of its own a process needs one count for all that is left, and one after each group of jobs that is
    # written until nothing is left.
    assert counts < 20 if not store.info.shared else counts > 2


async def test_a_failed_submit_gives_its_place_back(store: Store) -> None:
    seconds = Seconds()
    quota = WaitingQuota(store, 1, seconds)
    for _ in range(5):
        allowance = await quota.enter("a")
        allowance.leave()
        seconds.at += FRESH_SECONDS
    assert await submit(quota, store)


async def test_owners_with_submits_under_way_are_remembered_however_many_others_come(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_quota, "MAX_OWNERS", 2)
    quota = WaitingQuota(store, 1, Seconds())
    first = await quota.enter("a")
    counted, waits = store.count_waiting, asyncio.Event()

    async def then_waits(owner: str, most: int) -> int:
        number = await counted(owner, most)
        waits.set()
        return number

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "count_waiting", then_waits)
        waiter = asyncio.create_task(submit(quota, store))
        await waits.wait()
    for owner in "bcd":
        allowance = await quota.enter(owner)
        allowance.leave()
    assert not waiter.done(), "one process never exceeds the quota"
    first.leave()
    assert await asyncio.wait_for(waiter, 10)


async def test_submits_that_wait_for_a_count_go_on_however_many_others_come(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_quota, "MAX_OWNERS", 2)
    quota = WaitingQuota(store, 3, Seconds())
    counted, others = store.count_waiting, itertools.count()

    async def with_others(owner: str, most: int) -> int:
        number = await counted(owner, most)
        if owner == "a":
            for _ in range(2):
                other = f"other {next(others)}"
                allowance = await quota.enter(other)
                allowance.leave()
        return number

    monkeypatch.setattr(store, "count_waiting", with_others)
    stored = asyncio.gather(*(submit(quota, store) for _ in range(5)))
    assert sum(await asyncio.wait_for(stored, 10)) == 3
    assert len(quota._owners) <= 2


async def test_a_job_that_is_counted_before_its_submit_is_over_fills_one_place(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = Seconds()
    quota = WaitingQuota(store, 2, seconds)
    counted = store.count_waiting
    allowance = await quota.enter("a")
    await store.add(structs.replace(given.a_job(store.now()), owner="a"))
    seconds.at += FRESH_SECONDS

    async def then_over(owner: str, most: int) -> int:
        monkeypatch.undo()
        number = await counted(owner, most)
        asyncio.get_running_loop().call_soon(allowance.leave)
        return number

    monkeypatch.setattr(store, "count_waiting", then_over)
    assert await submit(quota, store)
    assert not await submit(quota, store)


async def test_a_job_that_is_stored_while_it_is_counted_fills_one_place(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = Seconds()
    quota = WaitingQuota(store, 2, seconds)
    counted = store.count_waiting
    allowance = await quota.enter("a")

    async def meanwhile(owner: str, most: int) -> int:
        monkeypatch.undo()
        await store.add(structs.replace(given.a_job(store.now()), owner=owner))
        number = await counted(owner, most)
        allowance.leave()
        return number

    monkeypatch.setattr(store, "count_waiting", meanwhile)
    seconds.at += FRESH_SECONDS
    assert await submit(quota, store)
    assert not await submit(quota, store)


@pytest.mark.parametrize("later", [0.0, FRESH_SECONDS])
async def test_jobs_together_get_all_that_single_ones_left(store: Store, later: float) -> None:
    seconds = Seconds()
    quota = WaitingQuota(store, 20, seconds)
    assert await submit(quota, store)
    seconds.at += later
    assert not await submit_together(quota, store, 20)
    assert await submit_together(quota, store, 10)
    assert await submit(quota, store)
    assert await submit_together(quota, store, 8)
    seconds.at += later
    assert not await submit(quota, store)


async def test_a_submit_does_not_wait_for_jobs_together_while_there_is_room(store: Store) -> None:
    quota = WaitingQuota(store, 20, Seconds())
    allowance = await quota.enter_together("a", 12)
    single = asyncio.create_task(submit(quota, store))
    if store.info.shared:
        # Other processes may have counted too: as many as one count allows are under way.
        allowance.leave(12)
    assert await asyncio.wait_for(single, 10)


async def test_single_jobs_and_jobs_together_at_once_never_exceed_it(store: Store) -> None:
    rng = random.Random(7)
    quota = WaitingQuota(store, 60, Seconds())
    for most in (30, 60, 90, 120):
        numbers = [rng.choice([1, 1, 1, 5]) for _ in range(most // 2)]
        await asyncio.gather(
            *(submit(quota, store) if one == 1 else submit_together(quota, store, one) for one in numbers)
        )
        assert await store.count_waiting("a", 1_000) <= 60
