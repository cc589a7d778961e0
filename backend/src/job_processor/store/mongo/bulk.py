"""Bulk actions, one document each. Objects whose keys clients choose are stored as JSON text."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from pymongo.errors import DuplicateKeyError

from job_processor.core.bulk import BulkAction
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import new_write_id

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BulkAction).decode


class Bulk:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._actions = link.collection("bulkActions")

    async def save_bulk_action(self, action: BulkAction) -> bool:
        # The mark of this write: after a lost reply it tells whether it was applied.
        fields: Document = {
            "rev": action.rev + 1,
            "open": action.is_open,
            "endedAt": action.ended_at,
            "write": new_write_id(),
            "action": _encode(replace(action, rev=action.rev + 1)).decode(),
        }
        mine = {"_id": action.id, "write": fields["write"]}

        keyed: Document = {} if action.key is None else {"key": action.key}

        async def insert(again: bool) -> bool:
            try:
                await self._actions.insert_one({"_id": action.id, **keyed, **fields})
            except DuplicateKeyError:
                return await self._actions.find_one(mine, {"_id": 1}) is not None
            return True

        async def change(again: bool) -> bool:
            result = await self._actions.update_one({"_id": action.id, "rev": action.rev}, {"$set": fields})
            return result.matched_count == 1 or await self._actions.find_one(mine, {"_id": 1}) is not None

        return await self._link.do(insert if action.rev == 0 else change)

    async def get_bulk_action(self, action_id: str) -> BulkAction | None:
        found = await self._link.read(lambda again: self._actions.find_one({"_id": action_id}))
        return None if found is None else _action(found)

    async def bulk_action_of_key(self, key: str) -> BulkAction | None:
        found = await self._link.read(lambda again: self._actions.find_one({"key": key}))
        return None if found is None else _action(found)

    async def open_bulk_actions(self) -> Sequence[BulkAction]:
        async def run(again: bool) -> list[Document]:
            return await self._actions.find({"open": True}).sort("_id", 1).to_list()

        return [_action(one) for one in await self._link.read(run)]

    async def list_bulk_actions(self, limit: int, before: str | None) -> Sequence[BulkAction]:
        where: Document = {} if before is None else {"_id": {"$lt": before}}

        async def run(again: bool) -> list[Document]:
            return await self._actions.find(where).sort("_id", -1).limit(limit).to_list()

        return [_action(one) for one in await self._link.read(run)]

    async def prune_bulk_actions(self, ended_before: int, limit: int) -> int:
        old = {"endedAt": {"$lt": ended_before}}

        async def run(again: bool) -> int:
            ids = [one["_id"] async for one in self._actions.find(old, {"_id": 1}).sort("endedAt", 1).limit(limit)]
            return (await self._actions.delete_many({"_id": {"$in": ids}})).deleted_count

        return await self._link.do(run)


def _action(document: Document) -> BulkAction:
    return _decode(str(document["action"]).encode())
