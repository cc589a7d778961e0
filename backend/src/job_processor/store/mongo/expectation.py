"""What a query is expected to cost, and short words for queries."""

from dataclasses import dataclass

from job_processor.core.job import FINAL, State
from job_processor.store.mongo.client import Document

OPEN = sorted(state.value for state in State if state not in FINAL)
ID_INDEX = "_id_"
LATER = "f" * 24


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


def find(collection: str, where: Document, **rest: object) -> Document:
    return {"find": collection, "filter": where, **rest}


def listed(*parts: Document) -> Document:
    return find("jobs", {"$and": list(parts)} if parts else {}, sort={"_id": -1}, limit=50)


def only(name: str) -> Document:
    return {"_id": 0, name: 1}
