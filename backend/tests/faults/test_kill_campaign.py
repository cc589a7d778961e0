"""The short form of ``make kill-test``."""

import os
import secrets
from pathlib import Path

import pytest

from tests.faults import checker
from tests.faults.kill_campaign import Campaign

CYCLES = 80


@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_done_twice_whenever_the_server_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED") or secrets.randbits(32))

    report = await Campaign(tmp_path, seed, print).run(CYCLES)

    checker.describe(report.verdict, print, report.lines())
    assert report.verdict.broken == []
    assert report.missed == [], "failpoints at which the server never died"
    # Everything that is judged was there.
    for what in ("completed", "batches", "acted on in bulk", "notices"):
        assert report.verdict.figures[what] > 0, f"none: {what}"
