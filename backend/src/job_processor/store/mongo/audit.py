"""The audit, one document an entry.

MongoDB writes one document at a time: an entry is stored before its act, with the outcome ``unknown``, and settled
after it. A process that dies in between leaves an entry with an unknown outcome, and never an act without an entry.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec
from pymongo import UpdateOne

from job_processor.core.audit import AuditEntry, AuditOutcome
from job_processor.store.base import AuditQuery
from job_processor.store.base.audit import id_bounds
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import named

T = TypeVar("T")
_NAMES = {name: named(name) for name in AuditEntry.__dataclass_fields__}


class Audit:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._audit = link.collection("audit")

    async def around(
        self, entry: AuditEntry | None, write: Callable[[], Awaitable[T]], written: Callable[[T], bool] = bool
    ) -> T:
        """The result of ``write``, with the entry stored if it wrote something."""
        if entry is None:
            return await write()
        await self.record([replace(entry, outcome=AuditOutcome.UNKNOWN)])
        done = await write()
        same = {"_id": entry.id}
        if written(done):
            outcome = {"$set": {"outcome": entry.outcome.value}}
            await self._link.do(lambda again: self._audit.update_one(same, outcome))
        else:
            await self._link.do(lambda again: self._audit.delete_one(same))
        return done

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        writes = [UpdateOne({"_id": one.id}, {"$setOnInsert": _document(one)}, upsert=True) for one in entries]
        if writes:
            await self._link.do(lambda again: self._audit.bulk_write(writes, ordered=False))

    async def list(self, query: AuditQuery) -> Sequence[AuditEntry]:
        first, end = id_bounds(query)
        where: Document = {}
        for name, bounds in (
            ("_id", {"$gte": first, "$lt": end}),
            ("at", {"$gte": query.since, "$lt": query.until}),
            ("who", {"$eq": query.who}),
            ("what", {"$eq": query.what}),
            ("act", {"$in": sorted(one.value for one in query.acts) or None}),
            ("outcome", {"$in": sorted(one.value for one in query.outcomes) or None}),
        ):
            given = {operator: value for operator, value in bounds.items() if value is not None}
            if given:
                where[name] = given

        async def run(again: bool) -> list[Document]:
            return await self._audit.find(where).sort("_id", -1).limit(query.limit).to_list()

        return [_entry(one) for one in await self._link.read(run)]

    async def prune(self, before: int, limit: int) -> int:
        async def run(again: bool) -> int:
            # In the order of their ids, which carry their time.
            ids = [one["_id"] async for one in self._audit.find({}, {"_id": 1}).sort("_id", 1).limit(limit)]
            return (await self._audit.delete_many({"_id": {"$in": ids}, "at": {"$lt": before}})).deleted_count

        return await self._link.do(run)


def _document(entry: AuditEntry) -> Document:
    values: Document = msgspec.to_builtins(entry)
    return {_NAMES[name]: value for name, value in values.items() if name != "id"}


def _entry(document: Document) -> AuditEntry:
    return msgspec.convert({name: document.get(there) for name, there in _NAMES.items()}, AuditEntry)
