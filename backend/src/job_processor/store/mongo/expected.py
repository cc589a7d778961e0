"""The expected plan of every query of the driver: the index that it uses.

tests/store/test_mongo_commands.py compares this table with what the driver sends: it fails for a query that is not in
the table.
"""

from datetime import UTC, datetime

from job_processor.core.job import State
from job_processor.store.mongo.client import Document
from job_processor.store.mongo.expectation import ID_INDEX, LATER, OPEN, Expected, find, listed, only
from job_processor.store.mongo.expected_of_batches import of_batches
from job_processor.store.mongo.expected_of_series import of_series
from job_processor.store.mongo.expected_of_turns import QUEUE, of_fallen, of_turns
from job_processor.store.mongo.expected_of_webhooks import of_webhooks

__all__ = ["ID_INDEX", "Expected", "table"]

_PENDING = State.PENDING.value
_GROUP = {"$group": {"_id": {"flow": "$flow", "state": "$state"}, "n": {"$sum": 1}}}


def table(flow: str, now: int) -> list[Expected]:
    """Every query of the driver, with example values."""
    ids = {"_id": {"$gte": "0" * 12, "$lt": LATER}}
    failed = {"state": {"$in": ["FAILED"]}}
    open_ = {"$match": {"flow": {"$in": [flow]}, "state": {"$in": OPEN}}}
    due: Document = {"flow": flow, "ready": 0, "runAt": {"$lte": now}}
    in_time: Document = {"deadline": {"$not": {"$lte": now}}}
    of_job = {"jobId": LATER}
    past: Document = {"dueAt": {"$lte": now}}
    ended = [{"state": {"$ne": "RUNNING"}}, {"deadline": {"$lte": now}}, {"leaseUntil": {"$lt": now}}]
    still: Document = {"$or": [{"deadline": None}, {"deadline": {"$gt": now}}]}
    asked: Document = {"state": "WAITING", **still}
    nor = [{**asked, "flow": {"$in": [flow]}, "via": None}, {**asked, "via": {"$in": [flow]}}]
    waiting: Document = {"state": "WAITING", "flow": flow, "via": None}
    unheard: list[Document] = [past, {"heardAt": None}, {"heardAt": {"$lt": now}}]
    return [
        Expected("get", find("jobs", {"_id": LATER}), (ID_INDEX,)),
        Expected("get of flows", find("jobs", {"_id": LATER, "flow": {"$in": [flow]}}), (ID_INDEX,)),
        Expected("find_execution", find("jobs", {"executionId": "x"}, limit=100), ("execution",)),
        Expected("list", listed(), (ID_INDEX,)),
        Expected("list, next page", listed({"_id": {"$lt": LATER}}), (ID_INDEX,)),
        Expected("list by time", listed(ids, {"createdAt": {"$gte": 0}}, {"createdAt": {"$lt": now}}), (ID_INDEX,)),
        Expected(
            "list by state and end",
            listed({"_id": {"$lt": LATER}}, failed, {"finishedAt": {"$gte": 0}}, {"finishedAt": {"$lt": now}}),
            ("state",),
        ),
        Expected("list by state", listed(failed), ("state",)),
        Expected("list by flow", listed({"flow": flow}), ("flow",)),
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
        Expected("list by flows", listed({"flow": {"$in": ["a", flow]}}), ("flow",)),
        Expected("list by tag", listed({"tags": "x"}), ("tags",)),
        Expected("list by error", listed({"facets": "error=x"}), ("facets",)),
        Expected("list by word", listed({"words": "x"}), ("words",)),
        Expected("list by the start of a word", listed({"words": {"$regex": "^xy"}}), ("words",), sorts=True),
        Expected("list by state and flow", listed(failed, {"flow": flow}), ("flow", "state", "counts"), sorts=True),
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
            find("jobs", {"flow": flow, "state": _PENDING}, sort={"runAt": 1}, limit=1, projection=only("runAt")),
            ("counts",),
            covered=True,
        ),
        Expected(
            "claim, what comes due next",
            find("jobs", {"flow": flow, "ready": 0}, sort={"runAt": 1}, limit=1, projection=only("runAt")),
            ("future",),
            covered=True,
        ),
        Expected("claim, what is due", find("jobs", due, sort={"runAt": 1}, limit=2000), ("future",)),
        Expected(
            "claim, head of the queue",
            find("jobs", {"flow": flow, "ready": 1, **in_time}, sort=QUEUE, limit=50, hint="turns"),
            ("turns",),
        ),
        Expected(
            "claim, behind a crowd",
            find("jobs", {"flow": flow, "ready": 1}, sort=QUEUE, limit=500, projection={"priority": 1}),
            ("turns",),
            covered=True,
        ),
        *of_turns(flow, in_time),
        Expected(
            "claim, chosen jobs",
            find("jobs", {"_id": {"$in": [LATER]}, "ready": 1, **in_time}, sort=QUEUE),
            (ID_INDEX,),
            sorts=True,
        ),
        Expected(
            "claim, which are ours",
            find("jobs", {"_id": {"$in": [LATER]}, "token": {"$in": ["t"]}}),
            (ID_INDEX, "leases"),
        ),
        Expected(
            "claim, leases in flight",
            find("jobs", {"flow": flow, "token": {"$gt": ""}}, projection=only("token")),
            ("leases",),
            covered=True,
        ),
        Expected(
            "claim, leases of a shared limit in flight",
            find("jobs", {"flow": {"$in": [flow, "other"]}, "token": {"$gt": ""}}, projection=only("token")),
            ("leases",),
            covered=True,
        ),
        Expected(
            "claim, leases of keys in flight",
            find("jobs", {"flow": flow, "token": {"$gt": ""}}, projection={"_id": 0, "token": 1, "keyHash": 1}),
            ("leases",),
            covered=True,
        ),
        *of_fallen(flow, past, unheard),
        Expected("marks, slots", find("jobs", {"_id": {"$in": [LATER]}}), (ID_INDEX,)),
        Expected(
            "extend, lost leases", find("jobs", {"_id": {"$in": [LATER]}, "state": "RUNNING"}), (ID_INDEX, "state")
        ),
        Expected("overdue", find("jobs", past, sort={"dueAt": 1}, limit=200), ("due",)),
        Expected(
            "overdue, without callbacks that are asked about",
            find("jobs", {**past, "$nor": nor}, sort={"dueAt": 1}, limit=200),
            ("due",),
        ),
        Expected(
            "overdue, after an outage", find("jobs", {**past, "$or": ended}, sort={"dueAt": 1}, limit=200), ("due",)
        ),
        Expected(
            "overdue, after an outage, without callbacks that are asked about",
            find("jobs", {**past, "$nor": nor, "$or": ended}, sort={"dueAt": 1}, limit=200),
            ("due",),
        ),
        Expected("list_waiting", find("jobs", {**waiting, **past}, sort={"dueAt": 1}, limit=50), ("awaited",)),
        Expected(
            "list_waiting, after an outage",
            find("jobs", {**waiting, "$or": unheard}, sort={"dueAt": 1}, limit=50),
            ("awaited",),
        ),
        Expected(
            "list_waiting, longest unheard of",
            find("jobs", {**waiting, "$or": unheard}, sort={"heardAt": 1}, limit=50),
            ("awaited",),
            sorts=True,
        ),
        Expected(
            "prune",
            find(
                "jobs",
                {"batchId": None, "finishedAt": {"$lt": now}, "noticesMark": None},
                sort={"finishedAt": 1},
                limit=200,
            ),
            ("prunable",),
        ),
        Expected(
            "prune, whose deletion has begun", find("jobs", {"_id": {"$in": [LATER]}, "deleting": True}), (ID_INDEX,)
        ),
        Expected("delete", find("jobs", {"_id": LATER, "finishedAt": {"$gte": 0}}), (ID_INDEX,)),
        Expected("delete", find("jobs", {"_id": LATER, "deleting": True}), (ID_INDEX,)),
        Expected("changes since", find("jobs", {"changedAt": {"$gt": _date()}}, sort={"changedAt": 1}), ("changed",)),
        Expected("deletions since", find("gone", {"at": {"$gt": _date()}}, sort={"at": 1}), ("at",)),
        Expected("a deletion", find("gone", {"_id": LATER}), (ID_INDEX,)),
        Expected("marks of keys", find("keys", {"_id": {"$in": ["k"]}}), (ID_INDEX,)),
        Expected("a key", find("keys", {"_id": "k"}), (ID_INDEX,)),
        Expected("lane", find("lanes", {"_id": flow}), (ID_INDEX,)),
        Expected("lane, mark", find("lanes", {"_id": flow, "writes": "w"}), (ID_INDEX,)),
        Expected("lanes", find("lanes", {}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("workers", find("workers", {"seenAt": {"$gte": 0}}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("callback", find("callbacks", {"_id": LATER}), (ID_INDEX,)),
        Expected(
            "callback of flows", find("callbacks", {"_id": LATER, "jobFlow": {"$in": [flow]}}), (ID_INDEX, "flow")
        ),
        Expected("callback by mark", find("callbacks", {"mark": "m"}), ("mark",)),
        Expected("list_callbacks", find("callbacks", {}, sort={"_id": -1}, limit=50), (ID_INDEX,)),
        Expected(
            "list_callbacks, next page",
            find("callbacks", {"_id": {"$lt": LATER}}, sort={"_id": -1}, limit=50),
            (ID_INDEX,),
        ),
        Expected("list_callbacks of a job", find("callbacks", of_job, sort={"_id": -1}, limit=50), ("job",)),
        Expected(
            "list_callbacks by verdict",
            find("callbacks", {"verdict": {"$in": ["UNKNOWN"]}}, sort={"_id": -1}),
            ("verdict",),
        ),
        Expected(
            "list_callbacks by execution",
            find("callbacks", {"executionId": "x"}, sort={"_id": -1}),
            ("execution",),
            sorts=True,
        ),
        Expected(
            "list_callbacks, beyond its limit", find("callbacks", {"verdict": "x"}, sort={"_id": -1}), ("verdict",)
        ),
        Expected(
            "list_callbacks without a job, beyond its limit",
            find("callbacks", {"verdict": "x", "jobId": None}, sort={"_id": -1}),
            ("job", "verdict"),
        ),
        Expected(
            "list_callbacks of flows",
            find("callbacks", {"jobFlow": {"$in": ["a", flow]}}, sort={"_id": -1}, limit=50),
            ("flow",),
        ),
        *_access(now),
        *of_webhooks(now),
        *_bulk_actions(now),
        *of_batches(now),
        *of_series(),
        Expected("prune_callbacks", find("callbacks", {"lastAt": {"$lt": now}}, sort={"lastAt": 1}), ("last",)),
    ]


def _access(now: int) -> list[Expected]:
    """Keys, sessions and the audit."""
    newest: Document = {"sort": {"_id": -1}, "limit": 50}
    return [
        Expected("take_permits", find("permits", {"_id": "k"}, limit=1), (ID_INDEX,)),
        Expected("api_keys", find("apiKeys", {}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("save_api_key, mark", find("apiKeys", {"_id": "k", "write": "w"}), (ID_INDEX,)),
        Expected("sessions", find("sessions", {"_id": {"$in": ["s"]}}), (ID_INDEX,)),
        Expected("sessions_of", find("sessions", {"whose": "k"}, sort={"createdAt": -1}, limit=200), ("whose",)),
        Expected("sessions_of all", find("sessions", {}, sort={"createdAt": -1}, limit=200), ("newest",)),
        Expected("list_audit", find("audit", {}, **newest), (ID_INDEX,)),
        Expected("list_audit, next page", find("audit", {"_id": {"$lt": LATER}}, **newest), (ID_INDEX,)),
        Expected(
            "list_audit by time",
            find("audit", {"_id": {"$gte": "0", "$lt": LATER}, "at": {"$gte": 0, "$lt": now}}, **newest),
            (ID_INDEX,),
        ),
        Expected("list_audit by who", find("audit", {"who": {"$eq": "k"}}, **newest), ("who",)),
        Expected("list_audit by what", find("audit", {"what": {"$eq": "j"}}, **newest), ("what",)),
        Expected("list_audit by act", find("audit", {"act": {"$in": ["refused"]}}, **newest), ("act",)),
        Expected("list_audit by outcome", find("audit", {"outcome": {"$in": ["done"]}}, **newest), (ID_INDEX,)),
        Expected("prune_audit", find("audit", {}, sort={"_id": 1}, limit=500), (ID_INDEX,)),
    ]


def _bulk_actions(now: int) -> list[Expected]:
    newest: Document = {"sort": {"_id": -1}, "limit": 50}
    return [
        Expected("get_bulk_action", find("bulkActions", {"_id": LATER}), (ID_INDEX,)),
        Expected("bulk_action_of_key", find("bulkActions", {"key": "k"}), ("key",)),
        Expected("save_bulk_action, mark", find("bulkActions", {"_id": LATER, "write": "w"}), (ID_INDEX,)),
        Expected("open_bulk_actions", find("bulkActions", {"open": True}, sort={"_id": 1}), ("open",)),
        Expected("list_bulk_actions", find("bulkActions", {}, **newest), (ID_INDEX,)),
        Expected("list_bulk_actions, next page", find("bulkActions", {"_id": {"$lt": LATER}}, **newest), (ID_INDEX,)),
        Expected(
            "prune_bulk_actions",
            find("bulkActions", {"endedAt": {"$lt": now}}, sort={"endedAt": 1}, limit=200),
            ("ended",),
        ),
    ]


def _date() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)
