"""The counts of the SQLite store in memory: they are those of the file after any moves, and do not grow with owners."""

import asyncio
import random
from pathlib import Path

import apsw
from msgspec import structs

from job_processor.core.job import State
from job_processor.store.sqlite.job_counts import JobCounts, Move
from job_processor.store.sqlite.schema import upgrade
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given


async def test_they_are_those_of_the_file_after_any_moves(tmp_path: Path) -> None:
    rng = random.Random(15)
    store = SqliteStore(tmp_path)
    await store.open()
    try:
        for _ in range(30):
            owner = rng.choice(["", "a", "b", "person c"])
            await store.add(structs.replace(given.a_job(store.now()), owner=owner))
            for job in (await given.claim(store)).jobs if rng.random() < 0.5 else ():
                if rng.random() < 0.3:
                    continue
                cancelled = await given.moved(store, job, given.Cancelled("no"))
                if rng.random() < 0.4:
                    await given.moved(store, cancelled, given.Retried(2))
                elif rng.random() < 0.4:
                    await store.delete(job.id)
        kept, waiting = await store.counts(), {o: await store.count_waiting(o, 100) for o in ("", "a", "b", "person c")}
    finally:
        await store.close()
    db = apsw.Connection(str(tmp_path / "jobs.db"))
    read = JobCounts(db)
    assert kept.by_state == {key: number for key, number in read.by_state.items() if number}
    assert waiting == {owner: read.waiting_of(owner) for owner in waiting}
    assert waiting[""] == 0
    assert sum(waiting.values()) > 0
    db.close()


def test_of_an_owner_of_whom_nothing_waits_nothing_is_kept() -> None:
    counts = JobCounts()
    for n in range(1_000):
        started: Move = ("f", State.PENDING, State.RUNNING, f"owner {n}")
        counts.follow([("f", None, State.PENDING, f"owner {n}"), started])
    assert counts.owners == 0
    assert counts.by_state == {("f", State.PENDING): 0, ("f", State.RUNNING): 1_000}


def test_no_index_is_written_for_the_owner_of_a_job() -> None:
    db = apsw.Connection(":memory:")
    upgrade(db)
    indexed = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")]
    assert indexed
    assert not [sql for sql in indexed if "waiting_of" in str(sql)]


async def test_a_restart_counts_what_waits_of_each_owner(tmp_path: Path) -> None:
    for expected in (0, 2, 4):
        store = SqliteStore(tmp_path)
        await store.open()
        try:
            assert await store.count_waiting("a", 100) == expected
            jobs = [structs.replace(given.a_job(store.now()), owner="a") for _ in range(2)]
            await asyncio.gather(*(store.add(job) for job in jobs))
        finally:
            await store.close()
