"""What SQLite keeps of its files in memory is bounded by a few MiB, so that it is there within minutes, not hours."""

import asyncio
from pathlib import Path

import apsw

from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given

MIB = 1024 * 1024
FILES, MEMORY = 40 * MIB, 8 * MIB


def _size(of: Path) -> int:
    return sum(file.stat().st_size for file in of.iterdir() if file.suffix != ".lock")


async def test_the_memory_of_a_store_does_not_grow_with_its_files(tmp_path: Path) -> None:
    before = apsw.memory_used()
    store = SqliteStore(tmp_path)
    await store.open()
    while _size(tmp_path) < FILES:
        jobs = [given.a_job(store.now(), "x" * 50_000) for _ in range(100)]
        await asyncio.gather(*(store.add(job) for job in jobs))
        await asyncio.gather(*(store.get(job.id) for job in jobs))
    used = apsw.memory_used() - before
    await store.close()

    assert used < MEMORY
