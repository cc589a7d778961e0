"""The queries of the series, for the table of ``expected``."""

from job_processor.store.mongo.client import Document
from job_processor.store.mongo.expectation import ID_INDEX, LATER, Expected, find


def of_series() -> list[Expected]:
    span: Document = {"_id": {"$gte": "m-1", "$lt": "m-2"}}
    noted: Document = {"talliesMark": {"$gt": ""}}
    return [
        Expected("series", find("series", span), (ID_INDEX,)),
        Expected("series_of_keys", find("series", {"_id": {"$gte": "k-1", "$lt": "k-2"}}), (ID_INDEX,)),
        Expected("series, a row", find("series", {"_id": "m-1-f"}), (ID_INDEX,)),
        Expected("prune_series", find("series", span, projection={"_id": 1}, limit=500), (ID_INDEX,)),
        Expected("list_series", find("series", {"_id": {"$gt": "m-1"}}, sort={"_id": 1}, limit=200), (ID_INDEX,)),
        Expected("series, the ledger", find("seriesMeta", {"_id": "ledger"}), ()),
        Expected("roll_up_series", find("jobs", noted, limit=500), ("tallies",)),
        Expected("roll_up_series of jobs", find("jobs", {**noted, "_id": {"$in": [LATER]}}), (ID_INDEX, "tallies")),
        Expected("roll_up_series of a job, done?", find("jobs", {**noted, "_id": LATER}), (ID_INDEX, "tallies")),
    ]
