"""The writes except claims: each an idempotent compare-and-set on one document."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from msgspec import structs
from pymongo import UpdateOne

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import FINAL, Job, State
from job_processor.core.transitions import Change
from job_processor.store.base import Added, Held, IdempotencyKey, Worker
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.groups import Groups, Write
from job_processor.store.mongo.keys import Keys
from job_processor.store.mongo.series import MARK as TALLIES_MARK
from job_processor.store.mongo.series import Series, tallied
from job_processor.store.mongo.webhooks import MARK, NOTICES, Webhooks, noted, size_of

DELETING = "deleting"
"""Field of a final job whose deletion has begun: the job does not change any more, and its keys and callbacks may be
deleted already."""
_TO_DELETE = {"flow": 1, "rev": 1, "idempotencyKey": 1}
_PAUSES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0)
"""Seconds between two reads of a key that is deleted and stored again."""


class Writes:
    def __init__(self, link: Link, now: Callable[[], int], keys: Keys, webhooks: Webhooks, series: Series) -> None:
        self._link = link
        self._keys = keys
        self._webhooks = webhooks
        self._series = series
        self._now = now
        self._jobs = link.collection("jobs")
        self._moves = Groups(link, self._jobs)
        self._gone = link.collection("gone")
        self._callbacks = link.collection("callbacks")
        self._workers = link.collection("workers")

    async def add(self, job: Job, key: IdempotencyKey | None) -> Added:
        """Insert the job under its id with a random birth mark; if there is a key, after the key.

        After a lost reply the job is read back with majority. If it is not there the insert is tried again; because of
        the id it is applied at most once.
        """
        if key is None:
            if await self._insert(job, None):
                return Added(job, created=True)
            raise StoreUnavailable("A job of this id is there already; nothing was stored.")
        earlier = await self._keys.embedded(key)
        if earlier is not None:
            return Added(documents.to_job(earlier), created=False)
        for pause in _PAUSES:
            # The key has the id of its job. The process that stored the key may have died before it stored the job.
            job_id = await self._keys.hold(key, job.id)
            if job_id == job.id and await self._insert(job, key):
                return Added(job, created=True)
            if job_id is not None and (added := await self._add_once(structs.replace(job, id=job_id), key)) is not None:
                return added
            await asyncio.sleep(pause)
        raise StoreUnavailable("The idempotency key is deleted and stored again faster than it can be read.")

    async def _add_once(self, job: Job, key: IdempotencyKey) -> Added | None:
        """The job of the key, stored before or now. ``None``: it was deleted just now, together with its key."""
        made = await self._link.read(lambda again: self._jobs.find_one({"_id": job.id}))
        if made is not None:
            return Added(documents.to_job(made), created=False)
        # Deletions are recorded before they are made. A deleted job must not be stored again: its key is gone.
        if await self._link.read(lambda again: self._gone.find_one({"_id": job.id}, {"_id": 1})) is not None:
            return None
        return Added(job, created=True) if await self._insert(job, key) else None

    async def _insert(self, job: Job, key: IdempotencyKey | None) -> bool:
        """Store the job. False: a job of this id exists."""
        birth = documents.new_write_id()
        # An upsert, because only an update lets the server set the time of the change.
        update: Document = {
            "$setOnInsert": documents.inserted(job, key, self._now()),
            "$currentDate": {"changedAt": True},
        }
        where: Document = {"_id": job.id, "birth": birth}
        return await self._moves.write(Write(job.id, birth, where, update, len(job.prompt), upsert=True))

    async def apply(self, change: Change) -> bool:
        guard, job = change.guard, change.job
        write_id = documents.new_write_id()
        where: Document = {"_id": job.id, "state": guard.state.value, "rev": guard.rev, "token": guard.token}
        if guard.state in FINAL:
            where[DELETING] = None
        if guard.lease_until is not None:
            where["leaseUntil"] = guard.lease_until
        moved = documents.move(job, self._now(), write_id, guard.state)
        update = tallied(noted(moved, change.notices, write_id), change.counted, job, write_id)
        size = len(job.result or "") + size_of(change.notices)
        return await self._moves.write(Write(job.id, write_id, where, update, size))

    def queue_seconds(self) -> float:
        """Estimated seconds that a write of a job would wait that comes now."""
        return self._moves.queue_seconds()

    async def finish(self) -> None:
        """Wait for the writes that are running."""
        await self._moves.finish()
        await self._keys.finish()

    async def extend(self, held: Sequence[Held], until: int) -> Sequence[str]:
        if not held:
            return []
        renewal = [{"$set": {"leaseUntil": until, "dueAt": documents.due_at_of_lease(until)}}]
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
        return await self.prune_where({"batchId": None, "finishedAt": {"$lt": finished_before}}, "finishedAt", limit)

    async def prune_where(self, old: Document, order: str, limit: int) -> int:
        """Delete up to ``limit`` final jobs that match, in this order."""
        # Not while a notice is to be relayed: the notice would be lost with the job.
        old = {**old, MARK: None}

        async def find(again: bool) -> list[Document]:
            found = self._jobs.find(old, {**_TO_DELETE, TALLIES_MARK: 1}).sort(order, 1).limit(limit)
            return await found.to_list()

        jobs = await self._link.read(find)
        if not jobs:
            return 0
        if counted_later := [job["_id"] for job in jobs if TALLIES_MARK in job]:
            await self._series.roll_up(limit, counted_later)
        # With the condition again: a job that was retried meanwhile has no finishedAt and stays; so does one of which
        # a tally is still to be rolled up.
        where = {**old, TALLIES_MARK: None, "_id": {"$in": [job["_id"] for job in jobs]}}
        await self._link.do(lambda again: self._jobs.update_many(where, {"$set": {DELETING: True}}))
        begun = {"_id": {"$in": [job["_id"] for job in jobs]}, DELETING: True}
        jobs = await self._link.read(lambda again: self._jobs.find(begun, _TO_DELETE).to_list())
        if not jobs:
            return 0
        await self._record_deletions(jobs)
        # The keys are deleted first: after a crash in between the jobs still exist and are found again.
        await self._keys.free(jobs)
        return await self._link.do(lambda again: self._delete(begun, len(jobs), again))

    async def insert_once(self, job_id: str, fields: Document) -> None:
        """Insert a job of a batch, unless it exists. Its birth mark is its id, so that every process uses the same."""
        update: Document = {"$setOnInsert": fields, "$currentDate": {"changedAt": True}}
        where: Document = {"_id": job_id, "birth": job_id}
        await self._moves.write(Write(job_id, job_id, where, update, len(fields["prompt"]), upsert=True))

    async def _delete(self, where: Document, expected: int, again: bool) -> int:
        result = await self._jobs.delete_many(where)
        # After a lost reply the number is unknown: all are taken to be deleted.
        return expected if again and result.deleted_count == 0 else int(result.deleted_count)

    async def delete(self, job_id: str, rev: int | None = None) -> bool:
        where: Document = {"_id": job_id, "finishedAt": {"$gte": 0}}
        if rev is not None:
            where["rev"] = rev
        fields = {**_TO_DELETE, NOTICES: 1, MARK: 1, TALLIES_MARK: 1}
        found = {**where}
        job = await self._link.read(lambda again: self._jobs.find_one(found, fields))
        if job is None:
            return False
        if MARK in job:
            await self._webhooks.relay(job)
        if TALLIES_MARK in job:
            await self._series.settle(job_id)
        # Only if the job did not end again meanwhile.
        where |= {MARK: None, TALLIES_MARK: None}

        async def begin(again: bool) -> bool:
            return (await self._jobs.update_one(where, {"$set": {DELETING: True}})).matched_count == 1

        if not await self._link.do(begin):
            # The job was deleted by another process, or retried just now: then its keys and callbacks stay.
            return await self._link.read(lambda again: self._jobs.find_one({"_id": job_id}, {"_id": 1})) is None
        begun = {"_id": job_id, DELETING: True}
        job = await self._link.read(lambda again: self._jobs.find_one(begun, _TO_DELETE))
        if job is None:
            # Another process has deleted it meanwhile.
            return True
        await self._record_deletions([job])
        await self._keys.free([job])
        await self._link.do(lambda again: self._callbacks.delete_many({"jobId": job_id}))
        await self._webhooks.forget_job(job_id)
        # The job last: after a crash in between it still exists and can be deleted again.
        await self._link.do(lambda again: self._jobs.delete_one(begun))
        # Once more, because a process that still saw the job may have kept a callback since. Callbacks with the verdict
        # unknown belong to no job and stay. The job is deleted even if this write fails.
        left = {"jobId": job_id, "verdict": {"$ne": CallbackVerdict.UNKNOWN.value}}
        with contextlib.suppress(StoreUnavailable):
            await self._link.do(lambda again: self._callbacks.delete_many(left))
        return True

    async def is_being_deleted(self, job_id: str) -> bool:
        where = {"_id": job_id, DELETING: True}
        return await self._link.read(lambda again: self._jobs.find_one(where, {"_id": 1})) is not None

    async def _record_deletions(self, jobs: Sequence[Document]) -> None:
        """Record deletions before they are made, so that ``since`` misses none.

        ``jobs``: as read after their deletion has begun, because then they no longer move. A notice with an older rev
        than that of the last move would be ignored.
        """
        marks = [
            UpdateOne(
                {"_id": job["_id"]},
                {"$set": {"flow": job.get("flow", ""), "rev": job.get("rev", 0) + 1}, "$currentDate": {"at": True}},
                upsert=True,
            )
            for job in jobs
        ]
        await self._link.do(lambda again: self._gone.bulk_write(marks, ordered=False))

    async def record_heartbeat(self, worker: Worker) -> None:
        fields: Document = {
            "name": worker.name,
            "flows": list(worker.flows),
            "running": worker.running,
            "startedAt": worker.started_at,
            "seenAt": worker.seen_at,
            "clockTrusted": worker.clock_trusted,
        }
        update = {"$set": fields, "$currentDate": {"beatAt": True}}
        await self._link.do(lambda again: self._workers.update_one({"_id": worker.id}, update, upsert=True))
