"""Backup, wipe, restore: every job is back, on every store; a damaged file is refused before anything is written."""

import asyncio
import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from job_processor import transfer
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.store import portable
from job_processor.store.base import Query, Store
from job_processor.store.sqlite.snapshot import snapshot
from job_processor.store.sqlite.store import SqliteStore
from job_processor.transfer import records
from tests.store_suite import given
from tests.store_suite.places import SqlitePlace
from tests.transfer.conftest import KEPT, NewPlace, fill
from tests.transfer.test_copy import lines, quiet


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def saved(store: Store, file: Path, more: int = 0) -> int:
    jobs = await fill(store, more)
    done = await transfer.backup(store, file, quiet)
    assert done.jobs == jobs
    return jobs


async def test_every_job_is_back_after_a_wipe(driver: str, new_place: NewPlace, tmp_path: Path) -> None:
    store = await (await new_place(driver)).open()
    jobs = await saved(store, tmp_path / "b.gz", 300)
    wiped = await (await new_place(driver)).open()
    done = await transfer.restore(tmp_path / "b.gz", wiped, quiet)
    assert (done.jobs, done.written, done.callbacks) == (jobs, jobs, KEPT)
    assert await lines(wiped) == await lines(store)


async def test_a_store_is_empty_until_there_was_a_job(driver: str, new_place: NewPlace) -> None:
    """Deleted jobs were there too: the series remembers them."""
    store = await (await new_place(driver)).open()
    assert await transfer.is_empty(store)
    job = await given.completed(store, "done", "{}")
    assert not await transfer.is_empty(store)
    assert await store.delete(job.id)
    assert await records.count_jobs(store) == 0
    assert not await transfer.is_empty(store)


async def test_a_backup_of_one_store_restores_into_the_other(new_place: NewPlace, tmp_path: Path) -> None:
    store = await (await new_place("sqlite")).open()
    await saved(store, tmp_path / "b.gz")
    other = await (await new_place("sqlite")).open()
    await transfer.restore(tmp_path / "b.gz", other, quiet)
    again = await transfer.restore(tmp_path / "b.gz", other, quiet)
    assert again.written == 0
    assert await lines(other) == await lines(store)


async def test_a_database_in_use_is_copied_as_of_one_moment(new_place: NewPlace, tmp_path: Path) -> None:
    place = await new_place("sqlite")
    assert isinstance(place, SqlitePlace)
    store = await place.open()
    jobs = await fill(store, 50)
    (tmp_path / "copy").mkdir()
    snapshot(place.directory, tmp_path / "copy")
    copy = SqliteStore(tmp_path / "copy", place.clock.now)
    await copy.open()
    assert len(await copy.list(Query(limit=1000))) == jobs
    await copy.close()


async def test_the_file_is_for_its_owner_alone(new_place: NewPlace, tmp_path: Path) -> None:
    await saved(await (await new_place("sqlite")).open(), tmp_path / "b.gz")
    assert (tmp_path / "b.gz").stat().st_mode & 0o077 == 0


async def test_nor_is_it_for_others_while_it_is_written(new_place: NewPlace, tmp_path: Path) -> None:
    store = await (await new_place("sqlite")).open()
    await fill(store)
    left_over = tmp_path / "b.gz.part"
    left_over.touch(0o644)
    modes: list[int] = []
    await transfer.backup(store, tmp_path / "b.gz", lambda *_: modes.append(left_over.stat().st_mode & 0o077))
    assert modes == [0]


