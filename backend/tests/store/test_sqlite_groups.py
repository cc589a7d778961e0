"""Groups of the writer: one who asks for what cannot be costs the others of the group nothing; new jobs come last, and
are refused while the queue is long."""

import asyncio
import threading
from collections.abc import Awaitable
from pathlib import Path

import pytest

from job_processor.core.errors import IdempotencyMismatch
from job_processor.store.base import IdempotencyKey, Query
from job_processor.store.sqlite import writer
from job_processor.store.sqlite.store import SqliteStore
from job_processor.store.sqlite.writer import Transaction
from tests.store_suite import given
from tests.support.site import open_site
from tests.support.waiting import until_true


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


class Blocked:
    """Holds the writing thread of a store until it is released, and gives its pace a clock of the test."""

    def __init__(self, store: SqliteStore) -> None:
        assert store._writer is not None
        self.seconds = 0.0
        self._gate = threading.Event()
        self._writer = store._writer
        self._writer._pace._monotonic = lambda: self.seconds
        self._reached = threading.Event()
        self._holding = self._writer.submit(self._hold)

    def _hold(self, tx: Transaction) -> None:
        self._reached.set()
        assert self._gate.wait(60)

    async def reached(self) -> None:
        await asyncio.to_thread(self._reached.wait)

    async def release(self) -> None:
        # What was submitted in this turn of the loop reaches the queue in the next one.
        await asyncio.sleep(0)
        self._gate.set()
        await self._holding


async def test_callbacks_go_before_new_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "GROUP_LIMIT", 16)
    store = SqliteStore(tmp_path)
    await store.open()
    waiting = [await given.added(store) for _ in range(5)]
    blocked = Blocked(store)
    await blocked.reached()
    order: list[str] = []

    async def noted(name: str, write: Awaitable[object]) -> None:
        await write
        order.append(name)

    tasks = [asyncio.create_task(noted("add", store.add(given.a_job(store.now())))) for _ in range(60)]
    await asyncio.sleep(0)
    changes = [given.decided(job, given.Cancelled("no"), store.now()) for job in waiting]
    tasks += [asyncio.create_task(noted("move", store.apply(change))) for change in changes]
    await asyncio.sleep(0)
    await blocked.release()
    await asyncio.gather(*tasks)
    await store.close()

    assert order == ["move"] * 5 + ["add"] * 60


async def test_the_queue_is_as_long_as_its_writer_is_held_up(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    assert store.queue_seconds() == 0.0
    blocked = Blocked(store)
    await blocked.reached()
    blocked.seconds += 3.0
    assert store.queue_seconds() == 3.0
    await blocked.release()
    assert store.queue_seconds() == 0.0
    await store.close()


async def test_every_job_that_was_accepted_before_the_queue_was_long_is_kept(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    await store.open()
    async with open_site(tmp_path, store=store) as site:
        blocked = Blocked(store)
        await blocked.reached()
        early = [asyncio.create_task(site.client.post("/jobs", {"prompt": f"early {n}"})) for n in range(40)]
        await until_true(lambda: blocked._writer._unanswered > 40)
        blocked.seconds += 2.1
        late = await asyncio.gather(*(site.client.post("/jobs", {"prompt": f"late {n}"}) for n in range(40)))
        assert {(one.status, one.headers["retry-after"]) for one in late} == {(503, "3")}
        await blocked.release()
        answers = await asyncio.gather(*early)
        assert [one.status for one in answers] == [201] * 40
        # It is over: new jobs are accepted again.
        assert (await site.client.post("/jobs", {"prompt": "after"})).status == 201
    again = SqliteStore(tmp_path / "data")
    await again.open()
    prompts = {one.job.prompt for one in await again.list(Query(limit=200))}
    await again.close()
    assert prompts == {*(f"early {n}" for n in range(40)), "after"}
