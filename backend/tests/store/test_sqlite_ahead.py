"""ahead on SQLite: every step is a search in the index of the claims, whatever waits."""

from pathlib import Path

import apsw
import pytest

from job_processor.store.sqlite import ahead
from job_processor.store.sqlite.store import FILE_NAME, SqliteStore

VALUES = {"id": "1" * 24, "flow": "f", "priority": 0, "place": 1, "run_at": 1, "most": 5, "each": 2}


@pytest.mark.parametrize("sql", [ahead._HIGHER, ahead._OWN, ahead._TURNS], ids=["higher", "own", "turns"])
async def test_no_row_of_a_job_is_read(tmp_path: Path, sql: str) -> None:
    store = SqliteStore(tmp_path)
    await store.open()
    await store.close()
    db = apsw.Connection(str(tmp_path / FILE_NAME))
    plan = [str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", VALUES)]
    db.close()
    of_jobs = [step for step in plan if " jobs " in step]
    assert of_jobs
    assert [step for step in of_jobs if not step.startswith("SEARCH jobs USING COVERING INDEX jobs_turns")] == []
