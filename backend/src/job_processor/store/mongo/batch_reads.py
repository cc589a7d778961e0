"""The reads of batches."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from job_processor.core.batch import Batch, BatchCounts, RefusedLine, end_of_jobs
from job_processor.core.errors import IdempotencyMismatch
from job_processor.core.job import FINAL, Job, State
from job_processor.store.base import BatchQuery, IdempotencyKey
from job_processor.store.batch_record import load, load_lines
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link

LOOKED_AT = 100
"""How many open batches are looked at together for whether they have ended."""
OPEN_STATES = sorted(state.value for state in State if state not in FINAL)
NO_LINES = {"refused": 0}
"""The projection of a batch: its refused lines may be many."""


class BatchReads:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._batches = link.collection("batches")
        self._jobs = link.collection("jobs")
        self._looked_at = ""

    async def of_key(self, key: IdempotencyKey) -> Batch | None:
        return await self._link.read(lambda again: self.find_key(key))

    async def find_key(self, key: IdempotencyKey) -> Batch | None:
        found = await self._batches.find_one({"key": key.key}, NO_LINES)
        if found is None:
            return None
        if not key.fits(str(found["fingerprint"])):
            raise IdempotencyMismatch("The idempotency key was used before with another body.")
        return batch_of(found)

    async def get(self, batch_id: str, flows: frozenset[str] | None) -> Batch | None:
        where = {"_id": batch_id, **_seen(flows)}
        found = await self._link.read(lambda again: self._batches.find_one(where, NO_LINES))
        return None if found is None else batch_of(found)

    async def list(self, query: BatchQuery) -> Sequence[Batch]:
        where = _seen(query.flows)
        if query.before is not None:
            where["_id"] = {"$lt": query.before}

        async def run(again: bool) -> list[Document]:
            return await self._batches.find(where, NO_LINES).sort("_id", -1).limit(query.limit).to_list()

        return [batch_of(one) for one in await self._link.read(run)]

    async def counts(self, ids: Collection[str]) -> Mapping[str, BatchCounts]:
        pipeline: list[Document] = [
            {"$match": {"batchId": {"$in": sorted(ids)}}},
            {
                "$group": {
                    "_id": {"batch": "$batchId", "state": "$state"},
                    "n": {"$sum": 1},
                    "last": {"$max": "$finishedAt"},
                    # A batch without any cost is told from one that cost nothing.
                    "cost": {"$sum": "$costMicros"},
                    "dearest": {"$max": "$costMicros"},
                }
            },
        ]

        async def run(hint: str | None) -> list[Document]:
            options: dict[str, Any] = {} if hint is None else {"hint": hint}
            return await (await self._jobs.aggregate(pipeline, **options)).to_list()

        found: dict[str, BatchCounts] = {}
        for one in await self._link.hinted(run, "batch_cost"):
            batch_id, state = one["_id"]["batch"], State(one["_id"]["state"])
            cost = None if one["dearest"] is None else int(one["cost"])
            counts = BatchCounts({state: int(one["n"])}, one["last"], cost)
            found[batch_id] = found.get(batch_id, BatchCounts()).plus(counts)
        return found

    async def refused_lines(self, batch_id: str) -> Sequence[RefusedLine]:
        found = await self._link.read(lambda again: self._batches.find_one({"_id": batch_id}, {"refused": 1}))
        return [] if found is None or "refused" not in found else load_lines(found["refused"])

    async def jobs_of(self, batch_id: str, after: str | None, limit: int) -> Sequence[Job]:
        where = {"_id": {"$gt": after or batch_id, "$lt": end_of_jobs(batch_id)}, "batchId": batch_id}

        async def run(again: bool) -> list[Document]:
            # Without the prompt, which may be long.
            found = self._jobs.find(where, {"prompt": 0, "promptBytes": 0}).sort("_id", 1).limit(limit)
            return await documents.page(found)

        return documents.each(await self._link.read(run), lambda document: documents.to_job({**document, "prompt": ""}))

    async def to_tend(self, limit: int) -> Sequence[Batch]:
        """Checks ``LOOKED_AT`` of the batches that have not ended per call; the next call goes on after them."""
        where: Document = {"open": True, "_id": {"$gt": self._looked_at}}

        async def run(again: bool) -> list[Document]:
            return await self._batches.find(where, NO_LINES).sort("_id", 1).limit(LOOKED_AT).to_list()

        found = [batch_of(one) for one in await self._link.read(run)]
        self._looked_at = found[-1].id if len(found) == LOOKED_AT else ""
        return [one for one in found if one.cancelled_at is not None or not await self._has_open_jobs(one)][:limit]

    async def _has_open_jobs(self, batch: Batch) -> bool:
        where = {"batchId": batch.id, "state": {"$in": OPEN_STATES}}
        found = await self._link.read(lambda again: self._jobs.find_one(where, {"_id": 0, "state": 1}))
        return found is not None


def _seen(flows: frozenset[str] | None) -> Document:
    return {} if flows is None else {"flows": {"$not": {"$elemMatch": {"$nin": sorted(flows)}}}}


def batch_of(document: Document) -> Batch:
    return replace(
        load(document["record"]),
        cancelled_at=document.get("cancelledAt"),
        ended_at=document.get("endedAt"),
        prune_at=document.get("pruneAt"),
        is_whole="chunks" not in document,
    )
