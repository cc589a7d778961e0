"""The queries of batches and of their jobs, for the table of ``expected``."""

from job_processor.store.mongo.client import Document
from job_processor.store.mongo.expectation import ID_INDEX, LATER, OPEN, Expected, find, listed, only


def of_batches(now: int) -> list[Expected]:
    """Batches, and their jobs."""
    span: Document = {"$gt": "0" * 24, "$lt": LATER}
    final: Document = {"state": {"$nin": OPEN}}
    seen: Document = {"flows": {"$not": {"$elemMatch": {"$nin": ["f"]}}}}
    group: Document = {
        "_id": {"batch": "$batchId", "state": "$state"},
        "n": {"$sum": 1},
        "last": {"$max": "$finishedAt"},
        "cost": {"$sum": "$costMicros"},
        "dearest": {"$max": "$costMicros"},
    }
    counted: list[Document] = [{"$match": {"batchId": {"$in": ["b"]}}}, {"$group": group}]
    newest: Document = {"sort": {"_id": -1}, "limit": 20}
    return [
        Expected("batch", find("batches", {"_id": LATER}), (ID_INDEX,)),
        Expected("batch of flows", find("batches", {"_id": LATER, **seen}), (ID_INDEX,)),
        Expected("batch of a key", find("batches", {"key": "k"}), ("key",)),
        Expected("batches that are there", find("batches", {"_id": {"$in": ["b"]}}), (ID_INDEX,)),
        Expected("list_batches", find("batches", {}, **newest), (ID_INDEX,)),
        Expected(
            "list_batches of flows, next page",
            find("batches", {"_id": {"$lt": LATER}, **seen}, **newest),
            (ID_INDEX,),
        ),
        Expected(
            "count_batches",
            {"aggregate": "jobs", "pipeline": counted, "cursor": {}, "hint": "batch_cost"},
            ("batch_cost",),
            covered=True,
        ),
        Expected("jobs_of_batch", find("jobs", {"_id": span, "batchId": "b"}, sort={"_id": 1}, limit=200), (ID_INDEX,)),
        Expected("list of a batch", listed({"_id": {"$gte": "b", "$lt": "c"}}, {"batchId": "b"}), (ID_INDEX,)),
        Expected(
            "batches_to_tend",
            find("batches", {"open": True, "_id": {"$gt": ""}}, sort={"_id": 1}, limit=100),
            ("open",),
        ),
        Expected(
            "batches_to_tend, an open job",
            find("jobs", {"batchId": "b", "state": {"$in": OPEN}}, limit=1, projection=only("state")),
            ("batch_cost",),
            covered=True,
        ),
        Expected("complete_batches", find("batches", {"chunks": {"$lt": now}}, limit=10), ("chunks",)),
        Expected("complete_batches, old chunks", find("batchChunks", {"at": {"$lt": now}}, limit=1_000), ("at",)),
        Expected("a chunk", find("batchChunks", {"batch": "b"}, sort={"_id": 1}, limit=1), ("batch",)),
        Expected("deletions of a chunk", find("gone", {"_id": {"$in": ["j"]}}), (ID_INDEX,)),
        Expected(
            "prune_batches", find("batches", {"pruneAt": {"$lte": now}}, sort={"pruneAt": 1}, limit=200), ("prunable",)
        ),
        Expected(
            "prune_batches, jobs",
            find("jobs", {"_id": span, "batchId": "b", **final, "noticesMark": None}, sort={"_id": 1}, limit=200),
            (ID_INDEX,),
        ),
    ]
