"""The series: what happened to jobs, counted in the write in which it happened, each once, and rolled up."""

import asyncio
from collections.abc import Mapping

import pytest

from job_processor.core.job import Usage
from job_processor.core.outcome import Succeeded
from job_processor.core.series import DAY, HOUR, KEEP_MS, MINUTE, Tally, start_of
from job_processor.core.series_rows import KEEP_KEYS_MS, Row
from job_processor.store.base import KeysQuery, SeriesQuery, Store
from tests.store_suite import given
from tests.store_suite.lives import ALL_TIME, FLOWS, Life
from tests.store_suite.places import Clock, Place


async def rolled_up(store: Store) -> None:
    while await store.roll_up_series(7):
        pass


async def rows(store: Store, span: int = MINUTE, flows: frozenset[str] | None = None) -> Mapping[int, Tally]:
    return (await store.series(SeriesQuery(span, *ALL_TIME, span, flows))).buckets


async def whole(store: Store, flow: str | None = None) -> Tally:
    """Everything that was counted."""
    found = await store.series(SeriesQuery(DAY, *ALL_TIME, DAY, None if flow is None else frozenset({flow})))
    tally = Tally()
    for one in found.buckets.values():
        tally.add(one)
    return tally


async def keys_of(store: Store, flows: frozenset[str] | None = None, limit: int = 100) -> dict[str, Tally]:
    return dict(await store.series_of_keys(KeysQuery(*ALL_TIME, limit, flows)))


@pytest.mark.parametrize("seed", range(2))
async def test_random_lives_give_the_series_that_is_counted_by_hand(place: Place, store: Store, seed: int) -> None:
    life = Life(store, place.clock, seed)
    for number in range(25):
        await life.live()
        if number % 9 == 4:
            await store.roll_up_series(5)
        if number == 12:
            life.store = store = await place.crash(store)
    await rolled_up(store)
    for span in KEEP_MS:
        for flow in (None, *FLOWS):
            assert await rows(store, span, None if flow is None else frozenset({flow})) == life.expected(span, flow)
    for flows in (None, frozenset({"f"}), frozenset({"g"}), frozenset({"none"})):
        assert await keys_of(store, flows) == life.of_keys(flows)


async def test_the_keys_with_the_highest_cost_come_first_and_no_more_than_wanted(store: Store, clock: Clock) -> None:
    for key, tokens in (("cheap", 1), ("dear", 9), ("middle", 4), ("free", 0)):
        job = await given.added(store, rules=FLOWS["f"], key_of=key)
        job = await given.claimed(store, FLOWS["f"])
        await given.moved(store, job, given.says(job, Succeeded("r", usage=Usage(tokens, 0))), FLOWS["f"])
    clock.forward(DAY)
    await rolled_up(store)
    assert list(await keys_of(store)) == ["dear", "middle", "cheap"]
    assert list(await keys_of(store, limit=2)) == ["dear", "middle"]
    today = KeysQuery(start_of(DAY, clock.at), start_of(DAY, clock.at) + DAY, 100)
    assert await store.series_of_keys(today) == []


async def test_the_rows_of_keys_are_deleted_after_their_time(store: Store, clock: Clock) -> None:
    await given.added(store, key_of="k")
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Succeeded("r", usage=Usage(1, 1))))
    await rolled_up(store)
    day = start_of(DAY, clock.at)
    await store.prune_series(day + KEEP_KEYS_MS, 100)
    assert list(await keys_of(store)) == ["k"]
    await store.prune_series(day + KEEP_KEYS_MS + 1, 100)
    assert await keys_of(store) == {}


async def test_a_change_that_loses_is_not_counted(store: Store) -> None:
    job = await given.added(store)
    changes = [given.decided(job, given.Cancelled(str(n)), store.now()) for n in range(5)]
    assert sorted(await asyncio.gather(*(store.apply(one) for one in changes))) == [False] * 4 + [True]
    await rolled_up(store)
    assert (await whole(store)).cancelled == 1


async def test_roll_ups_of_several_processes_at_once_count_everything_once(place: Place, store: Store) -> None:
    others = [store, await place.open(), await place.open()]
    for _ in range(3):
        await asyncio.gather(*(given.cancelled(store) for _ in range(10)))
        await asyncio.gather(*(one.roll_up_series(4) for one in others * 3))
    for _ in range(20):
        await asyncio.gather(*(one.roll_up_series(4) for one in others))
    await rolled_up(store)
    assert (await whole(store)).cancelled == 30
    assert await store.roll_up_series(100) == 0


async def test_a_deleted_or_pruned_job_stays_in_the_series(store: Store, clock: Clock) -> None:
    job = await given.cancelled(store)
    assert await store.delete(job.id)
    await given.cancelled(store)
    clock.forward(1)
    assert await store.prune(store.now(), 10) == 1
    await rolled_up(store)
    assert (await whole(store)).cancelled == 2


async def test_the_longest_wait_of_a_time_is_kept(store: Store, clock: Clock) -> None:
    for waited in (5_000, 9_000, 7_000):
        await store.note_waiting({"f": waited, "g": 1})
    clock.forward(MINUTE)
    await store.note_waiting({"f": 3_000})
    await given.cancelled(store)
    await rolled_up(store)
    await store.note_waiting({"f": 2_000})
    await rolled_up(store)
    by_minute = await rows(store, flows=frozenset({"f"}))
    assert [by_minute[at].oldest_ms for at in sorted(by_minute)] == [9_000, 3_000]
    assert (await whole(store, "f")).oldest_ms == 9_000
    assert (await whole(store, "f")).cancelled == 1


async def test_rows_are_deleted_each_after_its_time(store: Store, clock: Clock) -> None:
    await given.cancelled(store)
    await rolled_up(store)
    for span, keep in KEEP_MS.items():
        begun = min(await rows(store, span))
        assert await store.prune_series(begun + keep, 10) == 0
        assert await rows(store, span)
        assert await store.prune_series(begun + keep + 1, 10) == 1
        assert not await rows(store, span)


async def test_rows_are_listed_in_pages_and_put_into_another_store_once(store: Store, clock: Clock) -> None:
    for _ in range(3):
        await given.cancelled(store)
        clock.forward(HOUR)
    await rolled_up(store)
    listed: list[Row] = []
    while page := await store.list_series(listed[-1].id if listed else "", 2):
        listed += page
    assert [row.id for row in listed] == sorted({row.id for row in listed})
    assert {row.span for row in listed} == set(KEEP_MS)
    moved = [Row(row.span, row.at, "other", row.tally) for row in listed]
    for _ in range(2):
        await store.put_series(moved, 5)
    assert (await whole(store, "other")).cancelled == 3
    assert (await whole(store)).cancelled == 6
    assert await store.series_since() == 5
    await store.put_series([], 9)
    assert await store.series_since() == 5


async def test_counting_began_when_the_store_was_first_opened(place: Place, store: Store, clock: Clock) -> None:
    began = clock.at
    clock.forward(HOUR)
    assert await (await place.crash(store)).series_since() == began
