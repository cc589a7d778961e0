"""Adds the fields of searches to jobs of older versions, in the background, newest first. Each process does it until
one has reached the oldest job; jobs that have the fields already are skipped. The position is stored, and the next
start continues from there.
"""

import asyncio
import logging

from pymongo import UpdateOne

from job_processor import tasks
from job_processor.core.errors import StoreUnavailable
from job_processor.store.facets import facets_of
from job_processor.store.mongo import documents, meta
from job_processor.store.mongo.client import Document, Link

BATCH = 100
PAUSE_SECONDS = 0.05
RETRY_SECONDS = 10.0
_log = logging.getLogger(__name__)


class OldJobs:
    """``below``: jobs with a smaller id are to be done; empty: none."""

    def __init__(self, link: Link, below: str) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._below = below
        self._task = asyncio.create_task(self._run(), name="mongo-old-jobs") if below else None

    @property
    def is_filled(self) -> bool:
        """False while older jobs are not found by their words, errors and metadata."""
        return not self._below

    async def stop(self) -> None:
        if self._task is not None:
            await tasks.end(self._task)

    async def _run(self) -> None:
        while self._below:
            try:
                self._below = await self._batch(self._below)
                await meta.remember_searchable(self._link, self._below)
                await asyncio.sleep(PAUSE_SECONDS)
            except StoreUnavailable as error:
                _log.debug("older jobs are not searchable yet: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

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
