"""Batches: all jobs or none, although MongoDB writes one document at a time.

The jobs are first stored as chunks in a collection of their own. Then the record of the batch is inserted: this one
write stores the batch. After it the jobs are written from the chunks, in groups with other writes. If the process dies
meanwhile, ``complete`` writes the rest; any process may run it, at any time and more than once, because each job is
inserted at most once (``Writes.insert_once``). If the process dies before the record is inserted, its chunks belong to
no batch and are deleted.

A transaction would need a replica set, and would hold all jobs in the memory of the server.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from job_processor.core.batch import Batch, BatchCounts, end_of_jobs
from job_processor.core.errors import StoreUnavailable
from job_processor.core.webhooks import Delivery
from job_processor.failpoints import failpoint
from job_processor.store.base import BatchAdded, BatchesPruned, IdempotencyKey, NewBatch
from job_processor.store.batch_record import dump, dump_lines
from job_processor.store.mongo import documents
from job_processor.store.mongo.batch_reads import NO_LINES, OPEN_STATES, BatchReads, batch_of
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import new_write_id
from job_processor.store.mongo.webhooks import MARK, NOTICES, kept
from job_processor.store.mongo.writes import Writes

CHUNK_JOBS, CHUNK_BYTES = 200, 2 * 1024 * 1024
"""A chunk has at most ``CHUNK_JOBS`` jobs, and ends with the job that brings its prompts to ``CHUNK_BYTES``."""
LEFT_MS = 30_000
"""If the jobs of a batch are not all written after this time, the process that wrote them has died."""
FORGOTTEN_MS = 3_600_000
"""If a chunk has no batch after this time, the batch was never stored."""
_log = logging.getLogger(__name__)


class Batches(BatchReads):
    def __init__(self, link: Link, writes: Writes, now: Callable[[], int]) -> None:
        super().__init__(link)
        self._writes = writes
        self._now = now
        self._chunks = link.collection("batchChunks")
        self._gone = link.collection("gone")

    async def add(self, new: NewBatch, key: IdempotencyKey | None) -> BatchAdded:
        batch_id, now = new.batch.id, self._now()
        chunks = await asyncio.to_thread(lambda: list(_chunks(new, now)))
        for chunk in chunks:
            await self._put_chunk(chunk)
            failpoint("mongo.in_batch")
        added = await self._insert(new, key, now if chunks else None)
        if not added.created:
            await self._link.do(lambda again: self._chunks.delete_many({"batch": batch_id}))
            return added
        try:
            await self._write_jobs(batch_id, again=False)
        except StoreUnavailable:
            # The batch is stored; ``complete`` writes the rest.
            _log.warning("the jobs of the batch %s are not all written yet", batch_id)
        return added

    async def _put_chunk(self, chunk: Document) -> None:
        where = {"_id": chunk["_id"]}
        await self._link.do(lambda again: self._chunks.replace_one(where, chunk, upsert=True))

    async def _insert(self, new: NewBatch, key: IdempotencyKey | None, chunks: int | None) -> BatchAdded:
        """Insert the record. ``chunks``: when the chunks were written (ms, clock of the store); ``None``: there are
        none."""
        batch = new.batch
        document: Document = {"_id": batch.id, "flows": list(batch.flows), "record": dump(batch).decode()}
        for name, value in (
            ("key", None if key is None else key.key),
            ("fingerprint", None if key is None else key.fingerprint),
            ("refused", dump_lines(list(new.refused)).decode() if new.refused else None),
            ("chunks", chunks),
            ("open", True if batch.ended_at is None else None),
            ("cancelledAt", batch.cancelled_at),
            ("endedAt", batch.ended_at),
            ("pruneAt", batch.prune_at),
        ):
            if value is not None:
                document[name] = value

        async def run(again: bool) -> BatchAdded:
            try:
                await self._batches.insert_one(document)
            except DuplicateKeyError:
                # With this id it is from an earlier try whose reply was lost. Otherwise the key belongs to another
                # batch.
                if await self._batches.find_one({"_id": batch.id}, {"_id": 1}) is None:
                    assert key is not None
                    earlier = await self.find_key(key)
                    if earlier is None:
                        raise StoreUnavailable("The batch of this key was deleted just now.") from None
                    return BatchAdded(earlier, created=False)
            return BatchAdded(batch, created=True)

        return await self._link.do(run)

    async def _write_jobs(self, batch_id: str, *, again: bool) -> None:
        """Write the jobs of all chunks. ``again``: another process may have written some; jobs that were deleted since
        are not written again."""
        while True:
            failpoint("mongo.after_batch")
            chunk = await self._link.read(lambda again: self._chunks.find_one({"batch": batch_id}, sort=[("_id", 1)]))
            if chunk is None:
                break
            jobs: list[Document] = chunk["jobs"]
            gone = await self._deleted([job["_id"] for job in jobs]) if again else set()
            # One chunk at a time, so that other new jobs are written in between.
            await asyncio.gather(*(self._write_job(job) for job in jobs if job["_id"] not in gone))
            where = {"_id": chunk["_id"]}
            await self._link.do(lambda again, where=where: self._chunks.delete_one(where))  # type: ignore[misc]
        whole = {"$unset": {"chunks": ""}}
        await self._link.do(lambda again: self._batches.update_one({"_id": batch_id}, whole))

    async def _write_job(self, job: Document) -> None:
        await self._writes.insert_once(job["_id"], {name: value for name, value in job.items() if name != "_id"})

    async def _deleted(self, ids: list[str]) -> set[str]:
        async def run(again: bool) -> set[str]:
            return {str(one["_id"]) async for one in self._gone.find({"_id": {"$in": ids}}, {"_id": 1})}

        return await self._link.read(run)

    async def complete(self) -> int:
        left, forgotten = self._now() - LEFT_MS, self._now() - FORGOTTEN_MS

        async def half_written(again: bool) -> list[Document]:
            return await self._batches.find({"chunks": {"$lt": left}}, {"_id": 1}).limit(10).to_list()

        found = await self._link.read(half_written)
        for one in found:
            await self._write_jobs(one["_id"], again=True)

        async def old_chunks(again: bool) -> list[Document]:
            return await self._chunks.find({"at": {"$lt": forgotten}}, {"batch": 1}).limit(1_000).to_list()

        ids = sorted({str(one["batch"]) for one in await self._link.read(old_chunks)})
        stored = await self._there(ids)
        for batch_id in ids:
            if batch_id not in stored:
                where = {"batch": batch_id}
                await self._link.do(lambda again, where=where: self._chunks.delete_many(where))  # type: ignore[misc]
        return len(found) + len(set(ids) - stored)

    async def _there(self, ids: Sequence[str]) -> set[str]:
        if not ids:
            return set()

        async def run(again: bool) -> set[str]:
            return {str(one["_id"]) async for one in self._batches.find({"_id": {"$in": list(ids)}}, {"_id": 1})}

        return await self._link.read(run)

    async def cancel(self, batch_id: str, at: int) -> bool:
        where: Document = {"_id": batch_id, "open": True, "cancelledAt": None}
        return await self._set(where, {"$set": {"cancelledAt": at}}, "cancelledAt", at)

    async def end(self, batch_id: str, at: int, notices: Sequence[Delivery]) -> bool:
        found = await self.get(batch_id, None)
        if found is None or found.ended_at is not None:
            return False
        update = _ended(found, at)
        if notices:
            update["$set"] |= {NOTICES: kept(notices), MARK: new_write_id()}
        return await self._set({"_id": batch_id, "open": True}, update, "endedAt", at)

    async def _set(self, where: Document, update: Document, name: str, at: int) -> bool:
        async def run(again: bool) -> bool:
            if (await self._batches.update_one(where, update)).matched_count == 1:
                return True
            # Applied by an earlier try whose reply was lost, or by another process at the same millisecond.
            return again and await self._batches.find_one({"_id": where["_id"], name: at}, {"_id": 1}) is not None

        return await self._link.do(run)

    async def prune(self, now: int, limit: int) -> BatchesPruned:
        async def run(again: bool) -> list[Document]:
            found = self._batches.find({"pruneAt": {"$lte": now}}, NO_LINES)
            return await found.sort("pruneAt", 1).limit(limit).to_list()

        batches = jobs = 0
        due = [batch_of(one) for one in await self._link.read(run)]
        for batch in due:
            counts = (await self.counts([batch.id])).get(batch.id, BatchCounts())
            ended = now if counts.open else counts.last_finished_at
            if batch.keep_ms is not None and ended is not None and ended + batch.keep_ms > now:
                # A job was retried after the end of the batch.
                later = UpdateOne({"_id": batch.id}, _ended(batch, ended))
                await self._link.do(lambda again, later=later: self._batches.bulk_write([later]))  # type: ignore[misc]
                continue
            left = limit - jobs
            where: Document = {
                "_id": {"$gt": batch.id, "$lt": end_of_jobs(batch.id)},
                "batchId": batch.id,
                "state": {"$nin": OPEN_STATES},
            }
            deleted = await self._writes.prune_where(where, "_id", left)
            jobs += deleted
            if deleted == left:
                return BatchesPruned(batches, jobs, more=True)
            if not (await self.counts([batch.id])).get(batch.id, BatchCounts()).existing:
                # Only after its notices were relayed.
                where = {"_id": batch.id, MARK: None}
                await self._link.do(lambda again, where=where: self._batches.delete_one(where))  # type: ignore[misc]
                batches += 1
        return BatchesPruned(batches, jobs, more=len(due) == limit)


def _chunks(new: NewBatch, now: int) -> Iterator[Document]:
    jobs: list[Document] = []
    size = number = 0
    for job in new.jobs:
        jobs.append({"_id": job.id, **documents.inserted(job, None, now)})
        size += jobs[-1]["promptBytes"]
        if len(jobs) == CHUNK_JOBS or size >= CHUNK_BYTES:
            yield _chunk(new, number, jobs, now)
            jobs, size, number = [], 0, number + 1
    if jobs:
        yield _chunk(new, number, jobs, now)


def _chunk(new: NewBatch, number: int, jobs: list[Document], now: int) -> Document:
    return {"_id": f"{new.batch.id}-{number:06d}", "batch": new.batch.id, "at": now, "jobs": jobs}


def _ended(batch: Batch, at: int) -> Document:
    changed: Document = {"endedAt": at}
    if batch.keep_ms is not None:
        changed["pruneAt"] = at + batch.keep_ms
    return {"$set": changed, "$unset": {"open": ""}}
