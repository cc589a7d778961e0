"""apply: compare-and-set under state, rev and token; history in the same write."""

import asyncio

import pytest
from msgspec import structs

from job_processor.core.events import EventKind
from job_processor.core.job import Job, JobError, Refusals, State
from job_processor.core.outcome import (
    Accepted,
    Cancelled,
    Deferred,
    Failed,
    Progressed,
    Reported,
    ResultAccepted,
    Succeeded,
)
from job_processor.core.transitions import Guard
from job_processor.core.verdict import (
    Edit,
    ParseError,
    Repair,
    ResultKind,
    SchemaError,
    Verdict,
    Warning,
    WarningCode,
)
from job_processor.store import portable
from job_processor.store.base import Phrase, Query, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place


async def test_a_change_lands_once(store: Store) -> None:
    job = await given.added(store)
    change = given.decided(job, Cancelled("no"), store.now())
    assert await store.apply(change)
    assert not await store.apply(change)
    assert await store.get(job.id) == change.job


async def test_a_job_that_is_not_there_takes_no_change(store: Store) -> None:
    job = given.a_job(store.now())
    assert not await store.apply(given.decided(job, Cancelled("no"), store.now()))
    assert await store.get(job.id) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": State.WAITING},
        {"state": State.PENDING},
        {"rev": 1},
        {"rev": 3},
        {"token": "0" * 32},
        {"token": None},
        {"token": ""},
    ],
    ids=str,
)
async def test_each_part_of_the_guard_alone_makes_a_change_lose(store: Store, wrong: dict[str, object]) -> None:
    await given.added(store)
    job = await given.claimed(store)
    change = given.decided(job, given.says(job, Succeeded("r")), store.now())
    guard: Guard = structs.replace(change.guard, **wrong)
    assert not await store.apply(structs.replace(change, guard=guard))
    assert await store.get(job.id) == job
    assert await store.apply(change)


async def test_a_verdict_is_kept_whole(store: Store) -> None:
    verdict = Verdict(
        ResultKind.MALFORMED,
        error=ParseError("Unexpected.", 1, 2),
        repaired=Repair('{"a": 1}', (Edit(8, ", b", "}"),), cut=True, dropped="b"),
        schema_errors=(SchemaError("/a", "is wrong"),),
        warnings=(Warning(WarningCode.DUPLICATE_NAME, "/a", 1, 2, "twice"),),
        note="in words",
    )
    job = await given.added(store)
    assert await store.apply(given.decided(job, Reported(Succeeded('{"a": 1, b', verdict)), store.now()))
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.verdict == verdict


async def test_without_a_lease_the_guard_wants_none(store: Store) -> None:
    job = await given.added(store)
    change = given.decided(job, Cancelled("no"), store.now())
    assert not await store.apply(structs.replace(change, guard=structs.replace(change.guard, token="0" * 32)))
    assert await store.apply(change)


async def test_history_grows_with_the_move_that_made_it(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(1000, "e1")))
    job = await given.moved(store, job, given.says(job, Succeeded("r")))
    stored = await store.get(job.id)
    assert stored is not None
    assert [event.what for event in stored.history] == [
        EventKind.SUBMITTED,
        EventKind.STARTED,
        EventKind.ACCEPTED,
        EventKind.COMPLETED,
    ]


