"""The expected plans of the queries for the keys whose turn it is, and for jobs that fell back."""

from job_processor.store.mongo.client import Document
from job_processor.store.mongo.expectation import ID_INDEX, LATER, Expected, find, only

_KEYS = {"keyHash": 1, "runAt": 1, "_id": 1}
QUEUE = {"priority": -1, **_KEYS}


def _counted(where: Document) -> Document:
    pipeline = [{"$match": where}, {"$limit": 1001}, {"$group": {"_id": 1, "n": {"$sum": 1}}}]
    return {"aggregate": "jobs", "pipeline": pipeline, "cursor": {}, "hint": "turns"}


def of_turns(flow: str, in_time: Document) -> list[Expected]:
    """Queries for the jobs that are claimed next in a flow whose jobs have keys."""
    ready: Document = {"flow": flow, "ready": 1}
    head: Document = {"sort": {"priority": -1}, "limit": 1, "projection": only("priority"), "hint": "turns"}
    of_keys: Document = {"sort": _KEYS, "limit": 20, "projection": {"keyHash": 1}, "hint": "turns"}
    mine: Document = {**ready, "priority": 0, "keyHash": 1}
    by_key: Document = {"sort": _KEYS, "limit": 1002, "projection": only("keyHash"), "hint": "turns"}
    one = {**ready, "priority": 0, **in_time}
    return [
        Expected(
            "claim, whether there are keys",
            find("jobs", {**ready, "keyHash": {"$gt": 0}}, limit=1, projection=only("keyHash"), hint="turns"),
            ("turns",),
            covered=True,
        ),
        Expected(
            "claim, whether jobs of full keys wait",
            find("jobs", ready, limit=1, projection=only("priority"), hint="turns"),
            ("turns",),
            covered=True,
        ),
        Expected(
            "claim, next priority", find("jobs", {**ready, "priority": {"$lt": 0}}, **head), ("turns",), covered=True
        ),
        *(
            Expected(f"claim, keys {name}", find("jobs", {**one, "keyHash": keys}, **of_keys), ("turns",))
            for name, keys in (
                ("after the last", {"$gt": 1}),
                ("from the beginning", {"$not": {"$gt": 1}}),
                ("up to the last", {"$gt": 1, "$lte": 2}),
                ("that are not full, after the last", {"$gt": 1, "$nin": [2, 3]}),
                ("that are not full, from the beginning", {"$not": {"$gt": 1}, "$nin": [2, 3]}),
                ("that are not full, up to the last", {"$gt": 1, "$lte": 4, "$nin": [2, 3]}),
            )
        ),
        Expected(
            "ahead, does it wait?",
            find("jobs", {"_id": LATER, "ready": 1}, limit=1, projection={"_id": 1}),
            (ID_INDEX,),
        ),
        *(
            Expected(f"ahead, {name}", _counted(where), ("turns",), covered=True)
            for name, where in (
                ("of a higher priority", {**ready, "priority": {"$gt": 0}}),
                ("of its key before it", {**mine, "runAt": {"$lt": 1}}),
                ("of its key beside it", {**mine, "runAt": 1, "_id": {"$lt": LATER}}),
            )
        ),
        *(
            Expected(f"ahead, keys {name}", find("jobs", {**ready, "priority": 0, **keys}, **by_key), ("turns",), True)
            for name, keys in (("from the beginning", {}), ("after the last", {"keyHash": {"$gt": 1}}))
        ),
    ]


def of_fallen(flow: str, past: Document, unheard: list[Document]) -> list[Expected]:
    """Queries for jobs in flight that fell back."""
    wanted: Document = {"_id": 0, "flow": 1, "via": 1, "token": 1, "keyHash": 1}
    waiting: Document = {"state": "WAITING", "via": flow}
    return [
        Expected(
            "claim and counts, jobs that fell back",
            find("jobs", {"via": {"$gt": ""}}, projection=wanted, hint="fallen_back"),
            ("fallen_back",),
            covered=True,
        ),
        *(
            Expected(name, find("jobs", {**waiting, **which}, **rest), ("fallen_back",), sorts=True)
            for name, which, rest in (
                ("list_waiting, fallen back", past, {"sort": {"dueAt": 1}, "limit": 50}),
                ("list_waiting, fallen back, after an outage", {"$or": unheard}, {"sort": {"dueAt": 1}, "limit": 50}),
                ("list_waiting, fallen back, longest", {"$or": unheard}, {"sort": {"heardAt": 1}, "limit": 50}),
            )
        ),
    ]
