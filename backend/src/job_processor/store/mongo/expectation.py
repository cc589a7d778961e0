"""The expected plan of a query, and short functions for writing queries."""

from dataclasses import dataclass

from job_processor.core.job import FINAL, State
from job_processor.store.mongo.client import Document

OPEN = sorted(state.value for state in State if state not in FINAL)
ID_INDEX = "_id_"
LATER = "f" * 24


@dataclass(frozen=True, slots=True)
class Expected:
    """A query and its expected plan.

    ``indexes``: any of these is used; empty: none is needed, because the collection is small. ``covered``: no document
    is read, only the index. ``sorts``: a few documents are sorted in memory.
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
