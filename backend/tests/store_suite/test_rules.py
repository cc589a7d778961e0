"""What the core says of a job and the database computes or is asked for must agree: due_at, ready, the result."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec import structs

from job_processor.core.job import Job, JobError
from job_processor.core.outcome import Accepted, CallbackUnreadable, Cancelled, Deferred, Failed, Retried, Succeeded
from job_processor.core.transitions import Change, Guard
from job_processor.store import fields
from job_processor.store.base import Held, Store
from tests.store_suite import given
from tests.store_suite.places import START, Clock

Made = Callable[[Store], Awaitable[Job]]
SOON, LATE = START + 5_000, START + 500_000
"""Deadlines before and after the end of every lease here."""


def pending(deadline: int | None = None, run_at: int = START) -> Made:
    async def make(store: Store) -> Job:
        wanted = given.Wanted(run_at=run_at)
        return await given.added(store, **(wanted if deadline is None else wanted | {"deadline": deadline}))

    return make


def running(deadline: int | None = None) -> Made:
    async def make(store: Store) -> Job:
        await pending(deadline)(store)
        return await given.claimed(store)

    return make


def renewed(deadline: int | None = None) -> Made:
    """Its ``due_at`` is computed by the database."""

    async def make(store: Store) -> Job:
        job = await running(deadline)(store)
        assert await store.extend([Held(job.id, given.token_of(job))], 90_000) == []
        return await given.stored(store, job.id)

    return make


def waiting(deadline: int | None = None, unread: bool = False) -> Made:
    """``unread``: a callback that could not be read came, so its processor is to be asked now."""

    async def make(store: Store) -> Job:
        job = await running(deadline)(store)
        job = await given.moved(store, job, given.says(job, Accepted(60_000, "7")))
        return await given.moved(store, job, CallbackUnreadable("400", 1)) if unread else job

    return make


async def retried(store: Store) -> Job:
    return await given.moved(store, await given.failed(store), Retried(1))


async def refused(store: Store) -> Job:
    job = await running()(store)
    return await given.moved(store, job, given.says(job, Deferred(SOON, "rate_limited", "429")))


async def completed(store: Store) -> Job:
    job = await running(LATE)(store)
    return await given.moved(store, job, given.says(job, Succeeded("r")))


async def cancelled(store: Store) -> Job:
    return await given.moved(store, await running(LATE)(store), Cancelled("no"))


STATES: dict[str, Made] = {
    "pending": pending(),
    "pending, to be done by": pending(LATE),
    "pending for later": pending(LATE, run_at=SOON),
    "put back": refused,
    "retried": retried,
    "running": running(),
    "running, with less time than its lease": running(SOON),
    "running, with more time than its lease": running(LATE),
    "renewed": renewed(),
    "renewed, with less time than its lease": renewed(SOON),
    "renewed, with more time than its lease": renewed(LATE),
    "waiting": waiting(),
    "waiting, with less time than its processor": waiting(SOON),
    "waiting, with more time than its processor": waiting(LATE),
    "waiting, to be asked": waiting(LATE, unread=True),
    "completed": completed,
    "failed": given.failed,
    "cancelled": cancelled,
}


@pytest.mark.parametrize("state", STATES)
async def test_it_is_overdue_from_its_due_at_on(store: Store, clock: Clock, state: str) -> None:
    job = await STATES[state](store)
    due_at = job.due_at()
    if due_at is None:
        clock.forward(86_400_000)
        assert await store.overdue(10) == []
        return
    if due_at > clock.now():
        clock.at = due_at - 1
        assert await store.overdue(10) == []
    clock.at = due_at
    assert [one.id for one in await store.overdue(10)] == [job.id]


@pytest.mark.parametrize("later", [0, SOON - START])
@pytest.mark.parametrize("state", STATES)
async def test_it_can_be_claimed_when_it_is_pending_and_due(store: Store, clock: Clock, state: str, later: int) -> None:
    job = await STATES[state](store)
    clock.forward(later)
    claimed = (await given.claim(store)).jobs
    assert [one.id for one in claimed] == ([job.id] if fields.ready(job, clock.now()) == 1 else [])


@pytest.mark.parametrize("state", STATES)
async def test_it_has_the_result_that_it_was_moved_with(store: Store, state: str) -> None:
    """Only in final states a job has one (tests/core/test_result_states.py); a store loses none in any other."""
    job = await STATES[state](store)
    for result in ("one", "two", *((None, "three") if job.is_final else ())):
        guard = Guard(job.state, None if job.lease is None else job.lease.token, job.rev)
        job = structs.replace(job, rev=job.rev + 1, result=result)
        assert await store.apply(Change(guard, job))
        assert await given.stored(store, job.id) == job


async def test_a_retry_takes_the_result_away(store: Store) -> None:
    job = await running()(store)
    refusal = Failed(JobError("bad", "bad"), retryable=False)
    failed = structs.replace((await given.moved(store, job, given.says(job, refusal))), result="r")
    guard = Guard(failed.state, None, failed.rev)
    failed = structs.replace(failed, rev=failed.rev + 1)
    assert await store.apply(Change(guard, failed))
    assert (await given.stored(store, job.id)).result == "r"

    again = await given.moved(store, failed, Retried(1))

    assert again.result is None
    assert await given.stored(store, job.id) == again
