"""Every index, by name, with its purpose. ``create`` makes the missing ones; ``missing`` only lists them."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import OperationFailure, PyMongoError

from job_processor.core.errors import StoreRefused
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.errors import translate

_log = logging.getLogger(__name__)
_CONFLICTS = frozenset({67, 85, 86})
"""CannotCreateIndex, IndexOptionsConflict, IndexKeySpecsConflict."""

_JOBS = [
    # claim: the head of a flow's queue, key by key, without jobs that are not due.
    IndexModel(
        [
            *(("flow", ASCENDING), ("priority", DESCENDING), ("keyHash", ASCENDING), ("runAt", ASCENDING)),
            ("_id", ASCENDING),
        ],
        name="turns",
        partialFilterExpression={"ready": 1},
    ),
    # claim: jobs that have come due, and when the next one does.
    IndexModel([("flow", ASCENDING), ("runAt", ASCENDING)], name="future", partialFilterExpression={"ready": 0}),
    # claim of a flow with a limit: its leases and their keys, by a covered query.
    IndexModel(
        [("flow", ASCENDING), ("token", ASCENDING), ("keyHash", ASCENDING)],
        name="leases",
        partialFilterExpression={"token": {"$exists": True}},
    ),
    # claim of a flow with a limit, counts, list_waiting: jobs that fell back, by a covered query.
    IndexModel(
        [("via", ASCENDING), ("flow", ASCENDING), ("token", ASCENDING), ("keyHash", ASCENDING)],
        name="fallen_back",
        partialFilterExpression={"via": {"$exists": True}},
    ),
    # overdue.
    IndexModel([("dueAt", ASCENDING)], name="due", sparse=True),
    # awaited.
    IndexModel(
        [("flow", ASCENDING), ("dueAt", ASCENDING)], name="awaited", partialFilterExpression={"state": "WAITING"}
    ),
    # prune: jobs of no batch.
    IndexModel(
        [("batchId", ASCENDING), ("finishedAt", ASCENDING)],
        name="prunable",
        partialFilterExpression={"finishedAt": {"$exists": True}},
    ),
    # count_batches, by a covered query.
    IndexModel(
        [("batchId", ASCENDING), ("state", ASCENDING), ("finishedAt", ASCENDING), ("costMicros", ASCENDING)],
        name="batch_cost",
        partialFilterExpression={"batchId": {"$exists": True}},
    ),
    # count_waiting, by a covered query.
    IndexModel([("waitingOf", ASCENDING)], name="waiting_of", sparse=True),
    # find_execution.
    IndexModel([("executionId", ASCENDING)], name="execution", sparse=True),
    # list, by each of its filters, newest first.
    IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="state"),
    IndexModel([("flow", ASCENDING), ("_id", DESCENDING)], name="flow"),
    IndexModel([("tags", ASCENDING), ("_id", DESCENDING)], name="tags", sparse=True),
    # list, by what else a job has, and by words.
    IndexModel([("facets", ASCENDING), ("_id", DESCENDING)], name="facets", sparse=True),
    IndexModel([("words", ASCENDING), ("_id", DESCENDING)], name="words", sparse=True),
    # counts, by a covered query; and the oldest PENDING job of a flow.
    IndexModel([("flow", ASCENDING), ("state", ASCENDING), ("runAt", ASCENDING)], name="counts"),
    # since.
    IndexModel([("changedAt", ASCENDING)], name="changed"),
    # relay_notices: few jobs at any time.
    IndexModel([("noticesMark", ASCENDING)], name="notices", sparse=True),
    # roll_up_series: few jobs at any time.
    IndexModel([("talliesMark", ASCENDING)], name="tallies", sparse=True),
]
EMBEDDED_KEY = "key"
"""The unique index of idempotency keys inside jobs, which format 1 used. It is no longer made, and not dropped:
processes of an older version may be running."""
_CALLBACKS = [
    # keep: a mark is unique.
    IndexModel([("mark", ASCENDING)], name="mark", unique=True),
    # inbox, by each of its filters, newest first.
    IndexModel([("jobId", ASCENDING), ("_id", DESCENDING)], name="job"),
    IndexModel([("verdict", ASCENDING), ("_id", DESCENDING)], name="verdict"),
    # inbox, of keys that are limited to flows.
    IndexModel([("jobFlow", ASCENDING), ("_id", DESCENDING)], name="flow", sparse=True),
    # A report that was received before the acceptance it belongs to.
    IndexModel([("executionId", ASCENDING)], name="execution", sparse=True),
    # forget.
    IndexModel([("lastAt", ASCENDING)], name="last"),
]
_SESSIONS = [
    # sessions of a key or person, newest first.
    IndexModel([("whose", ASCENDING), ("createdAt", DESCENDING)], name="whose"),
    IndexModel([("createdAt", DESCENDING)], name="newest"),
    # prune_sessions.
    IndexModel([("seenAt", ASCENDING)], name="seen"),
    IndexModel([("expiresAt", ASCENDING)], name="expires"),
]
_AUDIT = [
    # list_audit, by each of its filters, newest first.
    IndexModel([("act", ASCENDING), ("_id", DESCENDING)], name="act"),
    IndexModel([("who", ASCENDING), ("_id", DESCENDING)], name="who"),
    IndexModel([("what", ASCENDING), ("_id", DESCENDING)], name="what"),
]
_DELIVERIES = [
    # due_lanes, claim_deliveries.
    IndexModel([("lane", ASCENDING), ("nextAt", ASCENDING)], name="lane", partialFilterExpression={"state": "pending"}),
    # list_deliveries, by each of its filters, newest first.
    IndexModel([("jobId", ASCENDING), ("_id", DESCENDING)], name="job", sparse=True),
    IndexModel([("endpointId", ASCENDING), ("_id", DESCENDING)], name="endpoint", sparse=True),
    IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="state"),
    IndexModel([("flow", ASCENDING), ("_id", DESCENDING)], name="flow"),
    # prune_deliveries.
    IndexModel([("settledAt", ASCENDING)], name="settled", sparse=True),
]
_BULK_ACTIONS = [
    # save_bulk_action: a key is unique.
    IndexModel([("key", ASCENDING)], name="key", unique=True, sparse=True),
    # open_bulk_actions, which each process reads every second.
    IndexModel([("open", ASCENDING), ("_id", ASCENDING)], name="open"),
    # prune_bulk_actions.
    IndexModel([("endedAt", ASCENDING)], name="ended"),
]
_BATCHES = [
    # add_batch: a key is unique.
    IndexModel([("key", ASCENDING)], name="key", unique=True, sparse=True),
    # open_batches.
    IndexModel([("open", ASCENDING), ("_id", ASCENDING)], name="open", partialFilterExpression={"open": True}),
    # complete_batches.
    IndexModel([("chunks", ASCENDING)], name="chunks", sparse=True),
    # prune_batches.
    IndexModel([("pruneAt", ASCENDING)], name="prunable", sparse=True),
    # relay_notices.
    IndexModel([("noticesMark", ASCENDING)], name="notices", sparse=True),
]
_BATCH_CHUNKS = [
    # What is left to write of a batch, in order; and chunks of batches that were never stored.
    IndexModel([("batch", ASCENDING), ("_id", ASCENDING)], name="batch"),
    IndexModel([("at", ASCENDING)], name="at"),
]
_HOUR, _DAY = 3_600, 86_400


def wanted(keep_deletions: float) -> dict[str, list[IndexModel]]:
    """The indexes of each collection."""
    return {
        "jobs": _JOBS,
        "batches": _BATCHES,
        "batchChunks": _BATCH_CHUNKS,
        "callbacks": _CALLBACKS,
        "sessions": _SESSIONS,
        "audit": _AUDIT,
        "deliveries": _DELIVERIES,
        "bulkActions": _BULK_ACTIONS,
        "gone": [IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=2 * int(keep_deletions))],
        # A window that was last used so long ago is empty.
        "permits": [IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=_HOUR)],
        "workers": [IndexModel([("beatAt", ASCENDING)], name="beat", expireAfterSeconds=_DAY)],
    }


async def create(link: Link) -> bool:
    """Make the missing indexes, all of a collection in one pass over it, without a timeout.

    Sends nothing when none is missing. Returns whether jobs may contain idempotency keys themselves. Raises
    ``StoreRefused`` for an index that exists with another definition.
    """
    embedded_keys = False
    for name, models in wanted(link.tuning.keep_deletions).items():
        there = await _there(link, name)
        embedded_keys = embedded_keys or (name == "jobs" and EMBEDDED_KEY in there)
        if absent := [model for model in models if _name(model) not in there]:
            await _build(link, name, absent)
        _refuse_others(name, models, there)
    return embedded_keys


def _refuse_others(collection: str, models: list[IndexModel], there: Mapping[str, Document]) -> None:
    for model in models:
        found = there.get(_name(model))
        if found is not None and (difference := _difference(model, found)) is not None:
            raise StoreRefused(f"The index {collection}.{_name(model)} is not the one that is needed: {difference}")


async def _build(link: Link, collection: str, models: list[IndexModel]) -> None:
    called = ", ".join(f"{collection}.{_name(model)}" for model in models)
    _log.info("building %s", called)
    started = time.monotonic()
    try:
        await link.without_timeout(lambda: link.collection(collection).create_indexes(models))
    except OperationFailure as error:
        if error.code in _CONFLICTS:
            raise StoreRefused(
                f"Of the indexes {called} one cannot be made (code {error.code}): another index of the same fields is "
                "in its way and must be dropped, or the server is not MongoDB and has no such index."
            ) from None
        raise translate(error) from None
    except PyMongoError as error:
        raise translate(error) from None
    _log.info("built %s in %.1f s", called, time.monotonic() - started)


def _difference(model: IndexModel, found: Document) -> str | None:
    """How an index differs, and what to do; ``None``: it is as needed."""
    wanted_, there = _shape(model.document), _shape(found)
    expiry, its = wanted_.pop("expireAfterSeconds"), there.pop("expireAfterSeconds")
    if wanted_ != there:
        return "drop it, and the next start makes it."
    if expiry != its:
        return (
            f"its documents expire after {its} seconds, not {expiry}. Change it with the command collMod "
            f"(index: {{name, expireAfterSeconds: {expiry}}})."
        )
    return None


def _shape(document: Mapping[str, Any]) -> Document:
    """The options that define an index; others, such as its version, are set by the server."""
    return {
        "key": [(field, int(direction)) for field, direction in document["key"].items()],
        "unique": bool(document.get("unique", False)),
        "sparse": bool(document.get("sparse", False)),
        "partialFilterExpression": dict(document.get("partialFilterExpression") or {}),
        "expireAfterSeconds": document.get("expireAfterSeconds"),
    }


def _name(model: IndexModel) -> str:
    return str(model.document["name"])


async def _there(link: Link, name: str) -> dict[str, Document]:
    async def run(again: bool) -> dict[str, Document]:
        # A collection that does not exist has no indexes.
        return {one["name"]: dict(one) async for one in await link.collection(name).list_indexes()}

    return await link.do(run)


async def missing(link: Link) -> list[str]:
    """The missing indexes, as ``collection.name``. Makes none; raises as ``create`` does."""
    absent = []
    for name, models in wanted(link.tuning.keep_deletions).items():
        there = await _there(link, name)
        _refuse_others(name, models, there)
        absent += [f"{name}.{_name(model)}" for model in models if _name(model) not in there]
    return absent
