"""Endpoints of webhooks and their deliveries, one document each.

MongoDB writes one document at a time: the notices of an end are stored in the document of its job or batch, in the same
update (docs/decisions/webhooks.md). ``relay`` copies them to the collection of deliveries and then takes them out of
there; both steps may be repeated, so a crash in between loses and doubles nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from job_processor.core.webhooks import Delivery, DeliveryState, Endpoint
from job_processor.failpoints import failpoint
from job_processor.store.base.webhooks import DeliveryQuery
from job_processor.store.mongo.client import Collection, Document, Link
from job_processor.store.mongo.documents import named, new_write_id

_ENDPOINT = {name: named(name) for name in Endpoint.__dataclass_fields__}
_DELIVERY = {name: named(name) for name in Delivery.__dataclass_fields__}
_LISTED = {there: 1 for name, there in _DELIVERY.items() if name != "body"}
_PENDING = DeliveryState.PENDING.value
_OTHER_BYTES = 400
"""Estimated bytes of a notice without its body and its URL."""
NOTICES, MARK = "notices", "noticesMark"
"""Fields of a job's or batch's document: its notices that are not relayed yet, and the mark of the last write that
added some.

The notices of one end are one element: the body that they share, and the other fields of each. A copy of the body for
each of many endpoints could exceed MongoDB's maximum size of a document, and the job could never end.
"""


def noted(update: Document, notices: Sequence[Delivery], write_id: str) -> Document:
    """The update of a move, with its notices."""
    if notices:
        update["$push"] |= {NOTICES: {"$each": kept(notices)}}
        update["$set"] |= {MARK: write_id}
    return update


def kept(notices: Sequence[Delivery]) -> list[Document]:
    """The elements of NOTICES."""
    return [_shared(*both) for both in _by_body(notices).items()]


def size_of(notices: Sequence[Delivery]) -> int:
    """Estimated bytes that ``noted`` adds to an update."""
    return sum(len(body) + sum(_OTHER_BYTES + len(one.url) for one in each) for body, each in _by_body(notices).items())


def _by_body(notices: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for one in notices:
        found.setdefault(one.body, []).append(one)
    return found


def _shared(body: str, notices: Sequence[Delivery]) -> Document:
    return {"body": body, "each": [document(replace(one, body="")) for one in notices]}


def _single(noted_there: Sequence[Document]) -> list[Document]:
    return [{**one, "body": together["body"]} for together in noted_there for one in together["each"]]


class Webhooks:
    def __init__(self, link: Link, now: Callable[[], int]) -> None:
        self._link = link
        self._now = now
        self._jobs = link.collection("jobs")
        self._batches = link.collection("batches")
        self._endpoints = link.collection("webhookEndpoints")
        self._deliveries = link.collection("deliveries")

    async def webhook_endpoints(self) -> Sequence[Endpoint]:
        async def run(again: bool) -> list[Document]:
            return await self._endpoints.find({}).sort("_id", 1).to_list()

        return [
            msgspec.convert({name: one[there] for name, there in _ENDPOINT.items() if there in one}, Endpoint)
            for one in await self._link.read(run)
        ]

    async def save_webhook_endpoint(self, endpoint: Endpoint) -> bool:
        values: Document = msgspec.to_builtins(replace(endpoint, rev=endpoint.rev + 1))
        fields: Document = {_ENDPOINT[name]: value for name, value in values.items() if name != "id"}
        # The mark of this write: after a lost reply it tells whether it was applied.
        fields["write"] = new_write_id()
        mine = {"_id": endpoint.id, "write": fields["write"]}

        async def insert(again: bool) -> bool:
            try:
                await self._endpoints.insert_one({"_id": endpoint.id, **fields})
            except DuplicateKeyError:
                return await self._endpoints.find_one(mine, {"_id": 1}) is not None
            return True

        async def change(again: bool) -> bool:
            result = await self._endpoints.update_one({"_id": endpoint.id, "rev": endpoint.rev}, {"$set": fields})
            return result.matched_count == 1 or await self._endpoints.find_one(mine, {"_id": 1}) is not None

        return await self._link.do(insert if endpoint.rev == 0 else change)

    async def delete_webhook_endpoint(self, endpoint_id: str) -> bool:
        async def run(again: bool) -> bool:
            # After a lost reply the endpoint is gone; this delete counts as the one that removed it.
            return (await self._endpoints.delete_one({"_id": endpoint_id})).deleted_count == 1 or again

        return await self._link.do(run)

    async def insert(self, documents: Sequence[Document]) -> None:
        """Store deliveries; those that are there already stay as they are."""
        writes = [
            UpdateOne({"_id": one["_id"]}, {"$setOnInsert": {k: v for k, v in one.items() if k != "_id"}}, upsert=True)
            for one in documents
        ]
        if writes:
            await self._link.do(lambda again: self._deliveries.bulk_write(writes, ordered=False))

    async def relay_notices(self, limit: int) -> int:
        found = 0
        for holders in (self._jobs, self._batches):

            async def find(again: bool, holders: Collection = holders) -> list[Document]:
                # The marks are hex digits.
                return await holders.find({MARK: {"$gt": ""}}, {NOTICES: 1, MARK: 1}).limit(limit).to_list()

            held = await self._link.read(find)
            for one in held:
                await self._relay(holders, one)
            found = max(found, len(held))
        return found

    async def relay(self, job: Document) -> None:
        """``job``: its ``_id``, NOTICES and MARK, as read."""
        await self._relay(self._jobs, job)

    async def _relay(self, holders: Collection, one: Document) -> None:
        await self.insert(_single(one.get(NOTICES, ())))
        failpoint("mongo.before_notices_leave")
        # Not if the notice of another end was stored meanwhile: the next relay takes both.
        same = {"_id": one["_id"], MARK: one[MARK]}
        await self._link.do(lambda again: holders.update_one(same, {"$unset": {NOTICES: "", MARK: ""}}))

    async def due_lanes(self, after: str, limit: int) -> Sequence[str]:
        lanes: list[str] = []
        while len(lanes) < limit:
            where: Document = {"lane": {"$gt": after}, "nextAt": {"$lte": self._now()}, "state": _PENDING}

            async def run(again: bool, where: Document = where) -> Document | None:
                return await self._deliveries.find_one(where, {"_id": 0, "lane": 1}, sort=[("lane", 1), ("nextAt", 1)])

            found = await self._link.read(run)
            if found is None:
                break
            after = str(found["lane"])
            lanes.append(after)
        return lanes

    async def claim_deliveries(self, lane: str, limit: int, lease_ms: int) -> Sequence[Delivery]:
        at = self._now()
        due: Document = {"lane": lane, "nextAt": {"$lte": at}, "state": _PENDING}

        async def find(again: bool) -> list[Document]:
            return await self._deliveries.find(due).sort("nextAt", 1).limit(limit).to_list()

        claimed = []
        for one in [_delivery(found) for found in await self._link.read(find)]:
            held = replace(one, next_at=at + lease_ms)
            if await self.save_delivery(held):
                claimed.append(replace(held, rev=held.rev + 1))
        return claimed

    async def save_delivery(self, delivery: Delivery) -> bool:
        fields = document(replace(delivery, rev=delivery.rev + 1))
        gone = {there: "" for name, there in _DELIVERY.items() if getattr(delivery, name) is None}
        for fixed in ("_id", "body"):
            del fields[fixed]
        fields["write"] = new_write_id()
        update: Document = {"$set": fields} | ({"$unset": gone} if gone else {})
        mine = {"_id": delivery.id, "write": fields["write"]}

        async def run(again: bool) -> bool:
            result = await self._deliveries.update_one({"_id": delivery.id, "rev": delivery.rev}, update)
            return result.matched_count == 1 or (
                again and await self._deliveries.find_one(mine, {"_id": 1}) is not None
            )

        return await self._link.do(run)

    async def get_delivery(self, delivery_id: str, flows: frozenset[str] | None) -> Delivery | None:
        where: Document = {"_id": delivery_id}
        if flows is not None:
            where["flow"] = {"$in": sorted(flows)}
        found = await self._link.read(lambda again: self._deliveries.find_one(where))
        return None if found is None else _delivery(found)

    async def list_deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        where: Document = {}
        if query.before is not None:
            where["_id"] = {"$lt": query.before}
        if query.job_id is not None:
            where["jobId"] = query.job_id
        if query.endpoint_id is not None:
            where["endpointId"] = query.endpoint_id
        if query.flows is not None:
            where["flow"] = {"$in": sorted(query.flows)}
        if query.states:
            where["state"] = {"$in": sorted(state.value for state in query.states)}

        async def run(again: bool) -> list[Document]:
            return await self._deliveries.find(where, _LISTED).sort("_id", -1).limit(query.limit).to_list()

        return [_delivery({"body": "", **one}) for one in await self._link.read(run)]

    async def prune_deliveries(self, settled_before: int, limit: int) -> int:
        old = {"settledAt": {"$lt": settled_before}}

        async def run(again: bool) -> int:
            found = self._deliveries.find(old, {"_id": 1}).sort("settledAt", 1).limit(limit)
            ids = [one["_id"] async for one in found]
            # With the condition again: a delivery that was replayed meanwhile stays.
            return (await self._deliveries.delete_many({"_id": {"$in": ids}, **old})).deleted_count

        return await self._link.do(run)

    async def forget_job(self, job_id: str) -> None:
        """Delete the deliveries of a job, but not the pending ones."""
        where: Document = {"jobId": job_id, "state": {"$ne": _PENDING}}
        await self._link.do(lambda again: self._deliveries.delete_many(where))


def document(delivery: Delivery) -> Document:
    values: Document = msgspec.to_builtins(delivery)
    return {_DELIVERY[name]: value for name, value in values.items() if value is not None}


def _delivery(found: Document) -> Delivery:
    return msgspec.convert({name: found[there] for name, there in _DELIVERY.items() if there in found}, Delivery)
