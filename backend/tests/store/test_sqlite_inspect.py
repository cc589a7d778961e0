"""`job-processor check` looks at a database without changing a byte of it, also while a server uses it."""

import os
from pathlib import Path

import pytest

from job_processor.core.errors import StoreRefused
from job_processor.store.sqlite.connection import open_writer
from job_processor.store.sqlite.inspect import inspect
from job_processor.store.sqlite.migrations import VERSIONS
from job_processor.store.sqlite.schema import upgrade
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given


def everything(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if not path.name.endswith("-shm")}


async def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    [line] = inspect(tmp_path / "data")
    assert "does not exist yet" in line
    assert everything(tmp_path) == {}


async def test_a_database_at_rest_stays_as_it_is_byte_for_byte(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await given.added(store)
    await given.claimed(store)
    await store.close()
    before = everything(tmp_path)

    assert inspect(tmp_path) == [f"store: sqlite, {tmp_path / 'jobs.db'}"]

    assert everything(tmp_path) == before


async def test_a_database_in_use_is_looked_at_and_its_leases_are_left_alone(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await given.added(store)
    job = await given.claimed(store)
    before = everything(tmp_path)

    assert inspect(tmp_path)[-1] == f"in use: by a process (pid {os.getpid()})"

    assert everything(tmp_path) == before
    assert await store.get(job.id) == job
    await store.close()


async def test_an_old_schema_is_told_and_not_upgraded(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "jobs.db")
    upgrade(db, VERSIONS[:1])
    db.close()
    before = everything(tmp_path)

    assert inspect(tmp_path)[1] == f"schema: version 1; the next start upgrades it to {len(VERSIONS)}"

    assert everything(tmp_path) == before


@pytest.mark.parametrize("fault", ["newer", "garbage", "a file"])
async def test_what_a_start_would_refuse_is_refused(tmp_path: Path, fault: str) -> None:
    directory = tmp_path / "data"
    if fault == "a file":
        directory.write_text("x")
    else:
        directory.mkdir()
        (directory / "jobs.db").write_bytes(b"no database at all" * 1000)
    if fault == "newer":
        (directory / "jobs.db").unlink()
        db = open_writer(directory / "jobs.db")
        upgrade(db)
        db.execute(f"PRAGMA user_version = {len(VERSIONS) + 1}")
        db.close()
    with pytest.raises(StoreRefused) as checked:
        inspect(directory)
    with pytest.raises(StoreRefused) as started:
        await SqliteStore(directory).open()
    assert str(checked.value) == str(started.value)