async def test_a_lost_change_leaves_no_trace(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    lost = given.decided(job, given.says(job, Succeeded("lost")), store.now())
    won = await given.moved(store, job, given.says(job, Failed(JobError("a", "b"), retryable=False)))
    before = await store.counts()
    assert not await store.apply(lost)
    assert await store.get(job.id) == won
    assert await store.counts() == before
    assert await given.ids_of(store, Query(phrases=(Phrase("lost"),))) == []


async def test_of_many_different_outcomes_at_once_exactly_one_lands(place: Place, store: Store) -> None:
    other = await place.open()
    for _ in range(3):
        await given.added(store)
        job = await given.claimed(store)
        changes = [given.decided(job, given.says(job, Succeeded(f"r{n}")), store.now()) for n in range(50)]
        written = await asyncio.gather(*((store if n % 2 else other).apply(change) for n, change in enumerate(changes)))
        assert sum(written) == 1
        assert await store.get(job.id) == changes[written.index(True)].job


async def test_a_retry_takes_the_old_result_away(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Failed(JobError("a", "b"), retryable=False)))
    job = await given.moved(store, job, given.Retried(1))
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Failed(JobError("a", "b"), retryable=False)))
    # A state that no rule makes today, but that the store must not keep by itself.
    with_result = structs.replace(job, result="old", rev=job.rev + 1)
    change = given.decided(job, ResultAccepted("old"), store.now())
    assert await store.apply(structs.replace(change, job=with_result))
    assert (await _get(store, job.id)).result == "old"
    retried = given.decided(with_result, given.Retried(2), store.now())
    assert await store.apply(retried)
    stored = await _get(store, job.id)
    assert (stored.state, stored.result, stored.verdict) == (State.PENDING, None, None)
    assert await given.ids_of(store, Query(phrases=(Phrase("old"),))) == []
    [listed] = await store.list(Query())
    assert listed.result_bytes is None


async def test_an_accepted_result_completes_a_cancelled_job(store: Store) -> None:
    job = await given.cancelled(store)
    job = await given.moved(store, job, ResultAccepted("late"))
    stored = await _get(store, job.id)
    assert (stored.state, stored.result) == (State.COMPLETED, "late")


async def test_a_callback_completes_a_job_that_nobody_has_claimed(store: Store) -> None:
    job = await given.added(store)
    await given.moved(store, job, given.Reported(Succeeded("r")))
    assert len((await given.claim(store, 1)).jobs) == 0
    assert (await _get(store, job.id)).result == "r"


async def test_progress_is_kept_and_gives_way_to_the_outcome(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    assert job.lease is not None
    seen = await given.moved(store, job, Progressed("half", token=job.lease.token))
    assert (await _get(store, job.id)).progress == "half"
    # The worker still knows the job as it was before the word came: its change is lost, then decided anew.
    assert not await store.apply(given.decided(job, given.says(job, Succeeded("r")), store.now()))
    await given.moved(store, seen, given.says(job, Succeeded("r")))
    assert (await _get(store, job.id)).progress is None


@pytest.mark.parametrize(
    "outcome",
    [
        Succeeded("zombie"),
        Failed(JobError("z", "z")),
        Failed(JobError("z", "z"), False),
        Accepted(1),
        Deferred(1, "z", "z"),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
async def test_what_a_zombie_decided_lands_nowhere(store: Store, clock: Clock, outcome: given.Outcome) -> None:
    """A worker stopped past its lease wakes up and writes what it had decided while it held the job."""
    await given.added(store)
    old = await given.claimed(store, owner="zombie")
    change = given.decided(old, given.says(old, outcome), store.now())
    clock.forward(30_000)
    [late] = await store.overdue(10)
    back = await given.moved(store, late, given.Expired())
    assert not await store.apply(change)
    clock.forward(back.run_at - clock.now())
    current = await given.claimed(store, owner="w2")
    assert not await store.apply(change)
    # Even if it hit on the present rev by chance: the token is the other one's.
    assert not await store.apply(structs.replace(change, guard=structs.replace(change.guard, rev=current.rev)))
    assert await store.get(old.id) == current
    done = await given.moved(store, current, given.says(current, Succeeded("right")))
    assert not await store.apply(change)
    assert await store.get(old.id) == done


async def test_what_was_applied_outlives_a_crash(place: Place, store: Store) -> None:
    job = await given.completed(store, "p\0", "r\0")
    after = await place.crash(store)
    assert await after.get(job.id) == job


async def _get(store: Store, job_id: str) -> Job:
    job = await store.get(job_id)
    assert job is not None
    return job


async def test_what_a_job_was_refused_is_kept(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    met = Refusals(1, 2, 3, 4, 5)
    back = await given.moved(store, job, given.says(job, Deferred(0, "misconfigured", "403", met)))
    assert back.refusals == met
    assert await store.get(job.id) == back
    assert portable.load(portable.dump(back)) == back
    assert (await given.claimed(store)).refusals == met
