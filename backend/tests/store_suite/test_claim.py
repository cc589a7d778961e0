"""claim: who gets what, in which order, and never twice."""

import asyncio
from collections import Counter

from job_processor.core.events import EventKind
from job_processor.core.flow import FlowRules
from job_processor.core.job import State
from job_processor.core.outcome import Deferred
from job_processor.store.base import Claim, Query, Store
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place


async def test_nothing_is_there(store: Store) -> None:
    answer = await given.claim(store, 10)
    assert (list(answer.jobs), answer.retry_at) == ([], None)


async def test_a_claimed_job_is_running_with_its_attempt_on_record(store: Store, clock: Clock) -> None:
    made = await given.added(store)
    clock.forward(5)
    job = await given.claimed(store, owner="w7")
    assert (job.id, job.state, job.rev, job.attempt) == (made.id, State.RUNNING, 2, 1)
    assert job.lease is not None
    assert (job.lease.owner, job.lease.until) == ("w7", clock.now() + 30_000)
    assert [(a.number, a.worker, a.started_at, a.end) for a in job.attempts] == [(1, "w7", clock.now(), None)]
    assert [e.what for e in job.history] == [EventKind.SUBMITTED, EventKind.STARTED]
    assert await store.get(job.id) == job


async def test_a_claimed_job_is_not_claimed_again(store: Store) -> None:
    await given.added(store)
    assert len((await given.claim(store, 5)).jobs) == 1
    assert len((await given.claim(store, 5)).jobs) == 0


async def test_no_more_than_the_limit(store: Store) -> None:
    for _ in range(5):
        await given.added(store)
    assert len((await given.claim(store, 3)).jobs) == 3


async def test_only_jobs_of_the_flow(store: Store) -> None:
    await given.added(store, rules=FlowRules("g"))
    assert len((await given.claim(store, 5)).jobs) == 0


async def test_highest_priority_then_oldest_run_at_then_oldest_id(store: Store, clock: Clock) -> None:
    now = clock.now()
    late = await given.added(store, "late", run_at=now + 20)
    soon = await given.added(store, "soon", run_at=now + 10)
    first = await given.added(store, "first")
    second = await given.added(store, "second")
    low = await given.added(store, "low", priority=-1)
    high_late = await given.added(store, "high late", priority=5, run_at=now + 15)
    high = await given.added(store, "high", priority=5)
    clock.forward(20)
    expected = [high, high_late, first, second, soon, late, low]
    answer = await given.claim(store, 3)
    rest = [await given.claimed(store) for _ in range(4)]
    assert [job.prompt for job in (*answer.jobs, *rest)] == [job.prompt for job in expected]


async def test_a_future_job_is_never_claimed_whatever_its_priority(store: Store, clock: Clock) -> None:
    await given.added(store, "future", priority=100, run_at=clock.now() + 1)
    due = await given.added(store, "due")
    answer = await given.claim(store, 10)
    assert [job.id for job in answer.jobs] == [due.id]


async def test_a_future_job_is_claimed_from_its_very_millisecond(store: Store, clock: Clock) -> None:
    job = await given.added(store, run_at=clock.now() + 1000)
    clock.forward(999)
    assert len((await given.claim(store, 1)).jobs) == 0
    clock.forward(1)
    assert [one.id for one in (await given.claim(store, 1)).jobs] == [job.id]


async def test_many_future_jobs_in_front_do_not_hide_a_due_one(store: Store, clock: Clock) -> None:
    for n in range(120):
        await given.added(store, f"future {n}", priority=9, run_at=clock.now() + 60_000)
    due = await given.added(store, "due")
    assert (await given.claimed(store)).id == due.id


async def test_a_snoozed_job_comes_back_at_its_time(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Deferred(clock.now() + 500, "lane_full", "full")))
    answer = await given.claim(store, 1)
    assert (list(answer.jobs), answer.retry_at) == ([], clock.now() + 500)
    clock.forward(500)
    again = await given.claimed(store)
    assert (again.id, again.attempt, again.failures) == (job.id, 2, 0)


