"""Roll-ups of the series on MongoDB: stopped after each step, or carried out again by a process that wakes up late."""

from collections.abc import Callable

import pytest

from job_processor.core.series import DAY
from job_processor.store.base import SeriesQuery, Store
from job_processor.store.mongo import series
from job_processor.store.mongo.client import Document
from job_processor.store.mongo.store import MongoStore
from tests.store_suite import given
from tests.store_suite.places import MongoPlace
from tests.store_suite.test_series import rolled_up, whole

pytestmark = pytest.mark.mongo


class _Killed(Exception):
    pass


def dies_at(step: int) -> Callable[[str], None]:
    left = step

    def failpoint(name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise _Killed

    return failpoint


async def test_a_roll_up_that_dies_at_any_step_is_carried_out_by_another_process(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = await place.open(), await place.open()
    ended = steps = 0
    while True:
        for _ in range(3):
            await given.cancelled(store)
        ended += 3
        with monkeypatch.context() as patched:
            patched.setattr(series, "failpoint", dies_at(steps))
            try:
                await store.roll_up_series(2)
            except _Killed:
                pass
            else:
                break
        # Meanwhile the last of the jobs ends once more.
        await given.cancelled(store)
        ended += 1
        await rolled_up(other)
        assert (await whole(other)).cancelled == ended
        steps += 1
    await rolled_up(other)
    assert (await whole(other)).cancelled == ended
    # The ledger, four rows, and the jobs.
    assert steps == 6


async def test_a_process_that_wakes_up_late_counts_nothing_again(
    place: MongoPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = await place.open(), await place.open()
    assert isinstance(store, MongoStore)
    rows = store._open.rows
    job = await given.cancelled(store)
    with monkeypatch.context() as patched:
        patched.setattr(series, "failpoint", dies_at(0))
        with pytest.raises(_Killed):
            await store.roll_up_series(10)
    asleep: Document = await rows._ledger()
    await rolled_up(other)
    await rows._carry_out(asleep)
    # The same job has ended again, and was not rolled up yet.
    job = await given.moved(store, job, given.Retried(1))
    await given.moved(store, job, given.Cancelled("again"))
    await rows._carry_out(asleep)
    assert await _cancelled_and_retried(other) == (1, 0)
    await rolled_up(other)
    await rows._carry_out(asleep)
    assert await _cancelled_and_retried(store) == (2, 1)
    assert await store.roll_up_series(10) == 0


async def _cancelled_and_retried(store: Store) -> tuple[int, int]:
    found = await whole(store)
    return found.cancelled, found.retried


async def test_a_job_is_deleted_after_its_count_also_beside_others(place: MongoPlace) -> None:
    store, other = await place.open(), await place.open()
    jobs = [await given.cancelled(store) for _ in range(5)]
    assert await other.delete(jobs[2].id)
    found = await store.series(SeriesQuery(DAY, 0, 50_000 * DAY, DAY))
    assert sum(one.cancelled for one in found.buckets.values()) == 1
    await rolled_up(store)
    assert (await whole(store)).cancelled == 5
