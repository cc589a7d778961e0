"""The measurements of CPU: they count each job, and pass each command. How much CPU anything takes, is not a matter of
tests."""

import os
from pathlib import Path

import pytest

from benchmarks import passing
from benchmarks.cost import GROUP, WARM_UP_GROUPS, Cpu, Meter, cheap
from benchmarks.life import cpu_of_a_life
from job_processor.store.sqlite.store import SqliteStore


def test_a_meter_reads_the_clocks_after_each_group_and_leaves_the_first_ones_out() -> None:
    meter = Meter(os.getpid())
    for _ in range((WARM_UP_GROUPS + 3) * GROUP - 1):
        meter.count()
    assert len(meter.warm) == 2
    meter.count()
    assert len(meter.warm) == 3


def test_cheap_is_the_tenth_percentile_of_what_the_server_took() -> None:
    groups = [Cpu(float(n % 20), 1.0, 0.0) for n in range(60)]
    assert cheap(groups) == Cpu(2.0, 1.0, 0.0)


async def test_lives_end_as_completed_jobs(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    await store.open()
    await cpu_of_a_life(store, 2, 3)
    [(of, jobs)] = (await store.counts()).by_state.items()
    assert (of[1].value, jobs) == ("COMPLETED", 6)
    await store.close()


def test_every_command_that_is_passed_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "MESSAGES", 4)
    monkeypatch.setattr(passing, "ROUNDS", 2)
    here, there = passing.cost(3)
    assert here >= 0
    assert there >= 0
