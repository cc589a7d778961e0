"""Batches that a test stores, their jobs and their counts."""

from collections.abc import Sequence

from job_processor.core.batch import Batch, BatchCounts, RefusedLine
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.transitions import submit
from job_processor.store.base import IdempotencyKey, NewBatch, Store
from tests.store_suite import given
from tests.store_suite.given import RULES

KEY = IdempotencyKey("k", "bytes")
OTHER = FlowRules("g")


def a_batch(
    store: Store,
    number: int = 3,
    keep_ms: int | None = 1_000,
    rules: Sequence[FlowRules] = (RULES,),
    refused: Sequence[RefusedLine] = (),
    **wanted: object,
) -> NewBatch:
    now = store.now()
    batch_id = given.new_id(now)
    jobs = [
        submit(
            job_id=given.new_id(now),
            prompt=f"prompt {n}",
            rules=rules[n % len(rules)],
            now=now,
            tags=("t",),
            metadata={"n": n, "$odd": {"a.b": None}},
            batch_id=batch_id,
            batch_line=n + 1,
            custom_id=f"c{n}",
            owner="o",
        )
        for n in range(number)
    ]
    flows = tuple(sorted({job.flow for job in jobs}))
    batch = Batch(
        batch_id, now, number + len(refused), number, flows, metadata={"$x": [1, "a.b"]}, owner="o", keep_ms=keep_ms
    )
    return NewBatch(batch, jobs, refused)


async def added(store: Store, new: NewBatch) -> Batch:
    made = await store.add_batch(new)
    assert made.created
    return made.batch


async def counts_of(store: Store, batch: Batch) -> BatchCounts:
    return (await store.count_batches([batch.id])).get(batch.id, BatchCounts())


async def all_cancelled(store: Store, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await given.moved(store, await given.stored(store, job.id), given.Cancelled("no"))


async def lines_of(store: Store, batch: Batch, limit: int = 1_000) -> list[Job]:
    found: list[Job] = []
    while page := await store.jobs_of_batch(batch.id, found[-1].id if found else None, limit):
        found += page
    return found
