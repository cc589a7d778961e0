"""count_waiting: the PENDING jobs of an owner, through everything that happens to a job."""

import asyncio
import random

from msgspec import structs

from job_processor.core.job import State
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.places import Place


async def test_it_counts_pending_jobs_of_the_owner_alone(store: Store) -> None:
    for owner in ("a", "a", "b", ""):
        await store.add(structs.replace(given.a_job(store.now()), owner=owner))
    assert await store.count_waiting("a", 10) == 2
    assert await store.count_waiting("a", 1) == 1
    assert await store.count_waiting("", 10) == 0
    assert await store.count_waiting("c", 10) == 0


async def test_it_follows_every_move(place: Place, store: Store) -> None:
    rng = random.Random(14)
    jobs = {}
    for n in range(12):
        job = structs.replace(given.a_job(store.now()), owner="ab"[n % 2])
        jobs[job.id] = job
        await store.add(job)

    async def check(at: Store) -> None:
        stored = await asyncio.gather(*(at.get(job_id) for job_id in jobs))
        for owner in "ab":
            pending = sum(job is not None and job.state is State.PENDING and job.owner == owner for job in stored)
            assert await at.count_waiting(owner, 100) == pending

    await given.claim(store, 5)
    await check(store)
    for job_id in rng.sample(sorted(jobs), 6):
        job = await given.stored(store, job_id)
        if not job.is_final:
            await given.moved(store, job, given.Cancelled("no"))
    await check(store)
    for job_id in sorted(jobs):
        job = await given.stored(store, job_id)
        if job.state is State.CANCELLED and rng.random() < 0.5:
            await given.moved(store, job, given.Retried(2))
        elif job.is_final:
            await store.delete(job_id)
    await check(store)
    await check(await place.crash(store))
