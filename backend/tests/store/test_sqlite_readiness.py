"""Ready means ready: what the SQLite store says of itself when its disk is full or its file is damaged."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from job_processor.core.errors import StorageFull, StoreBroken, StoreRefused, StoreUnavailable
from job_processor.store.base import Query
from job_processor.store.sqlite import readiness
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given
from tests.support.waiting import until

PAGE = 4096


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    one = SqliteStore(tmp_path, check_seconds=0.02)
    await one.open()
    yield one
    await one.close()


async def limit_pages(store: SqliteStore, more: int | None) -> None:
    """Let the file grow by so many pages and no further, as a disk that gets full; ``None``: without a limit."""

    def limit(tx: object) -> None:
        db = tx.db  # type: ignore[attr-defined]  # the writer's own connection
        pages = int(str(db.pragma("page_count")))
        db.execute(f"PRAGMA max_page_count = {2**31 if more is None else pages + more}")

    await store._open_writer.submit(limit)


async def trouble(store: SqliteStore) -> StoreUnavailable | None:
    try:
        await store.ping()
    except StoreUnavailable as error:
        return error
    return None


async def is_well(store: SqliteStore) -> bool:
    return await trouble(store) is None


async def test_a_write_that_found_no_room_shows_until_one_as_large_finds_some(store: SqliteStore) -> None:
    await limit_pages(store, 8)
    with pytest.raises(StorageFull):
        await store.add(given.a_job(0, prompt="x" * 500_000))

    assert isinstance(await trouble(store), StorageFull), "the moment it is known"
    # Many beats later, each of which could write its own small row.
    for _ in range(20):
        await asyncio.sleep(0.02)
        assert isinstance(await trouble(store), StorageFull)

    await limit_pages(store, None)
    assert await until(lambda: is_well(store), "the store to be ready again")
    await store.add(given.a_job(1, prompt="x" * 500_000))


async def test_a_full_disk_shows_although_nobody_submits(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness.Readiness, "_is_nearly_full", lambda self: True)
    await limit_pages(store, 8)

    async def full() -> bool:
        return isinstance(await trouble(store), StorageFull)

    assert await until(full, "the full disk to show")
    await limit_pages(store, None)
    assert await until(lambda: is_well(store), "the store to be ready again")


async def test_room_that_was_taken_to_try_is_given_back(store: SqliteStore, tmp_path: Path) -> None:
    store._open_writer.full = True
    assert await until(lambda: is_well(store), "the store to be ready")
    for _ in range(3):
        store._open_writer.full = True
        assert await until(lambda: is_well(store), "the store to be ready")
    await store.close()

    assert (tmp_path / "jobs.db").stat().st_size < 2 * readiness.ROOM_BYTES


async def test_a_writer_that_hangs_is_not_ready(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("job_processor.store.sqlite.store.PING_SECONDS", 0.05)
    hangs = store._open_writer.submit(lambda tx: go_on.wait(20))
    try:
        assert await trouble(store) is not None
    finally:
        go_on.set()
        await hangs
    assert await until(lambda: is_well(store), "the store to be ready again")


async def test_a_damaged_page_that_a_reader_meets_breaks_the_store(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path)
    await first.open()
    for n in range(50):
        await first.add(given.a_job(n, prompt="x" * 20_000))
    await first.close()
    store = SqliteStore(tmp_path, check_seconds=3_600)
    await store.open()
    try:
        with (tmp_path / "jobs.db").open("r+b") as file:
            file.seek(0, 2)
            pages = file.tell() // PAGE
            file.seek(PAGE)
            file.write(b"\xff" * PAGE * (pages - 1))
        with pytest.raises(StoreBroken):
            await store.list(Query(limit=50))
        assert isinstance(await trouble(store), StoreBroken)
        with pytest.raises(StoreBroken):
            await store.add(given.a_job(99))
    finally:
        await store.close()


async def test_a_file_that_is_no_database_any_more_breaks_the_store_although_nobody_reads(
    store: SqliteStore, tmp_path: Path
) -> None:
    with (tmp_path / "jobs.db").open("r+b") as file:
        file.write(b"\0" * 100)

    async def broken() -> bool:
        return isinstance(await trouble(store), StoreBroken)

    assert await until(broken, "the damage to show")


@pytest.mark.parametrize("kind", ["FullError", "IOError", "CantOpenError"])
async def test_a_start_on_a_full_disk_says_so_and_speaks_of_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def fails(path: Path) -> apsw.Connection:
        raise getattr(apsw, kind)("no")

    monkeypatch.setattr("job_processor.store.sqlite.store.open_writer", fails)
    monkeypatch.setattr("job_processor.store.sqlite.refusals.is_full", lambda directory: kind != "FullError")

    with pytest.raises(StoreRefused, match="is full") as refused:
        await SqliteStore(tmp_path).open()

    assert "backup" not in str(refused.value)
