"""Power fails at any moment: what was acknowledged is on the disk, whatever became of the writes not yet synced.

kill -9 cannot show this, since the kernel's cache outlives the process.
"""

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from job_processor.core.job import Job, State
from job_processor.core.outcome import Succeeded
from job_processor.store.base import Claim
from job_processor.store.sqlite import store as sqlite
from job_processor.store.sqlite.connection import open_writer
from job_processor.store.sqlite.store import SqliteStore
from tests.faults.lossy_disk import Disk, lossy
from tests.store_suite.given import RULES, added, moved, says

STATES = 400
ROUNDS = 30


@dataclass
class Moment:
    """The disk at one moment, and what clients had been told by then."""

    disk: Disk
    stored: dict[str, str]
    completed: dict[str, str]


@dataclass
class Watched:
    """Takes a picture of the disk at random moments. Called from the writing thread, in the middle of a write."""

    rng: random.Random
    stored: dict[str, str] = field(default_factory=dict)
    completed: dict[str, str] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)

    def look(self, disk: Disk) -> None:
        # What was acknowledged before the picture must be in it; so the book is copied first.
        if len(self.moments) < STATES and self.rng.random() < 0.25:
            book = (dict(self.stored), dict(self.completed))
            self.moments.append(Moment(disk.picture(), *book))


def _small_checkpoints(change: str) -> Callable[[Path], apsw.Connection]:
    """The writer as it is, but it checkpoints after a few pages, so that checkpoints are cut off too."""

    def opened(path: Path) -> apsw.Connection:
        db = open_writer(path)
        db.execute("PRAGMA wal_autocheckpoint = 40")
        db.execute(change)
        return db

    return opened


async def _work(store: SqliteStore, watched: Watched) -> None:
    async def submit(n: int) -> None:
        job = await added(store, f"prompt {n} " + "x" * watched.rng.randrange(3000))
        watched.stored[job.id] = job.prompt

    async def complete(job: Job) -> None:
        done = await moved(store, job, says(job, Succeeded(f"result of {job.id}")))
        watched.completed[done.id] = str(done.result)

    for n in range(ROUNDS):
        await asyncio.gather(*(submit(n * 10 + i) for i in range(watched.rng.randrange(1, 9))))
        claimed = await store.claim(Claim(RULES, watched.rng.randrange(1, 6), "w"))
        await asyncio.gather(*(complete(job) for job in claimed.jobs))


async def _moments(directory: Path, seed: int) -> Watched:
    watched = Watched(random.Random(seed))
    with lossy(Disk(watched.look)):
        store = SqliteStore(directory)
        await store.open()
        try:
            await _work(store, watched)
        finally:
            await store.close()
    return watched


async def _broken(moment: Moment, rng: random.Random, directory: Path) -> list[str]:
    """What is wrong with the store that starts after the power loss."""
    moment.disk.after_power_loss(rng, directory)
    store = SqliteStore(directory)
    await store.open()
    wrong = []
    try:
        for job_id, prompt in moment.stored.items():
            job = await store.get(job_id)
            if job is None or job.prompt != prompt:
                wrong.append(f"{job_id} was acknowledged and is lost")
        for job_id, result in moment.completed.items():
            job = await store.get(job_id)
            if job is None or job.state is not State.COMPLETED or job.result != result:
                wrong.append(f"{job_id} was completed and is not")
    finally:
        await store.close()
    db = apsw.Connection(str(directory / "jobs.db"))
    if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        wrong.append("integrity_check failed")
    db.close()
    return wrong


async def test_what_was_acknowledged_outlives_a_power_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = secrets.randbits(32)
    monkeypatch.setattr(sqlite, "open_writer", _small_checkpoints("PRAGMA synchronous = FULL"))
    watched = await _moments(tmp_path / "before", seed)
    monkeypatch.undo()

    rng = random.Random(seed)
    wrong = {n: await _broken(m, rng, tmp_path / str(n)) for n, m in enumerate(watched.moments)}

    facts = sum(len(m.stored) + len(m.completed) for m in watched.moments)
    print(f"{len(wrong)} power losses, {facts:,} acknowledged facts held against them, seed {seed}")
    assert {n: w for n, w in wrong.items() if w} == {}
    assert len(wrong) > 200, "too few moments to prove anything"
    assert any(m.completed for m in watched.moments)


def test_a_database_that_is_only_read_is_not_locked_by_the_one_it_is_attached_to(tmp_path: Path) -> None:
    """As on a real disk: the search index is written while the jobs, which it only reads, are."""
    with lossy(Disk(lambda _: None)):
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        jobs, index = (apsw.Connection(str(tmp_path / name), flags=flags) for name in ("jobs.db", "index.db"))
        for db in (jobs, index):
            # To the end: a statement that returns rows stops at the first one.
            db.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (n)").fetchall()
        index.execute("ATTACH ? AS jobs_file", (f"file:{tmp_path}/jobs.db?mode=ro",))
        index.execute("BEGIN IMMEDIATE; INSERT INTO main.t VALUES (1)")
        jobs.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT")
        index.execute("COMMIT")
        for db in (index, jobs):
            db.close()


async def test_the_disk_does_forget_what_is_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-proof: with the setting that most people use, the same test finds lost jobs."""
    monkeypatch.setattr(sqlite, "open_writer", _small_checkpoints("PRAGMA synchronous = NORMAL"))
    watched = await _moments(tmp_path / "before", 1)
    monkeypatch.undo()

    rng = random.Random(1)
    wrong = [await _broken(m, rng, tmp_path / str(n)) for n, m in enumerate(watched.moments[-60:])]

    assert any(wrong)
