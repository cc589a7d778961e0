"""The places of keys in the order of turns: one for each key that waits, near each other, and none for ever."""

import random
from pathlib import Path

import apsw
import pytest
from msgspec import structs

from job_processor.core.outcome import Deferred, Succeeded
from job_processor.store.base import NewBatch
from job_processor.store.sqlite import ring
from job_processor.store.sqlite.store import FILE_NAME, SqliteStore
from job_processor.store.sqlite.writer import Transaction
from tests.store_suite import given
from tests.store_suite.batches import a_batch
from tests.store_suite.places import START
from tests.store_suite.test_turns import added, claimed, of_key


async def pages_of_claims(directory: Path, keys: int) -> int:
    """Pages that claims of 200 of 2,000 jobs write."""
    store = SqliteStore(directory, lambda: START)
    await store.open()
    await added(store, *(f"key {n % keys}" if keys else None for n in range(2_000)))
    before = await written(store)
    await claimed(store, 200, 20)
    pages = await written(store) - before
    await store.close()
    return pages


async def written(store: SqliteStore) -> int:
    def count(tx: Transaction) -> int:
        return tx.db.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0]

    assert store._writer is not None
    return await store._writer.submit(count)


async def test_claims_of_many_keys_write_about_as_many_pages_as_of_one(tmp_path: Path) -> None:
    assert await pages_of_claims(tmp_path / "many", 1_000) <= 1.5 * await pages_of_claims(tmp_path / "none", 0)


def rows_of(directory: Path, sql: str) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(directory / FILE_NAME))
    found = db.execute(sql).fetchall()
    db.close()
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_the_waiting_jobs_of_a_key_have_one_place_and_no_other_key_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(ring, "_LOOK", 2)
    monkeypatch.setattr(ring, "BLOCK", 4)
    rng, now = random.Random(seed), START

    def clock() -> int:
        return now

    store = SqliteStore(tmp_path, clock)
    await store.open()
    for _ in range(120):
        now += 10
        key, priority = f"k{rng.randrange(rng.choice([3, 300]))}", rng.choice([0, 0, 1])
        match rng.randrange(8):
            case 0 | 1 | 2:
                await added(store, *[key] * rng.randint(1, 3), priority=priority)
            case 3:
                await store.add(of_key(store, key, priority=priority, run_at=now + rng.choice([5, 500])))
            case 4:
                new = a_batch(store, 6)
                jobs = [structs.replace(job, key=f"k{n // 2}", flow="f") for n, job in enumerate(new.jobs)]
                await store.add_batch(NewBatch(new.batch, jobs))
            case 5 | 6:
                for job in (await given.claim(store, rng.choice([1, 30]))).jobs:
                    outcomes: list[given.Outcome] = [
                        Succeeded("r"),
                        Deferred(now, "x", "y"),
                        Deferred(now + 50, "x", "y"),
                    ]
                    await given.moved(store, job, given.says(job, rng.choice(outcomes)))
            case _:
                await store.close()
                store = SqliteStore(tmp_path, clock)
                await store.open()
        pairs = rows_of(tmp_path, "SELECT DISTINCT priority, key_hash, place FROM jobs WHERE ready = 1")
        assert len(pairs) == len({pair[:2] for pair in pairs}) == len({(pair[0], pair[2]) for pair in pairs})
        assert all(place for _, key_hash, place in pairs if key_hash)
    await store.close()


@pytest.mark.parametrize("others", [0, 1])
async def test_places_of_keys_that_no_longer_come_are_deleted(tmp_path: Path, others: int) -> None:
    """``others``: a job that waits all the time."""
    now = START
    store = SqliteStore(tmp_path, lambda: now)
    await store.open()
    for round_ in range(12):
        now += 1_000
        if round_ == 0 and others:
            await store.add(of_key(store, "waits"))
        await added(store, *(f"{round_} {n}" for n in range(100)))
        await claimed(store, 100, 100)
    await store.close()
    assert len(rows_of(tmp_path, "SELECT key_hash FROM places")) <= 400
