"""Where SQLite computes ``due_at`` for many jobs at once, it is what ``Job.due_at`` says of each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from job_processor.store.clock import SteadyClock
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.queries import open_work
from job_processor.store.sqlite.store import FILE_NAME, SqliteStore
from tests.store_suite import given
from tests.store_suite.places import START
from tests.store_suite.test_rules import STATES
from tests.support.waiting import until_true


def due(directory: Path) -> list[tuple[object, int | None]]:
    """Of every job: what the column says, and what the job says."""
    db = apsw.Connection(str(directory / FILE_NAME))
    columns = db.execute("SELECT due_at FROM jobs ORDER BY n").fetchall()
    jobs = rows.to_jobs(db.execute(f"{rows.WHOLE} ORDER BY j.n"))
    db.close()
    return [(column, job.due_at()) for (column,), job in zip(columns, jobs, strict=True)]


@pytest.mark.parametrize("state", STATES)
async def test_after_the_clock_was_set_and_after_a_crash(tmp_path: Path, state: str) -> None:
    wall = START / 1000
    store = SqliteStore(tmp_path, clock=SteadyClock(lambda: wall, lambda: 0.0))
    await store.open()
    await STATES[state](store)

    wall += 3600
    store.now()
    await until_true(lambda: store.now() == START + 3_600_000, "the clock to be set")
    [(column, job)] = due(tmp_path)
    assert column == job

    # The lock is let go of as by a crash: the next process ends what was RUNNING.
    await store.close()
    await store.open()
    [(column, job)] = due(tmp_path)
    assert column == job
    await store.close()


async def test_a_job_that_is_claimed_while_the_oldest_is_looked_for(tmp_path: Path) -> None:
    """Whichever statement of the look the claim falls before: it sees the job, or it does not."""
    store = SqliteStore(tmp_path)
    await store.open()
    job = await given.added(store)
    reading = apsw.Connection(str(tmp_path / FILE_NAME), flags=apsw.SQLITE_OPEN_READONLY)
    look = open_work(store.now(), [job.flow])
    statements = _count_statements(reading, look)
    assert statements > 3
    for number in range(statements):
        await given.claimed(store)
        other = await given.added(store)
        writing = apsw.Connection(str(tmp_path / FILE_NAME))
        seen = iter(range(statements))

        def claim(*_: object, seen: Iterator[int] = seen, at: int = number, db: apsw.Connection = writing) -> bool:
            if next(seen, None) == at:
                db.execute("UPDATE jobs SET ready = NULL WHERE ready = 1")
            return True

        reading.exec_trace = claim
        assert look(reading) in (({}, {}), ({other.flow: other.run_at}, {}))
        reading.exec_trace = None
        writing.execute("UPDATE jobs SET ready = 1 WHERE id = ?", (other.id,))
        writing.close()
    reading.close()
    await store.close()


def _count_statements(db: apsw.Connection, look: Callable[[apsw.Connection], object]) -> int:
    seen: list[object] = []

    def note(*_: object) -> bool:
        seen.append(None)
        return True

    db.exec_trace = note
    look(db)
    db.exec_trace = None
    return len(seen)
