"""API keys and sessions, one document each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from job_processor.core.access import ApiKey, Session
from job_processor.store.mongo.client import Collection as Stored
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import named, new_write_id

_KEY = {name: named(name) for name in ApiKey.__dataclass_fields__}
_SESSION = {name: named(name) for name in Session.__dataclass_fields__}


class Access:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._keys = link.collection("apiKeys")
        self._sessions = link.collection("sessions")

    async def api_keys(self) -> Sequence[ApiKey]:
        async def run(again: bool) -> list[Document]:
            return await self._keys.find({}).sort("_id", 1).to_list()

        return [
            msgspec.convert({name: one[there] for name, there in _KEY.items() if there in one}, ApiKey)
            for one in await self._link.read(run)
        ]

    async def save_api_key(self, key: ApiKey) -> bool:
        values: Document = msgspec.to_builtins(replace(key, rev=key.rev + 1))
        fields: Document = {_KEY[name]: value for name, value in values.items() if name != "id"}
        # The mark of this write: after a lost reply it tells whether it was applied.
        fields |= {"endedAt": key.ended_at, "write": new_write_id()}
        mine = {"_id": key.id, "write": fields["write"]}

        async def insert(again: bool) -> bool:
            try:
                await self._keys.insert_one({"_id": key.id, **fields})
            except DuplicateKeyError:
                return await self._keys.find_one(mine, {"_id": 1}) is not None
            return True

        async def change(again: bool) -> bool:
            changing = {name: value for name, value in fields.items() if name != "lastUsedAt"}
            result = await self._keys.update_one({"_id": key.id, "rev": key.rev}, {"$set": changing})
            return result.matched_count == 1 or await self._keys.find_one(mine, {"_id": 1}) is not None

        return await self._link.do(insert if key.rev == 0 else change)

    async def mark_keys_used(self, times: Mapping[str, int]) -> None:
        await self._raise(self._keys, "lastUsedAt", times)

    async def prune_api_keys(self, ended_before: int) -> int:
        where = {"endedAt": {"$lt": ended_before}}
        return (await self._link.do(lambda again: self._keys.delete_many(where))).deleted_count

    async def add_session(self, session: Session) -> None:
        values: Document = msgspec.to_builtins(session)
        fields: Document = {_SESSION[name]: value for name, value in values.items() if name != "id"}
        fields["whose"] = session.holder
        update = {"$setOnInsert": fields}
        await self._link.do(lambda again: self._sessions.update_one({"_id": session.id}, update, upsert=True))

    async def sessions(self, ids: Collection[str]) -> Sequence[Session]:
        where = {"_id": {"$in": sorted(ids)}}
        return [_session(one) for one in await self._link.read(lambda again: self._sessions.find(where).to_list())]

    async def sessions_of(self, whose: str | None, limit: int) -> Sequence[Session]:
        where: Document = {} if whose is None else {"whose": whose}

        async def run(again: bool) -> list[Document]:
            return await self._sessions.find(where).sort("createdAt", -1).limit(limit).to_list()

        return [_session(one) for one in await self._link.read(run)]

    async def mark_sessions_seen(self, times: Mapping[str, int]) -> None:
        await self._raise(self._sessions, "seenAt", times)

    async def end_sessions(self, ids: Collection[str]) -> None:
        where = {"_id": {"$in": sorted(ids)}}
        await self._link.do(lambda again: self._sessions.delete_many(where))

    async def prune_sessions(self, seen_before: int, now: int) -> int:
        where = {"$or": [{"expiresAt": {"$lte": now}}, {"seenAt": {"$lt": seen_before}}]}
        return (await self._link.do(lambda again: self._sessions.delete_many(where))).deleted_count

    async def _raise(self, stored: Stored, field: str, times: Mapping[str, int]) -> None:
        writes = [UpdateOne({"_id": id_}, {"$max": {field: at}}) for id_, at in times.items()]
        if writes:
            await self._link.do(lambda again: stored.bulk_write(writes, ordered=False))


def _session(document: Document) -> Session:
    return msgspec.convert({name: document[there] for name, there in _SESSION.items() if there in document}, Session)