async def test_it_is_on_disk_before_it_has_its_name(
    new_place: NewPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after "backed up" must not leave an empty file of that name."""
    store = await (await new_place("sqlite")).open()
    sync = os.fsync
    synced: list[tuple[int, list[str]]] = []

    def spied(fd: int) -> None:
        synced.append((os.fstat(fd).st_size, sorted(one.name for one in tmp_path.glob("b.gz*"))))
        sync(fd)

    monkeypatch.setattr(os, "fsync", spied)
    await saved(store, tmp_path / "b.gz")
    assert [names for _, names in synced] == [["b.gz.part"], ["b.gz"]]
    assert synced[0][0] == (tmp_path / "b.gz").stat().st_size


@pytest.mark.parametrize("fault", ["cut", "flipped", "no backup", "a line less", "empty"])
async def test_a_damaged_backup_is_refused_and_nothing_is_written(
    fault: str, new_place: NewPlace, tmp_path: Path
) -> None:
    file = tmp_path / "b.gz"
    await saved(await (await new_place("sqlite")).open(), file, 30)
    whole = file.read_bytes()
    content = gzip.decompress(whole).splitlines(keepends=True)
    damaged = {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:200] + bytes([whole[200] ^ 0xFF]) + whole[201:],
        "no backup": gzip.compress(b"hello\n"),
        "a line less": gzip.compress(b"".join(content[:3] + content[4:])),
        "empty": b"",
    }
    file.write_bytes(damaged[fault])
    target = await (await new_place("sqlite")).open()
    with pytest.raises(transfer.TransferFailed):
        await transfer.restore(file, target, quiet)
    assert await lines(target) == []


async def test_a_line_and_its_job_are_the_same(new_place: NewPlace) -> None:
    store = await (await new_place("sqlite")).open()
    jobs = await fill(store)
    there = await lines(store)
    assert [portable.dump(portable.load(line)) for line in there[:jobs]] == there[:jobs]
    assert [portable.dump_callback(portable.load_callback(line)) for line in there[jobs:]] == there[jobs:]


async def test_a_backup_of_before_there_was_an_inbox_is_taken(new_place: NewPlace, tmp_path: Path) -> None:
    store = await (await new_place("sqlite")).open()
    await given.completed(store)
    await transfer.backup(store, tmp_path / "b.gz", quiet)
    *content, ending = gzip.decompress((tmp_path / "b.gz").read_bytes()).splitlines(keepends=True)
    assert b'"callbacks":0,' in ending
    old = b"".join([*content, ending.replace(b'"callbacks":0,', b"")])
    (tmp_path / "old.gz").write_bytes(gzip.compress(old))

    target = await (await new_place("sqlite")).open()
    await transfer.restore(tmp_path / "old.gz", target, quiet)

    assert await lines(target) == await lines(store)


async def test_a_copy_of_a_database_that_is_written_to_all_the_time_ends(new_place: NewPlace, tmp_path: Path) -> None:
    place = await new_place("sqlite")
    assert isinstance(place, SqlitePlace)
    store = await place.open()
    # More than a few thousand pages, so that a copy in steps would be met by a commit between two of them.
    await asyncio.gather(*(given.added(store, "p" * 100_000) for _ in range(300)))
    (tmp_path / "copy").mkdir()
    copying = asyncio.create_task(asyncio.to_thread(snapshot, place.directory, tmp_path / "copy"))
    written = 0
    while not copying.done() and written < 20_000:
        await given.added(store)
        written += 1
    ended = copying.done()
    await copying
    assert ended
    copy = SqliteStore(tmp_path / "copy", place.clock.now)
    await copy.open()
    assert 300 <= sum((await copy.counts()).by_state.values()) <= 300 + written
    await copy.close()


def test_the_bytes_of_a_callback_are_taken_along() -> None:
    unread = Callback(
        "0" * 24,
        1,
        2,
        CallbackVerdict.UNREADABLE,
        CallbackContent.UNREADABLE,
        "ä",
        body=b"",
        body_cut=True,
        content_type="a/b",
    )
    assert portable.load_callback(portable.dump_callback(unread)) == unread


async def test_a_backup_of_an_older_version_is_taken(new_place: NewPlace, tmp_path: Path) -> None:
    """Its lines lack the fields that are new since."""
    store = await (await new_place("sqlite")).open()
    await fill(store)
    await transfer.backup(store, tmp_path / "b.gz", quiet)
    first, *records, ending = gzip.decompress((tmp_path / "b.gz").read_bytes()).splitlines()
    old = [msgspec.json.encode(_without_nothing(msgspec.json.decode(line))) for line in records]
    assert any(line != now for line, now in zip(old, records, strict=True))
    digests = sorted((msgspec.json.decode(line)["id"], hashlib.sha256(line).digest()) for line in old)
    whole = hashlib.sha256(b"".join(digest for _, digest in digests)).hexdigest()
    last = msgspec.json.encode({**msgspec.json.decode(ending), "sha256": whole})
    (tmp_path / "old.gz").write_bytes(gzip.compress(b"".join(line + b"\n" for line in (first, *old, last))))

    target = await (await new_place("sqlite")).open()
    await transfer.restore(tmp_path / "old.gz", target, quiet)

    assert await lines(target) == await lines(store)


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        mine = ("metadata", "result_schema")
        return {n: v if n in mine else _without_nothing(v) for n, v in value.items() if v is not None}
    return [_without_nothing(inner) for inner in value] if isinstance(value, list) else value
