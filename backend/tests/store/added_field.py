"""``python -m tests.store.added_field OLD NEW URI DATABASE``: a job with a colour, through everything that keeps jobs.

For test_added_field, with a copy of the package in which a job has one. OLD: a data directory of before; NEW: an empty
directory; URI and DATABASE: an empty MongoDB.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from job_processor import transfer
from job_processor.core.job import Job
from job_processor.store.base import Query, Store
from job_processor.store.mongo.store import MongoStore
from job_processor.store.sqlite.store import SqliteStore
from tests.store_suite import given
from tests.support.site import open_site


def colour(job: Job) -> object:
    return getattr(job, "colour")  # noqa: B009  # a field of the copy alone


async def look(store: Store, job_id: str, expected: str | None) -> None:
    """The store and the API over it, whole and in a list."""
    assert colour(await given.stored(store, job_id)) == expected
    [row] = [one for one in await store.list(Query()) if one.id == job_id]
    assert colour(row.job) == expected
    async with open_site(Path("no-directory"), store=store, flows=(given.RULES,)) as site:
        shown: dict[str, Any] = await site.job(job_id)
        assert shown["colour"] == expected
        listed = (await site.client.get("/jobs")).json()
        assert [one["colour"] for one in listed if one["id"] == job_id] == [expected]


async def travel(old: Path, new: Path, uri: str, database: str) -> None:
    def mongo() -> MongoStore:
        return MongoStore(uri, database=database)

    def quiet(done: int, total: int) -> None:
        pass

    first = SqliteStore(old)
    await first.open()
    [before] = [one.id for one in await first.list(Query())]
    made = await given.added(first)
    assert colour(made) == "blue"
    claimed = await given.claim(first, 2)
    assert {colour(job) for job in claimed.jobs} == {"blue", None}

    second = mongo()
    await second.open()
    assert (await transfer.copy(first, second, quiet)).jobs == 2
    assert (await transfer.backup(second, new / "backup", quiet)).jobs == 2
    third = SqliteStore(new / "data")
    await third.open()
    assert (await transfer.restore(new / "backup", third, quiet)).jobs == 2

    # A site closes its store.
    for store in (first, second, third):
        await store.close()
    for expected, job_id in (("blue", made.id), (None, before)):
        for again in (SqliteStore(old), mongo(), SqliteStore(new / "data")):
            await again.open()
            await look(again, job_id, expected)


if __name__ == "__main__":
    asyncio.run(travel(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
