"""A process that dies inside a schema upgrade, at every statement: the next start ends it, and nothing is lost."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.core.outcome import Accepted
from job_processor.core.search import parse
from job_processor.store.base import Query, WaitingQuery, with_search
from job_processor.store.sqlite.connection import open_writer
from job_processor.store.sqlite.migrations import VERSIONS
from job_processor.store.sqlite.schema import upgrade
from job_processor.store.sqlite.store import SqliteStore
from tests.faults.upgrading import NEXT
from tests.store_suite.given import added, claimed, completed, failed, moved, says
from tests.support.waiting import until_true

Upgrade = Callable[[Path, int], int]


@pytest.fixture
def upgraded() -> Iterator[Upgrade]:
    """Upgrades a file in another process, which dies at that statement (0: at none). Returns its exit code."""
    command = [sys.executable, "-m", "tests.faults.upgrading"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        source, target = process.stdout, process.stdin
        assert source is not None
        assert target is not None

        def upgrade_and_die(path: Path, die_at: int) -> int:
            target.write(f"{die_at} {path}\n")
            target.flush()
            return int(source.readline())

        yield upgrade_and_die
        target.close()
        assert process.wait(20) == 0


def _shape(path: Path) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(path))
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return _schema(db)
    finally:
        db.close()


def _schema(db: apsw.Connection) -> list[tuple[object, ...]]:
    return [(db.pragma("user_version"),), *db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name")]


def _ended(path: Path) -> list[tuple[object, ...]]:
    """The file's shape after an upgrade that nobody disturbs."""
    db = open_writer(path)
    upgrade(db, (*VERSIONS, NEXT))
    db.close()
    return _shape(path)


def test_a_new_file_whose_making_was_cut_off_is_made_by_the_next_start(tmp_path: Path, upgraded: Upgrade) -> None:
    whole = _ended(tmp_path / "whole.db")
    died = 0
    for die_at in range(1, 200):
        path = tmp_path / f"{die_at}.db"
        code = upgraded(path, die_at)
        assert _ended(path) == whole, f"killed at statement {die_at}"
        if code == 0:
            break
        assert code == -signal.SIGKILL
        died += 1
    else:
        pytest.fail("the upgrade never ended")
    assert died > 20


