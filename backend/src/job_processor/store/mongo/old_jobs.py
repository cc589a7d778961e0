"""Jobs of older versions get what searches look at, in the background, newest first.

Each process does it until one has come to the end; what was done is only passed over once more. Where it stands is
kept, so that a start goes on there.
"""

import asyncio
import contextlib
import logging

from pymongo import UpdateOne

from job_processor.core.errors import StoreUnavailable
from job_processor.store.facets import facets_of
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link

BATCH = 100
PAUSE_SECONDS = 0.05
RETRY_SECONDS = 10.0
_ID = "search"
_BEHIND_ALL = "g"
_log = logging.getLogger(__name__)


class OldJobs:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._meta = link.collection("meta")
        self.is_filled = False
        """False while older jobs are not found by their words, errors and metadata."""
        self._task = asyncio.create_task(self._run(), name="mongo-old-jobs")

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while not self.is_filled:
            try:
                await self._fill()
            except StoreUnavailable as error:
                _log.debug("older jobs are not searchable yet: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _fill(self) -> None:
        found = await self._link.read(lambda again: self._meta.find_one({"_id": _ID}))
        below = _BEHIND_ALL if found is None else str(found["below"])
        while below:
            below = await self._batch(below)
            where: Document = {"_id": _ID}
            update: Document = {"$min": {"below": below}}
            await self._link.do(
                lambda again, where=where, update=update: self._meta.update_one(where, update, upsert=True)
            )  # type: ignore[misc]
            await asyncio.sleep(PAUSE_SECONDS)
        self.is_filled = True

    async def _batch(self, below: str) -> str:
        """The id of the oldest job of the batch; empty: there is none before it."""

        async def find(again: bool) -> list[Document]:
            return await documents.page(self._jobs.find({"_id": {"$lt": below}}).sort("_id", -1).limit(BATCH))

        found = await self._link.read(find)
        writes = [
            UpdateOne({"_id": one["_id"], "rev": one["rev"]}, {"$set": _searchable(one)})
            for one in found
            if documents.is_job(one) and "words" not in one
        ]
        if writes:
            await self._link.do(lambda again: self._jobs.bulk_write(writes, ordered=False))
        return str(found[-1]["_id"]) if found else ""


def _searchable(document: Document) -> Document:
    try:
        job = documents.to_job(document)
    except documents.UNREADABLE:
        return {"words": []}
    return {"words": documents.words(job), "facets": facets_of(job)}
