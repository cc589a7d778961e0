"""find_execution: the job in flight that a processor knows by an id of its own."""

from job_processor.core.job import JobError
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
