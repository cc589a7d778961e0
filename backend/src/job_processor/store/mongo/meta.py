"""The format of the data, and a check that the server supports every command of the driver, made once per server.

Some services speak the protocol of MongoDB and report a version of it, but lack features. So when a database is opened
on a server for the first time, each kind of command that the driver uses is tried on one scratch document.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from pymongo.errors import OperationFailure

from job_processor.core.errors import StoreRefused
from job_processor.store.mongo.client import Collection, Document, Link, is_transient

FORMAT = 2
"""Format of the data. 1: idempotency keys are inside jobs. 2: in a collection of their own."""
OLDEST_READER = 1
"""The oldest format whose programs can read data of this one."""
_ID = "format"
_SEARCHABLE = "searchable"
_BEHIND_ALL = "g"
"""Greater than every id."""


async def examine(link: Link, server: str) -> str:
    """``server``: product and version. Returns the smallest id from which on all jobs have the fields of searches;
    empty: all jobs have them. Raises ``StoreRefused`` for data of a newer version, or a server that lacks a feature."""
    meta = link.collection("meta")
    found = await _read(link)
    if found is None or found.get("probed") != server:
        await _probe(link, meta, server)
    if found is None or (found.get("format"), found.get("probed")) != (FORMAT, server):
        update: Document = {"$max": {"format": FORMAT, "oldestReader": OLDEST_READER}, "$set": {"probed": server}}
        if found is None:
            update["$setOnInsert"] = {_SEARCHABLE: ""}
        await link.do(lambda again: meta.update_one({"_id": _ID}, update, upsert=True))
    return "" if found is None else str(found.get(_SEARCHABLE, _BEHIND_ALL))


async def remember_searchable(link: Link, begin: str) -> None:
    """Store that all jobs with the id ``begin`` or a greater one have the fields of searches; empty: all jobs."""
    update: Document = {"$min": {_SEARCHABLE: begin}}
    await link.do(lambda again: link.collection("meta").update_one({"_id": _ID}, update))


async def knows(link: Link, server: str) -> bool:
    """Whether the database was opened on this server before. Writes nothing. Raises ``StoreRefused`` for data of a
    newer version."""
    found = await _read(link)
    return found is not None and found.get("probed") == server


async def _read(link: Link) -> Document | None:
    found = await link.do(lambda again: link.collection("meta").find_one({"_id": _ID}))
    if found is not None and found.get("oldestReader", 0) > FORMAT:
        raise StoreRefused(
            f"The database was written by a newer version (format {found.get('format')}); "
            f"this one reads up to {FORMAT}."
        )
    return found


async def _probe(link: Link, meta: Collection, server: str) -> None:
    # A separate scratch document a process, because several may start at the same time.
    where = {"_id": f"scratch-{secrets.token_hex(8)}"}
    renewal = [{"$set": {"until": {"$min": [5, {"$ifNull": ["$deadline", 9]}]}}}]
    steps: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        (
            "upserts with $setOnInsert and $currentDate",
            lambda: meta.update_one(
                where, {"$setOnInsert": {"text": "äbc"}, "$currentDate": {"at": True}}, upsert=True
            ),
        ),
        ("$push with $slice", lambda: meta.update_one(where, {"$push": {"marks": {"$each": ["m"], "$slice": -2}}})),
        ("updates by pipeline, with $min and $ifNull", lambda: meta.update_one(where, renewal)),
        ("projections with $substrCP", lambda: meta.find_one(where, {"text": {"$substrCP": ["$text", 0, 2]}})),
    ]
    for name, step in steps:

        async def run(again: bool, step: Callable[[], Awaitable[Any]] = step) -> tuple[bool, Any]:
            try:
                return True, await step()
            except OperationFailure as error:
                if is_transient(error) or error.code in (13, 18):
                    raise
                return False, None

        worked, answer = await link.do(run)
        if not worked:
            raise StoreRefused(f"{server} cannot be used: it has no {name}. MongoDB 7.0 or newer has.")
    if not isinstance(answer, dict) or answer.get("text") != "äb":
        raise StoreRefused(f"{server} cannot be used: its projections with $substrCP are not MongoDB's.")
    await link.do(lambda again: meta.delete_one(where))
