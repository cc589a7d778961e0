"""list_waiting: the WAITING jobs of a flow that its processor is to be asked about."""

from dataclasses import replace

from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.outcome import Accepted, Asked, Asking, Cancelled
from job_processor.store.base import Store, WaitingQuery
from tests.store_suite import given
from tests.store_suite.places import Clock


async def waits(store: Store, prompt: str, ms: int = 60_000, rules: FlowRules = given.RULES) -> Job:
    await given.added(store, prompt, rules)
    job = await given.claimed(store, rules)
    return await given.moved(store, job, given.says(job, Accepted(ms, "7")), rules)


async def asked(store: Store, job: Job, *, answered: bool) -> Job:
    assert job.lease is not None
    job = await given.moved(store, job, Asking(job.attempt, job.lease.token))
    assert job.lease is not None
    return await given.moved(store, job, Asked("It works on it.", job.attempt, job.lease.token, answered))


async def found(store: Store, since: int | None = None, limit: int = 10, *, oldest: bool = False) -> list[str]:
    return [job.prompt for job in await store.list_waiting(WaitingQuery("f", limit, since, oldest))]


async def test_without_an_outage_those_are_found_whose_callback_is_overdue(store: Store, clock: Clock) -> None:
    job = await waits(store, "soon", 500)
    await waits(store, "later", 5_000)
    clock.forward(499)
    assert await found(store) == []
    clock.forward(1)
    assert list(await store.list_waiting(WaitingQuery("f", 10))) == [job]


async def test_other_flows_and_other_states_are_never_found(store: Store, clock: Clock) -> None:
    await waits(store, "elsewhere", 10, replace(given.RULES, name="other"))
    await given.moved(store, await waits(store, "called off", 10), Cancelled())
    await given.added(store, "running")
    await given.claimed(store)
    await given.added(store, "pending")
    clock.forward(10**6)
    assert await found(store, clock.now()) == []


async def test_after_an_outage_those_are_found_that_began_before_it(store: Store, clock: Clock) -> None:
    await waits(store, "before")
    clock.forward(1)
    out_at = clock.now()
    await waits(store, "after")
    assert await found(store, out_at) == ["before"]
    assert await found(store) == []


async def test_whatever_was_heard_of_since_is_not_found_again_and_what_was_asked_in_vain_is(
    store: Store, clock: Clock
) -> None:
    heard, silent = await waits(store, "heard"), await waits(store, "silent")
    clock.forward(1)
    out_at = clock.now()
    await asked(store, heard, answered=True)
    await asked(store, silent, answered=False)
    assert await found(store, out_at) == ["silent"]
    assert await found(store, out_at + 1) == ["heard", "silent"]


async def test_the_one_that_is_due_first_comes_first(store: Store, clock: Clock) -> None:
    await waits(store, "third", 3_000)
    await waits(store, "first", 1_000)
    await waits(store, "second", 2_000)
    clock.forward(1_000)
    assert await found(store, clock.now()) == ["first", "second", "third"]
    assert await found(store, clock.now(), 2) == ["first", "second"]
    assert await found(store) == ["first"]


async def test_the_one_that_was_heard_of_longest_ago_comes_first_when_asked_for(store: Store, clock: Clock) -> None:
    heard = await waits(store, "heard of since", 1_000)
    clock.forward(1)
    await waits(store, "in between", 2_000)
    clock.forward(1)
    await asked(store, heard, answered=True)
    clock.forward(1)
    assert await found(store, clock.now(), oldest=True) == ["in between", "heard of since"]
    assert await found(store, clock.now(), 1, oldest=True) == ["in between"]


async def test_a_new_attempt_begins_anew(store: Store, clock: Clock) -> None:
    job = await waits(store, "again", 10)
    clock.forward(10)
    back = await given.moved(store, job, given.Expired("It crashed."))
    assert back.attempts[-1].heard_at == clock.now()
    clock.forward(back.run_at - clock.now())
    again = await given.claimed(store)
    began = clock.now()
    await given.moved(store, again, given.says(again, Accepted(60_000, "8")))
    assert await found(store, began) == []
    assert await found(store, began + 1) == ["again"]
