"""The reads, all with read concern `majority`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from job_processor.core.batch import end_of_jobs
from job_processor.core.errors import TooManySearches
from job_processor.core.job import Job, State
from job_processor.store.base import TEXT_SEARCH_DEPTH, Query, Summary, WaitingQuery, Worker
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link

R = TypeVar("R")


class Reads:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._workers = link.collection("workers")
        self._searching = asyncio.Lock()

    async def get(self, job_id: str, flows: frozenset[str] | None) -> Job | None:
        where: Document = {"_id": job_id} if flows is None else {"_id": job_id, "flow": {"$in": sorted(flows)}}
        found = await self._link.read(lambda again: self._jobs.find_one(where))
        return None if found is None else next(iter(documents.each([found], documents.to_job)), None)

    async def find_execution(self, execution_id: str, flows: frozenset[str] | None) -> str | None:
        where: Document = {"executionId": execution_id}
        if flows is not None:
            where["flow"] = {"$in": sorted(flows)}

        async def run(again: bool) -> list[Document]:
            return await self._jobs.find(where, {"_id": 1}).limit(2).to_list()

        found = await self._link.read(run)
        return str(found[0]["_id"]) if len(found) == 1 else None

    async def count_waiting(self, owner: str, most: int) -> int:
        where = {"waitingOf": owner}

        async def run(hint: str | None) -> int:
            options: Document = {} if hint is None else {"hint": hint}
            return await self._jobs.count_documents(where, limit=most, **options)

        return await self._link.hinted(run, "waiting_of")

    async def list(self, query: Query) -> Sequence[Summary]:
        return await self._one_search_at_a_time(query, self._listed)

    async def count(self, query: Query) -> int:
        return await self._one_search_at_a_time(query, self._counted)

    async def _one_search_at_a_time(self, query: Query, read: Callable[[Query], Awaitable[R]]) -> R:
        """A search reads whole texts, so only one runs at a time in a process."""
        if query.text is None:
            return await read(query)
        try:
            async with asyncio.timeout(self._link.tuning.try_timeout):
                await self._searching.acquire()
        except TimeoutError:
            raise TooManySearches("Other searches are under way; try again later.") from None
        try:
            return await read(query)
        finally:
            self._searching.release()

    async def _listed(self, query: Query) -> Sequence[Summary]:
        where = await self._conditions(query)

        async def run(again: bool) -> list[Document]:
            found = self._jobs.find(where, documents.of_a_row(query.clip)).sort("_id", -1).limit(query.limit)
            return await found.to_list()

        return documents.each(await self._link.read(run), documents.to_summary)

    async def _counted(self, query: Query) -> int:
        where = await self._conditions(query)

        async def run(again: bool) -> int:
            return await self._jobs.count_documents(where, limit=query.limit)

        return await self._link.read(run)

    async def _conditions(self, query: Query) -> Document:
        parts: list[Document] = []
        if ids := _id_bounds(query):
            parts.append({"_id": ids})
        if query.states:
            parts.append({"state": {"$in": sorted(state.value for state in query.states)}})
        if query.flow is not None:
            parts.append({"flow": query.flow})
        if query.flows is not None:
            parts.append({"flow": {"$in": sorted(query.flows)}})
        if query.batch is not None:
            parts.append({"_id": {"$gt": query.batch, "$lt": end_of_jobs(query.batch)}, "batchId": query.batch})
        if query.tag is not None:
            parts.append({"tags": query.tag})
        if query.created_after is not None:
            parts.append({"createdAt": {"$gte": query.created_after}})
        if query.created_before is not None:
            parts.append({"createdAt": {"$lt": query.created_before}})
        if query.text is not None:
            wanted = {"$regex": pattern(query.text), "$options": "i"}
            parts.append({"$or": [{"prompt": wanted}, {"result": wanted}]})
            if (oldest := await self._search_from()) is not None:
                parts.append({"_id": {"$gt": oldest}})
        return {"$and": parts} if parts else {}

    async def _search_from(self) -> str | None:
        async def run(again: bool) -> Document | None:
            if await self._jobs.estimated_document_count() <= TEXT_SEARCH_DEPTH:
                return None
            return await self._jobs.find_one({}, {"_id": 1}, sort=[("_id", -1)], skip=TEXT_SEARCH_DEPTH)

        found = await self._link.read(run)
        return None if found is None else str(found["_id"])

    async def list_waiting(self, which: WaitingQuery, now: int) -> Sequence[Job]:
        where: Document = {"flow": which.flow, "state": State.WAITING.value}
        if which.lost_before is None:
            where["dueAt"] = {"$lte": now}
        else:
            # Documents of older versions have no heardAt.
            unheard = [{"heardAt": None}, {"heardAt": {"$lt": which.lost_before}}]
            where["$or"] = [{"dueAt": {"$lte": now}}, *unheard]
        order = "heardAt" if which.oldest else "dueAt"

        async def run(again: bool) -> list[Document]:
            return await documents.page(self._jobs.find(where).sort(order, 1).limit(which.limit))

        return documents.each(await self._link.read(run), documents.to_job)

    async def overdue(self, now: int, limit: int, but: frozenset[str]) -> Sequence[Job]:
        """Longest overdue first, until the texts fill a page.

        After an outage, leases that ended in it are left alone for a while, because their workers could not renew them.
        """
        where: Document = {"dueAt": {"$lte": now}}
        if but:
            in_time = [{"deadline": None}, {"deadline": {"$gt": now}}]
            where["$nor"] = [{"state": State.WAITING.value, "flow": {"$in": sorted(but)}, "$or": in_time}]
        tuning = self._link.tuning
        ago = self._link.outage.began_ago(tuning.outage, tuning.renewal)
        if ago is not None:
            dead = {"leaseUntil": {"$lt": now - int(ago * 1000)}}
            where["$or"] = [{"state": {"$ne": State.RUNNING.value}}, {"deadline": {"$lte": now}}, dead]

        async def run(again: bool) -> list[Document]:
            return await documents.page(self._jobs.find(where).sort("dueAt", 1).limit(limit))

        return documents.each(await self._link.read(run), documents.to_job)

    async def workers(self, seen_after: int) -> Sequence[Worker]:
        async def run(again: bool) -> list[Document]:
            return await self._workers.find({"seenAt": {"$gte": seen_after}}).sort("_id", 1).to_list()

        return [
            Worker(
                one["_id"],
                one["name"],
                tuple(one["flows"]),
                one["running"],
                one["startedAt"],
                one["seenAt"],
                one.get("clockTrusted", True),
            )
            for one in await self._link.read(run)
        ]


def _id_bounds(query: Query) -> Document:
    """Bounds of the ids in the list, so that every index of a list is read only in this range."""
    bounds = {
        "$lt": query.end_id,
        "$gte": query.first_id,
        "$gt": query.after,
        "$in": None if query.ids is None else sorted(query.ids),
    }
    return {operator: ids for operator, ids in bounds.items() if ids is not None}


def pattern(text: str) -> str:
    """A regular expression that matches the text literally. A NUL, which would end the expression, is escaped."""
    return "".join(
        c if c.isalnum() or c == " " or ord(c) > 127 else "\\x00" if c == "\0" else f"\\x{ord(c):02x}" for c in text
    )
