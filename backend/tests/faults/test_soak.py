"""The short form of ``make soak``. Times are printed and not judged: this machine has other work."""

import os
import secrets
from pathlib import Path

import pytest

from tests.faults import checker
from tests.faults.soak import Soak

pytestmark = pytest.mark.waits

SECONDS = 90.0
WARMING = 1.3
"""What the memory of a process may grow by that is a minute old: its caches still fill. In an hour it may not."""


@pytest.mark.timeout(600)
async def test_with_everybody_at_once_nothing_is_lost_and_memory_stays(tmp_path: Path) -> None:
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbits(32))

    report = await Soak(tmp_path, SECONDS, seed).run()

    checker.describe(report.verdict, print, report.lines())
    assert report.verdict.broken == []
    assert report.restarts >= 2
    assert report.growth() < WARMING
    # Everybody was there.
    assert report.verdict.figures["completed"] > 0
    for who in ("searches and lists", "events read", "readers that do not read", "requests to the silent n8n"):
        assert report.met[who] > 0, f"none of: {who}"
