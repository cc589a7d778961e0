"""What every query of the driver is expected to cost: the index that answers it.

The table here and what the driver sends are held together by tests/store/test_mongo_commands.py: a query that is not
in the table fails there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from job_processor.core.job import FINAL, State
from job_processor.store.mongo.client import Document

_PENDING = State.PENDING.value
_OPEN = sorted(state.value for state in State if state not in FINAL)
ID_INDEX = "_id_"
_LATER = "f" * 24


@dataclass(frozen=True, slots=True)
class Expected:
    """A query, and how it should be answered.

    ``indexes``: by any of these; none: the collection is small. ``covered``: by a covered query. ``sorts``: a few
    documents are sorted in memory.
    """

    name: str
    command: Document
    indexes: tuple[str, ...]
    covered: bool = False
    sorts: bool = False


def _find(collection: str, where: Document, **rest: object) -> Document:
    return {"find": collection, "filter": where, **rest}


def _list(*parts: Document) -> Document:
    return _find("jobs", {"$and": list(parts)} if parts else {}, sort={"_id": -1}, limit=50)


_GROUP = {"$group": {"_id": {"flow": "$flow", "state": "$state"}, "n": {"$sum": 1}}}
_QUEUE = {"priority": -1, "runAt": 1, "_id": 1}


def table(flow: str, now: int) -> list[Expected]:
    """Every query of the driver, with example values."""
    ids = {"_id": {"$gte": "0" * 12, "$lt": _LATER}}
    failed = {"state": {"$in": ["FAILED"]}}
    open_ = {"$match": {"flow": {"$in": [flow]}, "state": {"$in": _OPEN}}}
    due: Document = {"flow": flow, "ready": 0, "runAt": {"$lte": now}}
    in_time: Document = {"deadline": {"$not": {"$lte": now}}}
    of_job = {"jobId": _LATER}
    past: Document = {"dueAt": {"$lte": now}}
    ended = [{"state": {"$ne": "RUNNING"}}, {"deadline": {"$lte": now}}, {"leaseUntil": {"$lt": now}}]
    still: Document = {"$or": [{"deadline": None}, {"deadline": {"$gt": now}}]}
    asked: Document = {"state": "WAITING", "flow": {"$in": [flow]}, **still}
    waiting: Document = {"flow": flow, "state": "WAITING"}
    unheard: list[Document] = [past, {"heardAt": None}, {"heardAt": {"$lt": now}}]
    return [
        Expected("get", _find("jobs", {"_id": _LATER}), (ID_INDEX,)),
        Expected("get of flows", _find("jobs", {"_id": _LATER, "flow": {"$in": [flow]}}), (ID_INDEX,)),
        Expected("find_execution", _find("jobs", {"executionId": "x"}, limit=2), ("execution",)),
        Expected(
            "find_execution of a processor's flows",
            _find("jobs", {"executionId": "x", "flow": {"$in": [flow]}}, limit=2),
            ("execution",),
        ),
        Expected("list", _list(), (ID_INDEX,)),
        Expected("list, next page", _list({"_id": {"$lt": _LATER}}), (ID_INDEX,)),
        Expected("list by time", _list(ids, {"createdAt": {"$gte": 0}}, {"createdAt": {"$lt": now}}), (ID_INDEX,)),
        Expected("list by state", _list(failed), ("state",)),
        Expected("list by flow", _list({"flow": flow}), ("flow",)),
        Expected(
            "count_waiting",
            {
                "aggregate": "jobs",
                "pipeline": [
                    {"$match": {"waitingOf": "k"}},
                    {"$limit": 10},
                    {"$group": {"_id": 1, "n": {"$sum": 1}}},
                ],
                "cursor": {},
                "hint": "waiting_of",
            },
            ("waiting_of",),
            covered=True,
        ),
        Expected("list by flows", _list({"flow": {"$in": ["a", flow]}}), ("flow",)),
        Expected("list by tag", _list({"tags": "x"}), ("tags",)),
        Expected("list by state and flow", _list(failed, {"flow": flow}), ("flow", "state", "counts"), sorts=True),
        Expected(
            "counts, everything",
            {"aggregate": "jobs", "pipeline": [_GROUP], "cursor": {}, "hint": "counts"},
            ("counts",),
            covered=True,
        ),
        Expected(
            "counts, what is open",
            {"aggregate": "jobs", "pipeline": [open_, _GROUP], "cursor": {}, "hint": "counts"},
            ("counts",),
            covered=True,
        ),
        Expected("counts, the flows", {"distinct": "jobs", "key": "flow"}, ("counts", "flow"), covered=True),
        Expected(
            "counts, oldest waiting job",
            _find("jobs", {"flow": flow, "state": _PENDING}, sort={"runAt": 1}, limit=1, projection=_only("runAt")),
            ("counts",),
            covered=True,
        ),
        Expected(
            "claim, what comes due next",
            _find("jobs", {"flow": flow, "ready": 0}, sort={"runAt": 1}, limit=1, projection=_only("runAt")),
            ("future",),
            covered=True,
        ),
        Expected("claim, what is due", _find("jobs", due, sort={"runAt": 1}, limit=2000), ("future",)),
        Expected(
            "claim, head of the queue",
            _find("jobs", {"flow": flow, "ready": 1, **in_time}, sort=_QUEUE, limit=50, hint="ready"),
            ("ready",),
        ),
        Expected(
            "claim, behind a crowd",
            _find("jobs", {"flow": flow, "ready": 1}, sort=_QUEUE, limit=500, projection={"priority": 1}),
            ("ready",),
            covered=True,
        ),
        Expected(
            "claim, chosen jobs",
            _find("jobs", {"_id": {"$in": [_LATER]}, "ready": 1, **in_time}, sort=_QUEUE),
            (ID_INDEX,),
            sorts=True,
        ),
        Expected(
            "claim, which are ours",
            _find("jobs", {"_id": {"$in": [_LATER]}, "token": {"$in": ["t"]}}),
            (ID_INDEX, "in_flight"),
        ),
        Expected(
            "claim, leases in flight",
            _find("jobs", {"flow": flow, "token": {"$gt": ""}}, projection=_only("token")),
            ("in_flight",),
            covered=True,
        ),
        Expected("marks, slots", _find("jobs", {"_id": {"$in": [_LATER]}}), (ID_INDEX,)),
        Expected(
            "extend, lost leases", _find("jobs", {"_id": {"$in": [_LATER]}, "state": "RUNNING"}), (ID_INDEX, "state")
        ),
        Expected("overdue", _find("jobs", past, sort={"dueAt": 1}, limit=200), ("due",)),
        Expected(
            "overdue, without callbacks that are asked about",
            _find("jobs", {**past, "$nor": [asked]}, sort={"dueAt": 1}, limit=200),
            ("due",),
        ),
        Expected(
            "overdue, after an outage", _find("jobs", {**past, "$or": ended}, sort={"dueAt": 1}, limit=200), ("due",)
        ),
        Expected(
            "overdue, after an outage, without callbacks that are asked about",
            _find("jobs", {**past, "$nor": [asked], "$or": ended}, sort={"dueAt": 1}, limit=200),
            ("due",),
        ),
        Expected("list_waiting", _find("jobs", {**waiting, **past}, sort={"dueAt": 1}, limit=50), ("awaited",)),
        Expected(
            "list_waiting, after an outage",
            _find("jobs", {**waiting, "$or": unheard}, sort={"dueAt": 1}, limit=50),
            ("awaited",),
        ),
        Expected(
            "list_waiting, longest unheard of",
            _find("jobs", {**waiting, "$or": unheard}, sort={"heardAt": 1}, limit=50),
            ("awaited",),
            sorts=True,
        ),
        Expected(
            "prune",
            _find("jobs", {"finishedAt": {"$lt": now}, "noticesMark": None}, sort={"finishedAt": 1}, limit=200),
            ("finished",),
        ),
        Expected("delete", _find("jobs", {"_id": _LATER, "finishedAt": {"$gte": 0}}), (ID_INDEX, "finished")),
        Expected("changes since", _find("jobs", {"changedAt": {"$gt": _date()}}, sort={"changedAt": 1}), ("changed",)),
        Expected("deletions since", _find("gone", {"at": {"$gt": _date()}}, sort={"at": 1}), ("at",)),
        Expected("a deletion", _find("gone", {"_id": _LATER}), (ID_INDEX,)),
        Expected("marks of keys", _find("keys", {"_id": {"$in": ["k"]}}), (ID_INDEX,)),
        Expected("a key", _find("keys", {"_id": "k"}), (ID_INDEX,)),
        Expected("lane", _find("lanes", {"_id": flow}), (ID_INDEX,)),
        Expected("lane, mark", _find("lanes", {"_id": flow, "writes": "w"}), (ID_INDEX,)),
        Expected("lanes", _find("lanes", {}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("workers", _find("workers", {"seenAt": {"$gte": 0}}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("callback", _find("callbacks", {"_id": _LATER}), (ID_INDEX,)),
        Expected(
            "callback of flows", _find("callbacks", {"_id": _LATER, "jobFlow": {"$in": [flow]}}), (ID_INDEX, "flow")
        ),
        Expected("callback by mark", _find("callbacks", {"mark": "m"}), ("mark",)),
        Expected("list_callbacks", _find("callbacks", {}, sort={"_id": -1}, limit=50), (ID_INDEX,)),
        Expected(
            "list_callbacks, next page",
            _find("callbacks", {"_id": {"$lt": _LATER}}, sort={"_id": -1}, limit=50),
            (ID_INDEX,),
        ),
        Expected("list_callbacks of a job", _find("callbacks", of_job, sort={"_id": -1}, limit=50), ("job",)),
        Expected(
            "list_callbacks by verdict",
            _find("callbacks", {"verdict": {"$in": ["UNKNOWN"]}}, sort={"_id": -1}),
            ("verdict",),
        ),
        Expected(
            "list_callbacks by execution",
            _find("callbacks", {"executionId": "x"}, sort={"_id": -1}),
            ("execution",),
            sorts=True,
        ),
        Expected(
            "list_callbacks, beyond its limit", _find("callbacks", {"verdict": "x"}, sort={"_id": -1}), ("verdict",)
        ),
        Expected(
            "list_callbacks without a job, beyond its limit",
            _find("callbacks", {"verdict": "x", "jobId": None}, sort={"_id": -1}),
            ("job", "verdict"),
        ),
        Expected(
            "list_callbacks of flows",
            _find("callbacks", {"jobFlow": {"$in": ["a", flow]}}, sort={"_id": -1}, limit=50),
            ("flow",),
        ),
        *_access(now),
        *_webhooks(now),
        *_bulk_actions(now),
        Expected("prune_callbacks", _find("callbacks", {"lastAt": {"$lt": now}}, sort={"lastAt": 1}), ("last",)),
    ]


def _webhooks(now: int) -> list[Expected]:
    """Endpoints and deliveries."""
    newest: Document = {"sort": {"_id": -1}, "limit": 50}
    due: Document = {"nextAt": {"$lte": now}, "state": "pending"}
    lane_order = {"lane": 1, "nextAt": 1}
    return [
        Expected("relay_notices", _find("jobs", {"noticesMark": {"$gt": ""}}, limit=100), ("notices",)),
        Expected("webhook_endpoints", _find("webhookEndpoints", {}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("save_webhook_endpoint, mark", _find("webhookEndpoints", {"_id": "e", "write": "w"}), (ID_INDEX,)),
        Expected(
            "due_lanes",
            _find("deliveries", {"lane": {"$gt": ""}, **due}, sort=lane_order, limit=1, projection=_only("lane")),
            ("lane",),
        ),
        Expected("claim_deliveries", _find("deliveries", {"lane": "e", **due}, sort={"nextAt": 1}, limit=4), ("lane",)),
        Expected("save_delivery, mark", _find("deliveries", {"_id": _LATER, "write": "w"}), (ID_INDEX,)),
        Expected("delivery", _find("deliveries", {"_id": _LATER}), (ID_INDEX,)),
        Expected("delivery of flows", _find("deliveries", {"_id": _LATER, "flow": {"$in": ["f"]}}), (ID_INDEX, "flow")),
        Expected("list_deliveries", _find("deliveries", {}, **newest), (ID_INDEX,)),
        Expected("list_deliveries, next page", _find("deliveries", {"_id": {"$lt": _LATER}}, **newest), (ID_INDEX,)),
        Expected("list_deliveries of a job", _find("deliveries", {"jobId": _LATER}, **newest), ("job",)),
        Expected("list_deliveries of an endpoint", _find("deliveries", {"endpointId": "e"}, **newest), ("endpoint",)),
        Expected("list_deliveries by state", _find("deliveries", {"state": {"$in": ["failed"]}}, **newest), ("state",)),
        Expected("list_deliveries of flows", _find("deliveries", {"flow": {"$in": ["f"]}}, **newest), ("flow",)),
        Expected(
            "prune_deliveries",
            _find("deliveries", {"settledAt": {"$lt": now}}, sort={"settledAt": 1}, limit=200),
            ("settled",),
        ),
    ]


def _access(now: int) -> list[Expected]:
    """Keys, sessions and the audit."""
    newest: Document = {"sort": {"_id": -1}, "limit": 50}
    return [
        Expected("take_permits", _find("permits", {"_id": "k"}, limit=1), (ID_INDEX,)),
        Expected("api_keys", _find("apiKeys", {}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("save_api_key, mark", _find("apiKeys", {"_id": "k", "write": "w"}), (ID_INDEX,)),
        Expected("sessions", _find("sessions", {"_id": {"$in": ["s"]}}), (ID_INDEX,)),
        Expected("sessions_of", _find("sessions", {"whose": "k"}, sort={"createdAt": -1}, limit=200), ("whose",)),
        Expected("sessions_of all", _find("sessions", {}, sort={"createdAt": -1}, limit=200), ("newest",)),
        Expected("list_audit", _find("audit", {}, **newest), (ID_INDEX,)),
        Expected("list_audit, next page", _find("audit", {"_id": {"$lt": _LATER}}, **newest), (ID_INDEX,)),
        Expected(
            "list_audit by time",
            _find("audit", {"_id": {"$gte": "0", "$lt": _LATER}, "at": {"$gte": 0, "$lt": now}}, **newest),
            (ID_INDEX,),
        ),
        Expected("list_audit by who", _find("audit", {"who": {"$eq": "k"}}, **newest), ("who",)),
        Expected("list_audit by what", _find("audit", {"what": {"$eq": "j"}}, **newest), ("what",)),
        Expected("list_audit by act", _find("audit", {"act": {"$in": ["refused"]}}, **newest), ("act",)),
        Expected("list_audit by outcome", _find("audit", {"outcome": {"$in": ["done"]}}, **newest), (ID_INDEX,)),
        Expected("prune_audit", _find("audit", {}, sort={"_id": 1}, limit=500), (ID_INDEX,)),
    ]


def _bulk_actions(now: int) -> list[Expected]:
    newest: Document = {"sort": {"_id": -1}, "limit": 50}
    return [
        Expected("get_bulk_action", _find("bulkActions", {"_id": _LATER}), (ID_INDEX,)),
        Expected("save_bulk_action, mark", _find("bulkActions", {"_id": _LATER, "write": "w"}), (ID_INDEX,)),
        Expected("open_bulk_actions", _find("bulkActions", {"open": True}, sort={"_id": 1}), ("open",)),
        Expected("list_bulk_actions", _find("bulkActions", {}, **newest), (ID_INDEX,)),
        Expected("list_bulk_actions, next page", _find("bulkActions", {"_id": {"$lt": _LATER}}, **newest), (ID_INDEX,)),
        Expected(
            "prune_bulk_actions",
            _find("bulkActions", {"endedAt": {"$lt": now}}, sort={"endedAt": 1}, limit=200),
            ("ended",),
        ),
    ]


def _only(name: str) -> Document:
    return {"_id": 0, name: 1}


def _date() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)
