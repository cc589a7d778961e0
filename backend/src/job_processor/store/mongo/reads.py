"""The reads: each one query of what a majority has."""

import time
from collections.abc import Sequence

from job_processor.core.job import Job, State
from job_processor.store.base import Counts, Query, Summary, Worker
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link

TEXT_SEARCH_DEPTH = 100_000
"""A text search looks at the newest jobs only, so many of them."""
_COSTLY = 0.1


class Reads:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._workers = link.collection("workers")
        self._counted: tuple[float, dict[tuple[str, State], int]] = (0.0, {})
        """Until when (monotonic) costly counts are given out again, and those counts."""

    async def get(self, job_id: str) -> Job | None:
        found = await self._link.do(lambda again: self._jobs.find_one({"_id": job_id}))
        return None if found is None else documents.to_job(found)

    async def find_execution(self, execution_id: str) -> str | None:
        found = await self._link.do(lambda again: self._jobs.find_one({"executionId": execution_id}, {"_id": 1}))
        return None if found is None else str(found["_id"])

    async def list(self, query: Query) -> Sequence[Summary]:
        where = await self._conditions(query)

        async def run(again: bool) -> list[Document]:
            found = self._jobs.find(where, documents.of_a_row(query.clip)).sort("_id", -1).limit(query.limit)
            return await found.to_list()

        return [documents.to_summary(one) for one in await self._link.do(run)]

    async def _conditions(self, query: Query) -> Document:
        parts: list[Document] = []
        if query.before is not None:
            parts.append({"_id": {"$lt": query.before}})
        if query.states:
            parts.append({"state": {"$in": sorted(state.value for state in query.states)}})
        if query.flow is not None:
            parts.append({"flow": query.flow})
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

        found = await self._link.do(run)
        return None if found is None else str(found["_id"])

    async def counts(self, now: int) -> Counts:
        good_until, by_state = self._counted
        started = time.monotonic()
        if started >= good_until:
            by_state = await self._count()
            took = time.monotonic() - started
            good_for = took * self._link.tuning.count_reuse if took >= _COSTLY else 0.0
            self._counted = (time.monotonic() + good_for, by_state)
        oldest: dict[str, int] = {}
        for flow in sorted({flow for flow, state in by_state if state is State.PENDING}):
            first = await self._oldest(flow)
            if first is not None and first <= now:
                oldest[flow] = first
        return Counts(dict(by_state), oldest)

    async def _count(self) -> dict[tuple[str, State], int]:
        async def run(again: bool) -> dict[tuple[str, State], int]:
            found = await self._jobs.aggregate(
                [{"$group": {"_id": {"flow": "$flow", "state": "$state"}, "n": {"$sum": 1}}}], hint="counts"
            )
            return {(one["_id"]["flow"], State(one["_id"]["state"])): int(one["n"]) async for one in found}

        return await self._link.do(run)

    async def _oldest(self, flow: str) -> int | None:
        async def run(again: bool) -> Document | None:
            where = {"flow": flow, "state": State.PENDING.value}
            return await self._jobs.find_one(where, {"_id": 0, "runAt": 1}, sort=[("runAt", 1)])

        found = await self._link.do(run)
        return None if found is None else int(found["runAt"])

    async def overdue(self, now: int, limit: int) -> Sequence[Job]:
        async def run(again: bool) -> list[Document]:
            return await self._jobs.find({"dueAt": {"$lte": now}}).sort("dueAt", 1).limit(limit).to_list()

        return [documents.to_job(one) for one in await self._link.do(run)]

    async def workers(self, seen_after: int) -> Sequence[Worker]:
        async def run(again: bool) -> list[Document]:
            return await self._workers.find({"seenAt": {"$gte": seen_after}}).sort("_id", 1).to_list()

        return [
            Worker(one["_id"], one["name"], tuple(one["flows"]), one["running"], one["startedAt"], one["seenAt"])
            for one in await self._link.do(run)
        ]


def pattern(text: str) -> str:
    """A regular expression for the text as it stands. A NUL would end the expression, so it is written as an escape."""
    return "".join(
        c if c.isalnum() or c == " " or ord(c) > 127 else "\\x00" if c == "\0" else f"\\x{ord(c):02x}" for c in text
    )
