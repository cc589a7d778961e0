"""Every index, by name and why it is there. Made at open; ``missing`` says which are not there."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from job_processor.store.mongo.client import Link

_JOBS = [
    # claim: the head of a flow's queue. Future jobs are not in it, whatever their priority.
    IndexModel(
        [("flow", ASCENDING), ("priority", DESCENDING), ("runAt", ASCENDING), ("_id", ASCENDING)],
        name="ready",
        partialFilterExpression={"ready": 1},
    ),
    # claim: what has come due since, and when the next comes due.
    IndexModel([("flow", ASCENDING), ("runAt", ASCENDING)], name="future", partialFilterExpression={"ready": 0}),
    # claim of a flow with a limit: the leases that take up its lane, answered from the index alone.
    IndexModel(
        [("flow", ASCENDING), ("token", ASCENDING)],
        name="in_flight",
        partialFilterExpression={"token": {"$exists": True}},
    ),
    # overdue.
    IndexModel([("dueAt", ASCENDING)], name="due", sparse=True),
    # awaited.
    IndexModel(
        [("flow", ASCENDING), ("dueAt", ASCENDING)], name="awaited", partialFilterExpression={"state": "WAITING"}
    ),
    # prune.
    IndexModel([("finishedAt", ASCENDING)], name="finished", sparse=True),
    # add: one job a key.
    IndexModel([("key.key", ASCENDING)], name="key", unique=True, sparse=True),
    # find_execution.
    IndexModel([("executionId", ASCENDING)], name="execution", sparse=True),
    # list, by each of its filters, newest first.
    IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="state"),
    IndexModel([("flow", ASCENDING), ("_id", DESCENDING)], name="flow"),
    IndexModel([("tags", ASCENDING), ("_id", DESCENDING)], name="tags", sparse=True),
    # counts, from the index alone; and the oldest PENDING job of a flow.
    IndexModel([("flow", ASCENDING), ("state", ASCENDING), ("runAt", ASCENDING)], name="counts"),
    # since.
    IndexModel([("changedAt", ASCENDING)], name="changed"),
]
_CALLBACKS = [
    # keep: one a mark.
    IndexModel([("mark", ASCENDING)], name="mark", unique=True),
    # inbox, by each of its filters, newest first.
    IndexModel([("jobId", ASCENDING), ("_id", DESCENDING)], name="job"),
    IndexModel([("verdict", ASCENDING), ("_id", DESCENDING)], name="verdict"),
    # a report that came before the acceptance it belongs to.
    IndexModel([("executionId", ASCENDING)], name="execution", sparse=True),
    # forget.
    IndexModel([("lastAt", ASCENDING)], name="last"),
]
_DAY = 86_400


def wanted(keep_deletions: float) -> dict[str, list[IndexModel]]:
    """The indexes of each collection."""
    return {
        "jobs": _JOBS,
        "callbacks": _CALLBACKS,
        "gone": [IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=2 * int(keep_deletions))],
        "workers": [IndexModel([("beatAt", ASCENDING)], name="beat", expireAfterSeconds=_DAY)],
    }


async def create(link: Link) -> None:
    for name, models in wanted(link.tuning.keep_deletions).items():
        await link.do(lambda again, name=name, models=models: link.collection(name).create_indexes(models))  # type: ignore[misc]  # bound in the loop


async def missing(link: Link) -> list[str]:
    """The indexes that are not there, as ``collection.name``."""
    absent = []
    for name, models in wanted(link.tuning.keep_deletions).items():
        there = await link.do(lambda again, name=name: link.collection(name).index_information())  # type: ignore[misc]  # bound in the loop
        absent += [f"{name}.{model.document['name']}" for model in models if model.document["name"] not in there]
    return absent
