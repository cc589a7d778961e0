"""The writes but for claims: each a compare-and-set on one document, harmless when tried again."""

from collections.abc import Callable, Sequence

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from job_processor.core.errors import IdempotencyMismatch, StoreUnavailable
from job_processor.core.job import Job, State
from job_processor.core.transitions import Change
from job_processor.store.base import Added, Held, IdempotencyKey, Worker
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link


class Writes:
    def __init__(self, link: Link, now: Callable[[], int]) -> None:
        self._link = link
        self._now = now
        self._jobs = link.collection("jobs")
        self._gone = link.collection("gone")
        self._callbacks = link.collection("callbacks")
        self._workers = link.collection("workers")

    async def add(self, job: Job, key: IdempotencyKey | None) -> Added:
        """Insert under an id and a birth mark of our own.

        After a lost answer the job is read back with majority; if it is not there the insert is tried again,
        and lands at most once because of the id.
        """
        birth = documents.new_write_id()
        mine: Document = {"_id": job.id, "birth": birth}
        first = documents.inserted(job, key, self._now())

        async def run(again: bool) -> Added | None:
            if again and await self._jobs.find_one(mine, {"_id": 1}) is not None:
                return Added(job, created=True)
            try:
                # An upsert and no insert: only an update lets the server stamp the time of the change.
                await self._jobs.update_one(
                    mine, {"$setOnInsert": first, "$currentDate": {"changedAt": True}}, upsert=True
                )
            except DuplicateKeyError:
                return await self._earlier(mine, job, key)
            return Added(job, created=True)

        for _ in range(10):
            added = await self._link.do(run)
            if added is not None:
                return added
        raise StoreUnavailable("The idempotency key changes hands faster than it can be read.")

    async def _earlier(self, mine: Document, job: Job, key: IdempotencyKey | None) -> Added | None:
        """What stands where the insert would go. ``None``: it has gone meanwhile."""
        if await self._jobs.find_one(mine, {"_id": 1}) is not None:
            return Added(job, created=True)
        if key is not None:
            earlier = await self._jobs.find_one({"key.key": key.key})
            if earlier is not None:
                if not key.fits(earlier["key"]["fingerprint"]):
                    raise IdempotencyMismatch("The idempotency key was used before with another body.")
                return Added(documents.to_job(earlier), created=False)
        if await self._jobs.find_one({"_id": job.id}, {"_id": 1}) is not None:
            raise StoreUnavailable("A job of this id is there already; nothing was stored.")
        return None

    async def apply(self, change: Change) -> bool:
        guard, job = change.guard, change.job
        write_id = documents.new_write_id()
        where: Document = {"_id": job.id, "state": guard.state.value, "rev": guard.rev, "token": guard.token}
        if guard.lease_until is not None:
            where["leaseUntil"] = guard.lease_until
        update = documents.move(job, self._now(), write_id)

        async def run(again: bool) -> bool:
            result = await self._jobs.update_one(where, update)
            if result.matched_count == 1:
                return True
            # Lost; or landed by an earlier try (ours or the driver's) whose answer was lost. The mark tells.
            return await self._jobs.find_one({"_id": job.id, "writes": write_id}, {"_id": 1}) is not None

        return await self._link.do(run)

    async def extend(self, held: Sequence[Held], until: int) -> Sequence[str]:
        if not held:
            return []
        renewal = [{"$set": {"leaseUntil": until, "dueAt": {"$min": [until, {"$ifNull": ["$deadline", until]}]}}}]
        running = State.RUNNING.value
        writes = [UpdateOne({"_id": h.job_id, "token": h.token, "state": running}, renewal) for h in held]

        async def run(again: bool) -> list[str]:
            result = await self._jobs.bulk_write(writes, ordered=False)
            if result.matched_count == len(writes):
                return []
            ids = [one.job_id for one in held]
            found = self._jobs.find({"_id": {"$in": ids}, "state": running}, {"token": 1})
            tokens = {one["_id"]: one.get("token") async for one in found}
            return [one.job_id for one in held if tokens.get(one.job_id) != one.token]

        return await self._link.do(run)

    async def prune(self, finished_before: int, limit: int) -> int:
        old = {"finishedAt": {"$lt": finished_before}}

        async def find(again: bool) -> list[Document]:
            found = self._jobs.find(old, {"flow": 1, "rev": 1}).sort("finishedAt", 1).limit(limit)
            return await found.to_list()

        jobs = await self._link.do(find)
        if not jobs:
            return 0
        await self._tell(jobs)
        # Whoever was retried meanwhile has no finishedAt any more and stays.
        where = {"_id": {"$in": [job["_id"] for job in jobs]}, **old}
        return await self._link.do(lambda again: self._delete(where, len(jobs), again))

    async def _delete(self, where: Document, expected: int, again: bool) -> int:
        result = await self._jobs.delete_many(where)
        # After a lost answer nobody knows the number; those that are gone are gone.
        return expected if again and result.deleted_count == 0 else int(result.deleted_count)

    async def delete(self, job_id: str) -> bool:
        where: Document = {"_id": job_id, "finishedAt": {"$gte": 0}}
        job = await self._link.do(lambda again: self._jobs.find_one(where, {"flow": 1, "rev": 1}))
        if job is None:
            return False
        await self._tell([job])
        # The job last: killed in between, it is there to be deleted again.
        await self._link.do(lambda again: self._callbacks.delete_many({"jobId": job_id}))

        async def run(again: bool) -> bool:
            result = await self._jobs.delete_one(where)
            if result.deleted_count == 1:
                return True
            # Deleted by an earlier try (ours or the driver's) whose answer was lost, or by somebody else just now;
            # or retried just now, and then it is there.
            return await self._jobs.find_one({"_id": job_id}, {"_id": 1}) is None

        return await self._link.do(run)

    async def _tell(self, jobs: Sequence[Document]) -> None:
        """Leave word of deletions before they are made, so that ``since`` misses none.

        A job that was retried in between is then told as gone although it lives; notices are hints, and
        the retry's own notice says better.
        """
        words = [
            UpdateOne(
                {"_id": job["_id"]},
                {"$set": {"flow": job["flow"], "rev": job["rev"] + 1}, "$currentDate": {"at": True}},
                upsert=True,
            )
            for job in jobs
        ]
        await self._link.do(lambda again: self._gone.bulk_write(words, ordered=False))

    async def beat(self, worker: Worker) -> None:
        fields: Document = {
            "name": worker.name,
            "flows": list(worker.flows),
            "running": worker.running,
            "startedAt": worker.started_at,
            "seenAt": worker.seen_at,
        }
        update = {"$set": fields, "$currentDate": {"beatAt": True}}
        await self._link.do(lambda again: self._workers.update_one({"_id": worker.id}, update, upsert=True))
