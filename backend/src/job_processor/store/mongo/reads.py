"""The reads, all with read concern `majority`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from job_processor.core.job import Job, State
from job_processor.store.base import GroupBy, Grouped, Query, Summary, WaitingQuery, Worker
from job_processor.store.base.groups import MAX_GROUPS, Member, grouped
from job_processor.store.mongo import documents
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.conditions import conditions

_SAME_EXECUTION = 100
_STATES = frozenset(state.value for state in State)


def _one(value: object) -> tuple[str, ...]:
    return (str(value),)


def _if_any(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def _each(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, values)))


_GROUPED: Mapping[GroupBy, tuple[str, Callable[[Any], tuple[str, ...]]]] = {
    GroupBy.FLOW: ("flow", _one),
    GroupBy.TAG: ("tags", _each),
    GroupBy.ERROR: ("record.error.code", _one),
    GroupBy.VERDICT: ("record.verdict.kind", _one),
    GroupBy.KEY: ("record.key", _if_any),
}


class Reads:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._jobs = link.collection("jobs")
        self._keys = link.collection("keys")
        self._workers = link.collection("workers")

    async def get(self, job_id: str, flows: frozenset[str] | None) -> Job | None:
        where: Document = {"_id": job_id} if flows is None else {"_id": job_id, "flow": {"$in": sorted(flows)}}
        found = await self._link.read(lambda again: self._jobs.find_one(where))
        return None if found is None else next(iter(documents.each([found], documents.to_job)), None)

    async def find_execution(self, execution_id: str, flows: frozenset[str] | None) -> str | None:
        where: Document = {"executionId": execution_id}

        async def run(again: bool) -> list[Document]:
            # Several jobs match if several processors use the same execution ids.
            return await self._jobs.find(where, {"flow": 1, "via": 1}).limit(_SAME_EXECUTION).to_list()

        found = await self._link.read(run)
        theirs = [str(one["_id"]) for one in found if flows is None or one.get("via", one["flow"]) in flows]
        return theirs[0] if len(theirs) == 1 else None

    async def count_waiting(self, owner: str, most: int) -> int:
        where = {"waitingOf": owner}

        async def run(hint: str | None) -> int:
            options: Document = {} if hint is None else {"hint": hint}
            return await self._jobs.count_documents(where, limit=most, **options)

        return await self._link.hinted(run, "waiting_of")

    async def list(self, query: Query) -> Sequence[Summary]:
        where = await self._conditions(query)

        row = documents.of_a_row(query.clip if query.texts else None)

        async def run(again: bool) -> list[Document]:
            found = self._jobs.find(where, row).sort("_id", -1).limit(query.limit)
            return await found.to_list()

        return documents.each(await self._link.read(run), documents.to_summary)

    async def count(self, query: Query) -> int:
        where = await self._conditions(query)

        async def run(again: bool) -> int:
            return await self._jobs.count_documents(where, limit=query.limit)

        return await self._link.read(run)

    async def count_by_state(self, query: Query) -> dict[State, int]:
        stages: Sequence[Document] = [{"$limit": query.limit}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}]
        found = await self._aggregated(query, stages)
        return {State(one["_id"]): int(one["n"]) for one in found if one["_id"] in _STATES}

    async def groups(self, query: Query, by: GroupBy) -> Grouped:
        """Groups are formed in this process: only a few bytes of each job are read."""
        path, has = _GROUPED[by]
        # By key, jobs without one are read too: else, if few jobs have a key, all jobs would be read to find them.
        have: Sequence[Document] = () if by is GroupBy.KEY else ({"$match": {path: {"$exists": True}}},)
        at: Document = {"$ifNull": ["$finishedAt", "$createdAt"]}
        stages: Sequence[Document] = [
            *have,
            {"$sort": {"_id": -1}},
            {"$limit": query.limit + 1},
            {"$project": {"flow": 1, "costMicros": 1, "at": at, "value": f"${path}"}},
        ]
        found = await self._aggregated(query, stages)
        members = (
            Member(one["_id"], one["flow"], one["at"], has(one.get("value")), one.get("costMicros")) for one in found
        )
        return grouped(members, by, query.limit, MAX_GROUPS)

    async def _aggregated(self, query: Query, stages: Sequence[Document]) -> Sequence[Document]:
        where = await self._conditions(query)

        async def run(again: bool) -> Sequence[Document]:
            return await (await self._jobs.aggregate([{"$match": where}, *stages])).to_list()

        return await self._link.read(run)

    async def _conditions(self, query: Query) -> Document:
        if query.idempotency_key is None:
            return conditions(query)
        key = query.idempotency_key
        found = await self._link.read(lambda again: self._keys.find_one({"_id": key}))
        return conditions(query, frozenset() if found is None else frozenset({str(found["job"])}))

    async def list_waiting(self, which: WaitingQuery, now: int) -> Sequence[Job]:
        where: Document = {"state": State.WAITING.value}
        if which.lost_before is None:
            where["dueAt"] = {"$lte": now}
        else:
            # Documents of older versions have no heardAt.
            unheard = [{"heardAt": None}, {"heardAt": {"$lt": which.lost_before}}]
            where["$or"] = [{"dueAt": {"$lte": now}}, *unheard]
        order = "heardAt" if which.oldest else "dueAt"

        found: list[Document] = []
        for whose in ({"flow": which.flow, "via": None}, {"via": which.flow}):

            async def run(again: bool, whose: Document = whose) -> list[Document]:
                return await documents.page(self._jobs.find({**whose, **where}).sort(order, 1).limit(which.limit))

            found += await self._link.read(run)
        found.sort(key=lambda one: int(one.get(order, 0)))
        return documents.each(found[: which.limit], documents.to_job)

    async def overdue(self, now: int, limit: int, but: frozenset[str]) -> Sequence[Job]:
        """Longest overdue first, until the texts fill a page.

        After an outage, leases that ended in it are left alone for a while, because their workers could not renew them.
        """
        where: Document = {"dueAt": {"$lte": now}}
        if but:
            in_time = [{"deadline": None}, {"deadline": {"$gt": now}}]
            asked: Document = {"state": State.WAITING.value, "$or": in_time}
            theirs: Document = {"$in": sorted(but)}
            where["$nor"] = [{**asked, "flow": theirs, "via": None}, {**asked, "via": theirs}]
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