async def test_retry_at_is_the_next_run_at_of_the_flow(store: Store, clock: Clock) -> None:
    await given.added(store, run_at=clock.now() + 900)
    await given.added(store, run_at=clock.now() + 300)
    await given.added(store, run_at=clock.now() + 100, rules=FlowRules("g"))
    assert (await given.claim(store, 5)).retry_at == clock.now() + 300


async def test_a_job_with_work_before_it_is_claimed_with_all_it_has(store: Store, clock: Clock) -> None:
    made = await given.added(store, "a\0ä" * 1000, tags=("t",), metadata={"$a": 1}, deadline=clock.now() + 10**6)
    job = await given.claimed(store)
    assert (job.prompt, job.tags, job.metadata, job.deadline) == (made.prompt, ("t",), {"$a": 1}, made.deadline)


async def test_every_lease_has_a_token_of_its_own(store: Store) -> None:
    for _ in range(50):
        await given.added(store)
    jobs = [*(await given.claim(store, 25)).jobs, *(await given.claim(store, 25)).jobs]
    tokens = {job.lease.token for job in jobs if job.lease is not None}
    assert len(tokens) == 50
    assert all(len(token) >= 32 for token in tokens)


async def test_the_next_attempt_has_a_new_token(store: Store, clock: Clock) -> None:
    await given.added(store)
    first = await given.claimed(store)
    await given.moved(store, first, given.says(first, Deferred(clock.now(), "x", "y")))
    second = await given.claimed(store)
    assert first.lease is not None
    assert second.lease is not None
    assert first.lease.token != second.lease.token


async def test_racing_claims_share_the_jobs_and_none_gets_one_twice(place: Place, store: Store) -> None:
    for n in range(60):
        await given.added(store, f"p{n}")
    peers = [store, await place.open(), await place.open()]
    taken: list[str] = []
    while len(taken) < 60:
        answers = await asyncio.gather(
            *(peers[n % 3].claim(Claim(RULES, 7, f"w{n}")) for n in range(9)),
        )
        taken += [job.id for answer in answers for job in answer.jobs]
        assert any(answer.jobs for answer in answers), "somebody must get on"
    assert Counter(taken).most_common(1)[0][1] == 1
    stored = await given.jobs_of(store, Query(limit=100))
    assert all(job.attempt == 1 and job.state is State.RUNNING for job in stored)


async def test_racing_claims_take_what_is_worth_most_first(place: Place, store: Store) -> None:
    """However claims race, no job is left behind while one of lower priority is taken."""
    for n in range(40):
        await given.added(store, priority=n % 4)
    peers = [store, await place.open()]
    answers = await asyncio.gather(*(peers[n % 2].claim(Claim(RULES, 5, f"w{n}")) for n in range(4)))
    taken = [job.priority for answer in answers for job in answer.jobs]
    left = [one.job.priority for one in await store.list(Query(limit=100, states=frozenset({State.PENDING})))]
    # 20 of 40 at the most: of priorities 3 and 2 there are ten each.
    assert min(taken) >= max(left, default=0) or set(taken) <= {2, 3}


async def test_a_claim_and_a_cancel_of_one_job_do_not_both_land(place: Place, store: Store) -> None:
    other = await place.open()
    for _ in range(20):
        job = await given.added(store)
        cancel = given.decided(job, given.Cancelled("no"), store.now())
        claim, gone = await asyncio.gather(given.claim(other, 1), store.apply(cancel))
        assert len(claim.jobs) + int(gone) == 1
        if claim.jobs:
            await given.moved(store, claim.jobs[0], given.Cancelled("tidy up"))


async def test_a_job_past_its_deadline_is_not_handed_over_and_keeps_no_place(store: Store, clock: Clock) -> None:
    late = await given.added(store, deadline=clock.now() + 1_000, priority=9)
    clock.forward(1_000)
    in_time = await given.added(store, deadline=clock.now() + 1)
    without = await given.added(store)
    taken = (await given.claim(store, 10)).jobs
    assert sorted(job.id for job in taken) == sorted([in_time.id, without.id])
    assert [job.id for job in await store.overdue(10)] == [late.id]
