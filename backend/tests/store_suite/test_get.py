"""get: the whole job as last committed."""

import bson

from job_processor.core.job import JobError, State, Usage
from job_processor.core.outcome import Accepted, Deferred, Failed, Progressed, Retried, Succeeded
from job_processor.core.verdict import Edit, ParseError, Repair, ResultKind, SchemaError, Verdict
from job_processor.store.base import Store
from job_processor.store.mongo.documents import changed
from tests.store_suite import given
from tests.store_suite.places import Clock


async def test_an_unknown_id_is_nothing(store: Store) -> None:
    assert await store.get("0" * 24) is None
    assert await store.get("") is None
    assert await store.get("$where") is None


async def test_the_largest_job_is_kept_whole(store: Store) -> None:
    """A prompt of 512 KiB and a result of 8 MiB, the most that settings allow: a document of MongoDB has 16 MB."""
    job = await given.completed(store, "p" * 524_288, "\u20ac" * 2_796_202)
    assert await store.get(job.id) == job
    assert len(bson.encode(changed(job, store.now())[0])) + 524_288 < 16_000_000


async def test_every_move_is_read_back_as_it_was_decided(store: Store, clock: Clock) -> None:
    """One job through all kinds of moves: what ``get`` gives equals what the core made, field by field."""
    job = await given.added(store, "p", tags=("t",), metadata={"a": 1})
    assert await store.get(job.id) == job

    clock.forward(1)
    job = await given.claimed(store)
    assert await store.get(job.id) == job

    clock.forward(1)
    job = await given.moved(store, job, given.says(job, Deferred(clock.now() + 10, "rate_limited", "429")))
    assert await store.get(job.id) == job

    clock.forward(10)
    job = await given.claimed(store)
    assert job.lease is not None
    job = await given.moved(store, job, Progressed("half way", token=job.lease.token))
    assert await store.get(job.id) == job

    failure = Failed(JobError("http_500", "boom"), usage=Usage(1, 2, "m", "stop"), partial="so f\0ar 😀")
    job = await given.moved(store, job, given.says(job, failure))
    assert await store.get(job.id) == job

    clock.forward(60_000)
    job = await given.claimed(store)
    job = await given.moved(store, job, given.says(job, Accepted(5000, "exec-1")))
    assert await store.get(job.id) == job

    job = await given.moved(store, job, given.says(job, Failed(JobError("bad", "no"), retryable=False)))
    assert await store.get(job.id) == job

    job = await given.moved(store, job, Retried(1))
    assert await store.get(job.id) == job

    job = await given.claimed(store)
    verdict = Verdict(
        ResultKind.MALFORMED,
        ParseError("expected ',' \0", 3, 4),
        Repair('{"a": 1}', (Edit(0, "", "{"), Edit(7, "\0", "}"))),
        (SchemaError("/a~1b", "wrong"),),
    )
    job = await given.moved(store, job, given.says(job, Succeeded('{"a": 1', verdict, Usage(3, 4, "m2", "length"))))
    stored = await store.get(job.id)
    assert stored == job
    assert stored is not None
    assert stored.state is State.COMPLETED
    assert isinstance(stored.history, tuple)
    assert isinstance(stored.attempts, tuple)
