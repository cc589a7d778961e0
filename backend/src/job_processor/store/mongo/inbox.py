"""Kept callbacks, one document each."""

from collections.abc import Mapping, Sequence

from pymongo.errors import DuplicateKeyError

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import StoreUnavailable
from job_processor.core.inbox import (
    FINAL_VERDICTS,
    MAX_COUNTED,
    MAX_KEPT_PER_JOB,
    MAX_KEPT_WITHOUT_JOB,
    REJECTABLE_VERDICTS,
    Callback,
)
from job_processor.store.base import CallbackSummary, InboxQuery
from job_processor.store.callback_fields import LISTED, NAMES, callback_of
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import named

_REJECTABLE = sorted(verdict.value for verdict in REJECTABLE_VERDICTS)
_SETTLED = sorted(verdict.value for verdict in FINAL_VERDICTS)


class Inbox:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._callbacks = link.collection("callbacks")

    async def keep_callback(self, callback: Callback, limited: bool) -> str | None:
        """Count a known callback once more, or insert a new one. After a lost reply a delivery may be counted twice."""
        settled: Document = {"$cond": [{"$in": ["$verdict", _SETTLED]}, "$verdict", callback.verdict.value]}
        again_here: Document = {
            "deliveries": {"$add": ["$deliveries", 1]},
            "lastAt": {"$max": ["$lastAt", callback.last_at]},
            "verdict": settled,
        }

        async def run(again: bool) -> str | None:
            for _ in range(2):
                # Two commands: PyMongo 4.20 fails on a findAndModify whose write concern was not reached.
                same = {"mark": callback.mark}
                if (await self._callbacks.update_one(same, [{"$set": again_here}])).matched_count == 1:
                    known = await self._callbacks.find_one(same, {"_id": 1})
                    if known is not None:
                        return str(known["_id"])
                if limited and not await self._has_room(callback):
                    return None
                try:
                    await self._callbacks.insert_one(_document(callback))
                except DuplicateKeyError:
                    # Another delivery of the same callback was inserted first.
                    continue
                return callback.id
            raise StoreUnavailable("The callback is deleted and stored again faster than it can be counted.")

        return await self._link.do(run)

    async def _has_room(self, callback: Callback) -> bool:
        """Whether another callback may be kept. Concurrent callbacks may all pass, so a few too many may be kept."""
        if callback.is_about_a_job:
            return await self._callbacks.count_documents({"jobId": callback.job_id}) < MAX_KEPT_PER_JOB
        same: Document = {"verdict": callback.verdict.value}
        if callback.verdict is not CallbackVerdict.UNKNOWN:
            same["jobId"] = None
        beyond = self._callbacks.find(same, {"_id": 1}).sort("_id", -1).skip(MAX_KEPT_WITHOUT_JOB - 1)
        oldest = [one["_id"] async for one in beyond]
        if oldest:
            await self._callbacks.delete_many({"_id": {"$in": oldest}})
        return True

    async def get_callback(self, callback_id: str, flows: frozenset[str] | None) -> Callback | None:
        where: Document = {"_id": callback_id}
        if flows is not None:
            where["jobFlow"] = {"$in": sorted(flows)}
        found = await self._link.read(lambda again: self._callbacks.find_one(where))
        return None if found is None else _callback(found)

    async def list(self, query: InboxQuery) -> Sequence[CallbackSummary]:
        where: Document = {}
        if query.before is not None:
            where["_id"] = {"$lt": query.before}
        if query.job_id is not None:
            where["jobId"] = query.job_id
        if query.execution_id is not None:
            where["executionId"] = query.execution_id
        if query.flows is not None:
            where["jobFlow"] = {"$in": sorted(query.flows)}
        if query.verdicts:
            where["verdict"] = {"$in": sorted(verdict.value for verdict in query.verdicts)}
        fields = dict.fromkeys(_FIELDS, 1) | {"content": {"$substrCP": ["$content", 0, query.clip]}}

        async def run(again: bool) -> list[Document]:
            return await self._callbacks.find(where, fields).sort("_id", -1).limit(query.limit).to_list()

        return [
            CallbackSummary(_callback(one), one["contentBytes"], one.get("bodyBytes"))
            for one in await self._link.read(run)
        ]

    async def set_callback_verdict(
        self, callback_id: str, verdict: CallbackVerdict, job_id: str, job_flow: str | None
    ) -> None:
        fields = {"verdict": verdict.value, "jobId": job_id}
        update = {"$set": fields if job_flow is None else {**fields, "jobFlow": job_flow}}
        await self._link.do(lambda again: self._callbacks.update_one({"_id": callback_id}, update))

    async def reject_callback(self, callback_id: str) -> bool:
        """After a lost reply ``False`` may mean that it was written."""
        where = {"_id": callback_id, "verdict": {"$in": _REJECTABLE}}
        update = {"$set": {"verdict": CallbackVerdict.REJECTED.value}}
        written = await self._link.do(lambda again: self._callbacks.update_one(where, update))
        return written.matched_count == 1

    async def count(self, flows: frozenset[str] | None) -> Mapping[CallbackVerdict, int]:
        of_flows: list[Document] = [] if flows is None else [{"$match": {"jobFlow": {"$in": sorted(flows)}}}]

        async def run(again: bool) -> dict[CallbackVerdict, int]:
            counts = {}
            for verdict in CallbackVerdict:
                newest: list[Document] = [
                    {"$match": {"verdict": verdict.value}},
                    {"$sort": {"_id": -1}},
                    {"$limit": MAX_COUNTED},
                ]
                found = await self._callbacks.aggregate([*newest, *of_flows, {"$count": "n"}])
                counts[verdict] = sum([one["n"] async for one in found])
            return counts

        return await self._link.read(run)

    async def prune_callbacks(self, last_before: int, limit: int) -> int:
        old = {"lastAt": {"$lt": last_before}}

        async def run(again: bool) -> int:
            found = self._callbacks.find(old, {"_id": 1}).sort("lastAt", 1).limit(limit)
            ids = [one["_id"] async for one in found]
            # With the condition again: a callback that was delivered again meanwhile stays.
            return (await self._callbacks.delete_many({"_id": {"$in": ids}, **old})).deleted_count

        return await self._link.do(run)


_NAMES = {name: named(name) for name in NAMES}
_OPTIONAL = ("execution_id", "content_type", "flow", "job_flow", "body")
"""Fields that a document lacks when they are empty."""

_FIELDS = (*(_NAMES[name] for name in LISTED), "contentBytes", "bodyBytes")


def _document(callback: Callback) -> Document:
    values = {name: getattr(callback, name) for name in NAMES}
    document: Document = {
        _NAMES[name]: value for name, value in values.items() if not (name in _OPTIONAL and value is None)
    }
    document |= {"mark": callback.mark, "verdict": callback.verdict.value, "said": callback.said.value}
    document["contentBytes"] = len(callback.content.encode())
    if callback.body is None:
        del document["bodyCut"]
    else:
        document["bodyBytes"] = len(callback.body)
    return document


def _callback(document: Document) -> Callback:
    return callback_of({name: document[there] for name, there in _NAMES.items() if there in document})
