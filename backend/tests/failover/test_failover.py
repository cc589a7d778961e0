"""`make failover-test`. ``FAILOVER=short`` shortens it, ``FAILOVER_SEED`` repeats one order of disturbances."""

import os
import secrets
from pathlib import Path

import pytest

from tests.failover.campaign import FULL, SHORT, Campaign, Plan
from tests.failover.cluster import Cluster, database_at_hand

pytestmark = [pytest.mark.slow, pytest.mark.mongo, pytest.mark.timeout(3600)]


async def test_losing_database_network_and_workers_loses_no_job(tmp_path: Path) -> None:
    plan: Plan = SHORT if os.environ.get("FAILOVER") == "short" else FULL
    seed = int(os.environ.get("FAILOVER_SEED", secrets.randbelow(2**32)))
    print(f"\nFAILOVER_SEED={seed}", flush=True)
    cluster = Cluster(database_at_hand(), tmp_path)
    try:
        await cluster.start()
        report = await Campaign(cluster, plan, tmp_path, seed).run()
        assert cluster.healthy(), cluster.logs()
    finally:
        codes = await cluster.stop()
    print("\n".join(report.lines()), flush=True)
    assert report.verdict.broken == [], cluster.logs()
    assert report.verdict.figures["completed"] > 0
    # A stopped database or worker leaves nothing that keeps a process from ending when it is asked to (I10).
    assert set(codes) == {0}
