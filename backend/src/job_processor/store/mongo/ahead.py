"""ahead: how many jobs of its flow are claimed before a job, in the order of claims (``turns``).

All queries are covered by the index of claims, and limited. Keys are read a page at a time; a key with many jobs is
skipped after as many as have their turn first.
"""

import asyncio
from typing import Any

from job_processor.core.job import Job
from job_processor.store.base import Ahead
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.turns import INDEX, ORDER

MAX_PAGES = 16
"""Maximum number of pages of keys that are read for one answer; then ``Ahead.more`` is set."""
_ONLY_ID: Document = {"_id": 1}
_NONE = -(2**63)
"""Stands for the key of jobs of versions without keys, which come first in the index."""


class Places:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._jobs = link.collection("jobs")

    async def ahead(self, job: Job, most: int) -> Ahead | None:
        of: Document = {"flow": job.flow, "ready": 1, "priority": job.priority, "keyHash": job.key_hash()}
        waits, higher, earlier, beside = await asyncio.gather(
            self._link.read(lambda again: self._jobs.find_one({"_id": job.id, "ready": 1}, _ONLY_ID)),
            self._count({"flow": job.flow, "ready": 1, "priority": {"$gt": job.priority}}, most + 1),
            self._count({**of, "runAt": {"$lt": job.run_at}}, most + 1),
            self._count({**of, "runAt": job.run_at, "_id": {"$lt": job.id}}, most + 1),
        )
        if waits is None:
            return None
        own, more = earlier + beside, False
        jobs = higher + own
        if jobs <= most:
            turns, more = await self._turns(job, own + 1, most - higher)
            # The job's own key is among the keys, with the jobs before the job and the job itself.
            jobs = higher + turns - 1
        return Ahead(min(jobs, most), more=more or jobs > most)

    async def _turns(self, job: Job, each: int, most: int) -> tuple[int, bool]:
        """The number of jobs of the job's priority, at most ``each`` for a key, counted until there are more than
        ``most`` besides the job; and whether there are keys that were not read."""
        jobs, last = 0, None
        for _ in range(MAX_PAGES):
            of_keys = await self._page(job, last, most + 2)
            is_last = sum(of_keys.values()) < most + 2
            if not is_last and len(of_keys) > 1:
                # The last key may have more jobs than were read: it is read next.
                of_keys.popitem()
            jobs += sum(min(each, n) for n in of_keys.values())
            if is_last or jobs > most + 1:
                return jobs, False
            last = next(reversed(of_keys))
        return jobs, True

    async def _page(self, job: Job, after: int | None, limit: int) -> dict[int, int]:
        """The number of jobs of each key among the first ``limit`` jobs, in the order of the keys."""
        where: Document = {"flow": job.flow, "ready": 1, "priority": job.priority}
        if after is not None:
            where["keyHash"] = {"$gt": after}

        async def run(hint: str | None) -> dict[int, int]:
            of_keys: dict[int, int] = {}
            found = self._jobs.find(where, {"_id": 0, "keyHash": 1}, hint=hint).sort(ORDER[1:]).limit(limit)
            async for one in found:
                key = one.get("keyHash", _NONE)
                of_keys[key] = of_keys.get(key, 0) + 1
            return of_keys

        return await self._link.hinted(run, INDEX)

    async def _count(self, where: Document, most: int) -> int:
        async def run(hint: str | None) -> int:
            options: dict[str, Any] = {} if hint is None else {"hint": hint}
            return await self._jobs.count_documents(where, limit=most, **options)

        return await self._link.hinted(run, INDEX)
