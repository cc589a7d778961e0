"""Copying between stores: everything arrives, nothing is written twice, a difference is never passed over."""

from dataclasses import replace

import pytest
from msgspec import structs

from job_processor import transfer
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import MAX_KEPT_PER_JOB, Callback, CallbackContent
from job_processor.store import portable
from job_processor.store.base import InboxQuery, Query, Store
from tests.store_suite import given
from tests.transfer.conftest import KEPT, NewPlace, fill

MANY = 1_994


async def lines(store: Store) -> list[bytes]:
    found = await given.jobs_of(store, Query(limit=10_000, clip=1))
    kept = await store.list_callbacks(InboxQuery(limit=10_000, clip=1 << 20))
    return [portable.dump(job) for job in found] + [portable.dump_callback(one.callback) for one in kept]


def quiet(done: int, total: int) -> None:
    """A progress that nobody looks at."""


@pytest.mark.mongo
async def test_two_thousand_jobs_to_mongodb_and_back_are_the_same(new_place: NewPlace) -> None:
    first, middle, last = [await (await new_place(kind)).open() for kind in ("sqlite", "mongo", "sqlite")]
    jobs = await fill(first, MANY)
    there = await transfer.copy(first, middle, quiet)
    back = await transfer.copy(middle, last, quiet)
    assert (there.jobs, there.written, back.jobs) == (jobs, jobs, jobs)
    assert (there.callbacks, back.callbacks) == (KEPT, KEPT)
    assert there.sha256 == back.sha256
    assert await lines(last) == await lines(first)


async def test_an_interrupted_copy_goes_on_where_it_was(new_place: NewPlace) -> None:
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    jobs = await fill(source, 450)

    def stop(done: int, total: int) -> None:
        if done >= transfer.BATCH:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await transfer.copy(source, target, stop)
    again = await transfer.copy(source, target, quiet)
    assert (again.jobs, again.written) == (jobs, jobs - transfer.BATCH)
    assert await lines(target) == await lines(source)


async def test_a_job_that_differs_in_the_target_stops_the_copy(new_place: NewPlace) -> None:
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    job = await given.added(source, "one")
    await target.add(structs.replace(job, prompt="another"))
    with pytest.raises(transfer.TransferFailed, match=job.id):
        await transfer.copy(source, target, quiet)


async def test_a_job_with_more_kept_callbacks_than_one_may_send_is_copied_whole(new_place: NewPlace) -> None:
    """Reports by execution become a job's own once they are matched, beside those that named it."""
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    job = await given.failed(source)
    now = source.now()
    for n in range(MAX_KEPT_PER_JOB):
        words = Callback(
            f"{n:024x}", now, now, CallbackVerdict.STALE, CallbackContent.ERROR, str(n), job.id, execution_id="7"
        )
        await source.keep_callback(words)
    crash = Callback("f" * 24, now, now, CallbackVerdict.UNKNOWN, CallbackContent.ERROR, "0", execution_id="7")
    assert await source.keep_callback(crash) == crash.id
    await source.set_callback_verdict(crash.id, CallbackVerdict.APPLIED, job.id)

    await transfer.copy(source, target, quiet)

    assert await lines(target) == await lines(source)
    assert await target.keep_callback(replace(crash, id="e" * 24)) == crash.id, "it is known when it comes again"


async def test_progress_counts_up_to_all(new_place: NewPlace) -> None:
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    jobs = await fill(source, 400)
    seen: list[tuple[int, int]] = []
    await transfer.copy(source, target, lambda done, total: seen.append((done, total)))
    assert seen == [(200, jobs), (400, jobs), (jobs, jobs)]
