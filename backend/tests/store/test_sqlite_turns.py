"""A claim reads the jobs that it starts, and not those that stand behind them."""

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from job_processor.core.flow import FlowRules
from job_processor.store.sqlite import turns
from job_processor.store.sqlite.rows import Row
from job_processor.store.sqlite.store import FILE_NAME, SqliteStore
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import START
from tests.store_suite.test_turns import added


@pytest.mark.parametrize(
    ("rules", "started"),
    [
        (RULES, 20),
        (replace(RULES, concurrency_per_key=1), 2),
        (replace(RULES, concurrency_per_key=3), 6),
        (replace(RULES, rate_per_key=60), 2),
    ],
)
async def test_no_job_is_read_that_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: FlowRules, started: int
) -> None:
    read: list[Row] = []
    firsts, of_places = turns._firsts, turns._of_places

    def counted_firsts(*args: object) -> list[tuple[int, int, Row]]:
        found = firsts(*args)  # type: ignore[arg-type]  # passed on as they are
        read.extend(row for _, _, row in found)
        return found

    def counted(*args: object) -> dict[int, list[Row]]:
        found = of_places(*args)  # type: ignore[arg-type]  # passed on as they are
        read.extend(row for rows in found.values() for row in rows)
        return found

    monkeypatch.setattr(turns, "_firsts", counted_firsts)
    monkeypatch.setattr(turns, "_of_places", counted)
    store = SqliteStore(tmp_path, lambda: START)
    await store.open()
    await added(store, *["a", "b"] * 50)
    assert len((await given.claim(store, 20, rules)).jobs) == started
    await store.close()
    assert len(read) == started


@pytest.mark.parametrize(
    ("rules", "counted"),
    [(RULES, False), (replace(RULES, rate_per_key=60), False), (replace(RULES, concurrency_per_key=1), True)],
)
async def test_a_job_in_flight_is_in_the_index_by_key_only_where_its_flow_counts_by_key(
    tmp_path: Path, rules: FlowRules, counted: bool
) -> None:
    store = SqliteStore(tmp_path, lambda: START)
    await store.open()
    jobs = await added(store, "a", "b", None)
    assert len((await given.claim(store, 3, rules)).jobs) == 3
    await store.close()
    db = apsw.Connection(str(tmp_path / FILE_NAME))
    found = [key for (key,) in db.execute("SELECT counted_key FROM jobs ORDER BY n")]
    db.close()
    assert found == [job.key_hash() if counted else None for job in jobs]
