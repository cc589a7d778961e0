"""The short form of ``make bulk-kill-test``."""

import os
import secrets
from pathlib import Path

import pytest

from tests.faults import bulk_campaign


@pytest.mark.timeout(300)
async def test_each_job_is_acted_on_once_whenever_the_server_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED") or secrets.randbits(32))

    report = await bulk_campaign.campaign(tmp_path, bulk_campaign.KILLS_A_ROUND, seed, print)

    print("\n".join(report.lines()))
    assert report.broken == []
    assert report.kills.total() == bulk_campaign.KILLS_A_ROUND
    assert report.acts == dict.fromkeys(bulk_campaign.DONE_WORDS, bulk_campaign.JOBS)
