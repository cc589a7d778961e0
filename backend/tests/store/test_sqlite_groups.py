"""A group of the writer: one who asks for what cannot be costs the others of the group nothing."""

import asyncio
from pathlib import Path

from job_processor.core.errors import IdempotencyMismatch
from job_processor.store.base import IdempotencyKey
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given


async def test_a_key_used_with_another_body_does_not_roll_the_group_back(tmp_path: Path) -> None:
    looks = 0

    def now() -> int:
        nonlocal looks
        looks += 1
        return 1_750_000_000_000

    store = SqliteStore(tmp_path, now)
    await store.open()
    await given.added(store, key=IdempotencyKey("k", "one body"))
    jobs = [given.a_job(1_750_000_000_000) for _ in range(20)]
    before = looks
    wrong = store.add(given.a_job(1_750_000_000_000), IdempotencyKey("k", "another body"))
    answers = await asyncio.gather(*(store.add(job) for job in jobs), wrong, return_exceptions=True)
    await store.close()

    assert isinstance(answers[-1], IdempotencyMismatch)
    assert not any(isinstance(answer, BaseException) for answer in answers[:-1])
    # Each insert looks at the clock once: a group that was rolled back would have run twice.
    assert looks - before == len(jobs)