async def test_a_file_of_before_there_was_an_inbox_keeps_its_jobs_and_gets_one(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    jobs = [await completed(store, "p", "r"), await failed(store), await added(store, "pending", tags=("t", "u"))]
    await store.close()
    _as_of_version(tmp_path, 1)

    store = SqliteStore(tmp_path)
    await store.open()

    assert [await store.get(job.id) for job in jobs] == jobs
    for tag in ("t", "u"):
        assert [one.id for one in await store.list(Query(tag=tag))] == [jobs[2].id]
    late = Callback("0" * 24, 1, 1, CallbackVerdict.LATE, CallbackContent.RESULT, "late", jobs[1].id)
    assert await store.keep_callback(late) == late.id
    assert await store.delete(jobs[1].id)
    assert await store.get_callback(late.id) is None
    await store.close()


@pytest.mark.parametrize("version", [5, 8])
async def test_jobs_of_before_there_was_a_search_are_found(tmp_path: Path, version: int) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    jobs = [await completed(store, "needle", "r"), await failed(store), await added(store, "hay")]
    await store.close()
    _as_of_version(tmp_path, version)
    (tmp_path / "search.db").unlink()

    store = SqliteStore(tmp_path)
    await store.open()
    await until_true(store.is_searchable)

    for search, found in (
        ("needle", [jobs[0]]),
        ("error:bad", [jobs[1]]),
        ("-error:bad -needle", [jobs[2]]),
        (f"-batch:{jobs[0].id}", jobs[::-1]),
    ):
        query = with_search(Query(), parse(search), store.now())
        assert [one.id for one in await store.list(query)] == [job.id for job in found], search
    assert await store.delete(jobs[1].id)
    assert await store.list(with_search(Query(), parse("error:bad"), store.now())) == []
    await store.close()


async def test_callbacks_of_before_bytes_were_kept_are_still_known(tmp_path: Path) -> None:
    """As version 2 wrote them; the same one coming again is counted, and not kept twice."""
    path = tmp_path / "jobs.db"
    db = open_writer(path)
    upgrade(db, VERSIONS[:2])
    mark = hashlib.sha256(repr(("f" * 24, 1, None, True, "result", False, "late")).encode()).hexdigest()
    db.execute(
        "INSERT INTO callbacks VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        ("0" * 24, mark, 1, 2, "late", "result", "f" * 24, 1, None, 1, 3, b"late"),
    )
    db.close()

    store = SqliteStore(tmp_path)
    await store.open()

    kept = Callback("0" * 24, 1, 2, CallbackVerdict.LATE, CallbackContent.RESULT, "late", "f" * 24, 1, deliveries=3)
    assert await store.get_callback("0" * 24) == kept
    assert await store.keep_callback(replace(kept, id="1" * 24, deliveries=1)) == "0" * 24
    unread = replace(
        kept,
        id="2" * 24,
        verdict=CallbackVerdict.UNREADABLE,
        said=CallbackContent.UNREADABLE,
        body=b"\xff",
        deliveries=1,
    )
    assert await store.keep_callback(unread) == unread.id
    assert await store.get_callback(unread.id) == unread
    await store.close()


async def test_jobs_outlive_an_upgrade_that_is_cut_off_again_and_again(tmp_path: Path, upgraded: Upgrade) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    prompts = {job.id: job.prompt for job in [await added(store, f"prompt {n}") for n in range(50)]}
    await store.close()
    path = tmp_path / "jobs.db"
    assert path.exists()

    codes = [upgraded(path, die_at) for die_at in range(2, 8)]
    assert codes == [-signal.SIGKILL] * len(codes)

    # Version 1 is still whole: each upgrade was undone.
    store = SqliteStore(tmp_path)
    await store.open()
    for job_id, prompt in prompts.items():
        job = await store.get(job_id)
        assert job is not None
        assert job.prompt == prompt
    await store.close()
    assert upgraded(path, 0) == 0
    assert _shape(path)[0] == (len(VERSIONS) + 1,)
    db = apsw.Connection(str(path))
    assert db.execute("SELECT count(*) FROM jobs WHERE colour = 'blue'").fetchall() == [(50,)]
    db.close()


async def test_what_waits_in_a_file_of_before_processors_were_asked_early_is_found_all_the_same(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await added(store)
    job = await claimed(store)
    job = await moved(store, job, says(job, Accepted(60_000, "7")))
    late = Callback("0" * 24, 1, 1, CallbackVerdict.LATE, CallbackContent.RESULT, "late", job.id)
    await store.keep_callback(late)
    await store.close()
    _as_of_version(tmp_path, 2)

    store = SqliteStore(tmp_path)
    await store.open()

    assert list(await store.list_waiting(WaitingQuery("f", 10, lost_before=1))) == [job]
    # The upgrade also writes down of which flow its job is.
    assert await store.get_callback(late.id) == replace(late, job_flow="f")
    await store.close()


def _as_of_version(directory: Path, number: int) -> None:
    """The same rows in a file as that version made it, to the letter."""
    new, old = directory / "jobs.db", directory / "old.db"
    db = open_writer(old)
    upgrade(db, VERSIONS[:number])
    db.execute("ATTACH ? AS new", (str(new),))
    tables = [str(name) for (name,) in db.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
    there = {str(name) for (name,) in db.execute("SELECT name FROM new.sqlite_schema WHERE type = 'table'")}
    if "tags" in tables:
        db.execute("INSERT INTO tags (tag, n) SELECT t.tag, j.n FROM new.job_tags t JOIN new.jobs j ON j.id = t.id")
        tables.remove("tags")
    assert set(tables) <= there
    for table in tables:
        columns = ", ".join(str(row[1]) for row in db.execute(f"PRAGMA main.table_info({table})"))
        db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    db.execute("DETACH new")
    db.close()
    for path in directory.glob("jobs.db*"):
        path.unlink()
    for path in directory.glob("old.db*"):
        path.rename(directory / path.name.replace("old.db", "jobs.db"))
