"""find_execution: the job in flight that a processor knows by an id of its own."""

from dataclasses import replace

from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError
from job_processor.core.outcome import Accepted, Failed, Succeeded
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.places import Clock


async def test_the_job_that_waits_for_the_execution(store: Store) -> None:
    await given.added(store)
    other = await given.claimed(store)
    await given.moved(store, other, given.says(other, Accepted(1000, "e2")))
    await given.added(store)
    job = await given.claimed(store)
    assert await store.find_execution("e1") is None
    job = await given.moved(store, job, given.says(job, Accepted(1000, "e1")))
    assert await store.find_execution("e1") == job.id
    assert await store.find_execution("E1") is None


async def test_a_job_that_is_done_is_not_found(store: Store) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(1000, "e1")))
    await given.moved(store, job, given.says(job, Succeeded("r")))
    assert await store.find_execution("e1") is None


async def test_the_execution_of_an_earlier_attempt_is_not_found(store: Store, clock: Clock) -> None:
    await given.added(store)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(1000, "e1")))
    back = await given.moved(store, job, given.says(job, Failed(JobError("x", "y"))))
    assert await store.find_execution("e1") is None
    clock.forward(back.run_at - clock.now())
    await given.claimed(store)
    assert await store.find_execution("e1") is None


async def waits(store: Store, execution: str, rules: FlowRules = given.RULES) -> Job:
    await given.added(store, rules=rules)
    job = await given.claimed(store, rules)
    return await given.moved(store, job, given.says(job, Accepted(1000, execution)), rules)


async def test_of_two_that_count_alike_the_one_whose_flow_is_named_is_found(store: Store) -> None:
    """Two n8n behind one product each have an execution 7."""
    other = replace(given.RULES, name="other")
    mine, theirs = await waits(store, "7"), await waits(store, "7", other)
    assert await store.find_execution("7", frozenset({"f"})) == mine.id
    assert await store.find_execution("7", frozenset({"other", "third"})) == theirs.id
    assert await store.find_execution("7", frozenset({"third"})) is None
    assert await store.find_execution("7", frozenset()) is None


async def test_where_nobody_knows_which_is_meant_none_is_found(store: Store) -> None:
    other = replace(given.RULES, name="other")
    mine, theirs = await waits(store, "7"), await waits(store, "7", other)
    assert await store.find_execution("7") is None
    await given.moved(store, theirs, given.says(theirs, Succeeded("r")), other)
    assert await store.find_execution("7") == mine.id
