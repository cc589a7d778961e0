"""A flipped bit inside one job: that job is told as damaged, and no other job suffers."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from job_processor.core.errors import JobDamaged
from job_processor.store.base import Claim, Query
from job_processor.store.sqlite.store import FILE_NAME, SqliteStore
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.support.site import open_site

Damage = Callable[[apsw.Connection, str], object]
DAMAGES: dict[str, Damage] = {
    "prompt": lambda db, job: db.execute(
        "UPDATE prompts SET prompt = CAST(x'61ff62' AS TEXT) WHERE n = (SELECT n FROM jobs WHERE id = ?)", (job,)
    ),
    "record": lambda db, job: db.execute("UPDATE jobs SET record = CAST(x'c1' || record AS BLOB) WHERE id = ?", (job,)),
    "cut record": lambda db, job: db.execute(
        "UPDATE jobs SET record = substr(record, 1, length(record) - 1) WHERE id = ?", (job,)
    ),
}


async def damaged(directory: Path, damage: str) -> tuple[list[str], str]:
    """Five PENDING jobs, the third of which is damaged; all of them, and which."""
    store = SqliteStore(directory)
    await store.open()
    jobs = [(await given.added(store, f"prompt {n}", run_at=n)).id for n in range(5)]
    await store.close()
    with contextlib.closing(apsw.Connection(str(directory / FILE_NAME))) as db:
        DAMAGES[damage](db, jobs[2])
    return jobs, jobs[2]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_job_is_told_as_one_and_holds_up_no_other(tmp_path: Path, damage: str) -> None:
    jobs, bad = await damaged(tmp_path, damage)
    store = SqliteStore(tmp_path)
    await store.open()
    try:
        with pytest.raises(JobDamaged):
            await store.get(bad)
        for job in jobs:
            if job != bad:
                assert (await store.get(job)) is not None
        listed = [one.id for one in await store.list(Query(limit=10))]
        assert set(jobs) - {bad} <= set(listed)
        # A page is filled up: a short one would be the last.
        assert len(await store.list(Query(limit=4))) == 4
        claimed: list[str] = []
        for _ in range(6):
            claimed += [job.id for job in (await store.claim(Claim(RULES, 1, "w"))).jobs]
        assert sorted(claimed) == sorted(set(jobs) - {bad})
        assert len(await store.overdue(10)) == 0
    finally:
        await store.close()


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_client_is_told_in_words_which_job_is_damaged(tmp_path: Path, damage: str) -> None:
    jobs, bad = await damaged(tmp_path / "data", damage)
    async with open_site(tmp_path / "data") as site:
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/replay"), ("GET", f"/compare/{jobs[0]}")):
            reply = await site.client.request(method, f"/jobs/{bad}{path}")
            assert (reply.status, reply.json()["code"]) == (503, "job_damaged"), path
        assert (await site.client.get("/jobs")).status == 200
        assert (await site.client.get(f"/jobs/{jobs[0]}")).status == 200
