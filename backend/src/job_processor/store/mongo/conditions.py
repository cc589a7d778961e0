"""A query as a filter of MongoDB."""

import re

from job_processor.core.search_tokens import tokens, words_of
from job_processor.store.base import Phrase, Query
from job_processor.store.facets import text_of
from job_processor.store.mongo.client import Document

SHORTEST_START = 2
"""Minimum length in characters of a word for a prefix search."""
_BETWEEN = "[\\x00-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\xbf\\x{2000}-\\x{206f}]+"
"""Pattern of the characters between two words of a phrase."""
_NEVER: Document = {"_id": {"$in": []}}


def conditions(query: Query, of_the_key: frozenset[str] | None = None) -> Document:
    """``of_the_key``: the ids of the jobs that have the idempotency key, if the query names one."""
    parts: list[Document] = []
    ids = query.ids
    if of_the_key is not None:
        ids = of_the_key if ids is None else ids & of_the_key
    if bounds := _id_bounds(query, ids):
        parts.append({"_id": bounds})
    if query.states:
        parts.append({"state": {"$in": sorted(state.value for state in query.states)}})
    if query.flow is not None:
        parts.append({"flow": query.flow})
    if query.flows is not None:
        parts.append({"flow": {"$in": sorted(query.flows)}})
    if query.batch is not None:
        parts.append({"batchId": query.batch})
    if query.tag is not None:
        parts.append({"tags": query.tag})
    parts += [{"tags": tag} for tag in sorted(query.tags)]
    parts += [{"facets": text_of(facet)} for facet in sorted(query.facets)]
    low, high = query.attempts
    if low is not None:
        parts.append({"attempt": {"$gte": low}})
    if high is not None:
        parts.append({"attempt": {"$lte": high}})
    if query.created_after is not None:
        parts.append({"createdAt": {"$gte": query.created_after}})
    if query.created_before is not None:
        parts.append({"createdAt": {"$lt": query.created_before}})
    if query.finished_after is not None:
        parts.append({"finishedAt": {"$gte": query.finished_after}})
    if query.finished_before is not None:
        parts.append({"finishedAt": {"$lt": query.finished_before}})
    for phrase in query.phrases:
        parts += _phrase(phrase)
    parts += _without(query)
    return {"$and": parts} if parts else {}


def _without(query: Query) -> list[Document]:
    parts: list[Document] = []
    if query.without_flows:
        parts.append({"flow": {"$nin": sorted(query.without_flows)}})
    if query.without_tags:
        parts.append({"tags": {"$nin": sorted(query.without_tags)}})
    if query.without_batches:
        parts.append({"batchId": {"$nin": sorted(query.without_batches)}})
    if query.without_facets:
        parts.append({"facets": {"$nin": sorted(map(text_of, query.without_facets))}})
    parts += [{"$nor": [{"_id": {"$gte": start, "$lt": f"{start}g"}}]} for start in sorted(query.without_id_starts)]
    parts += [{"$nor": [{"$and": _phrase(phrase)}]} for phrase in query.without_phrases]
    return parts


def _id_bounds(query: Query, these: frozenset[str] | None) -> Document:
    """Bounds of the ids in the list, so that every index of a list is read only in this range."""
    bounds = {
        "$lt": query.end_id,
        "$gte": query.first_id,
        "$gt": query.after,
        "$in": None if these is None else sorted(these),
    }
    return {operator: ids for operator, ids in bounds.items() if ids is not None}


def _phrase(phrase: Phrase) -> list[Document]:
    """Every word is looked up in the index. If there are several, the texts that contain all of them are checked for
    their order, and in this check accents count."""
    words = list(tokens(phrase.text))
    if not words:
        return [_NEVER]
    parts: list[Document] = [{"words": word} for word in words]
    if phrase.starts and len(words[-1]) >= SHORTEST_START:
        parts[-1] = {"words": {"$regex": f"^{re.escape(words[-1])}"}}
    if len(words) > 1:
        wanted = {"$regex": _BETWEEN.join(map(re.escape, words_of(phrase.text))), "$options": "i"}
        texts = ("prompt", "result", "record.error.message", "record.metadata")
        parts.append({"$or": [{text: wanted} for text in texts]})
    return parts
