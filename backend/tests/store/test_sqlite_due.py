"""Where SQLite computes ``due_at`` for many jobs at once, it is what ``Job.due_at`` says of each of them."""

from pathlib import Path

import apsw
import pytest

from job_processor.store.clock import SteadyClock
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.store import FILE_NAME, SqliteStore
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
