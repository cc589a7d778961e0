"""The short form of ``make bulk-kill-test``, on both stores."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import mongo_server
from tests.faults import checker
from tests.faults.bulk_campaign import BulkCampaign


async def _nothing_is_broken(directory: Path, jobs: int, kills: int, mongo: str | None = None) -> None:
    seed = int(os.environ.get("KILL_SEED") or secrets.randbits(32))

    report = await BulkCampaign(directory, seed, print, mongo).run(jobs, kills)

    checker.describe(report.verdict, print, report.lines())
    assert report.verdict.broken == []
    assert report.deaths.total() == 2 * kills
    assert all(max(at) > 0 for at in report.progress.values()), "no kill came after the first group"


@pytest.mark.timeout(600)
async def test_each_job_is_acted_on_once_whenever_the_server_is_killed(tmp_path: Path) -> None:
    await _nothing_is_broken(tmp_path, jobs=2_000, kills=5)


@pytest.fixture
def address() -> Iterator[str]:
    """Of a database of its own."""
    server = mongo_server.require()
    name = server.database()
    yield urlsplit(server.uri)._replace(path=f"/{name}").geturl()
    server.drop(name)


@pytest.mark.timeout(600)
@pytest.mark.mongo
async def test_each_job_is_acted_on_once_on_mongodb_too(tmp_path: Path, address: str) -> None:
    await _nothing_is_broken(tmp_path, jobs=600, kills=2, mongo=address)


async def test_too_few_jobs_for_so_many_kills_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1100 jobs at least"):
        await BulkCampaign(tmp_path, 1, print).run(1_099, kills=10)
