"""Converts between documents and jobs.

Each column of ``store.fields`` is a field of the document; the record is a sub-document. Metadata and result schema,
whose keys are chosen by clients, are stored as JSON text, so that no key is an operator or a path or nested too deep.
``writes`` holds the ids of the last writes: a write whose reply was lost finds out there whether it was applied.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from pymongo.asynchronous.cursor import AsyncCursor

from job_processor.core.fairness import key_hash
from job_processor.core.job import FINAL, Job, State
from job_processor.core.search_tokens import tokens
from job_processor.store import fields
from job_processor.store.base import IdempotencyKey, Summary
from job_processor.store.facets import facets_of, other_texts
from job_processor.store.mongo.client import Document
from job_processor.store.record import Record, RowRecord, RowVerdict, job_of, record_of, summary_of

T = TypeVar("T")
WRITES_KEPT = 8
MAX_WORDS = 1_000
"""Maximum number of distinct words of a job that a search finds it by: each is an entry in an index."""
SEARCHED_CHARACTERS = 65_536
"""Maximum number of characters of each text that are searched, from its beginning."""
PAGE_BYTES = 32 * 1024 * 1024
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError)
"""What converting a foreign document may raise."""
_log = logging.getLogger(__name__)
_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.decode

_OTHER_NAMES = {"id": "_id", "lease_token": "token"}


def named(field: str) -> str:
    """The name in a document of a column of ``store.fields``."""
    first, *others = field.split("_")
    return _OTHER_NAMES.get(field) or first + "".join(word.capitalize() for word in others)


_NEW = tuple(named(name) for name in fields.CREATED[1:])
_CHANGED = (
    *(named(name) for name in (*fields.MOVED, *fields.SEARCHED)),
    *("result", "resultBytes", "record", "notice", "facets"),
)
_REQUIRED = frozenset(named(name) for name in fields.COLUMNS if name not in fields.OPTIONAL)
_COLUMNS = tuple(named(name) for name in fields.COLUMNS)
_new = fields.picker(fields.CREATED[1:])


def new_write_id() -> str:
    return secrets.token_hex(6)


def inserted(job: Job, key: IdempotencyKey | None, now: int) -> Document:
    """All fields of a new job, except its id and birth (those are in the filter of the insert)."""
    values = fields.flat(job)
    changing, _ = _changed_fields(job, values, now)
    document: Document = {
        **{name: value for name, value in zip(_NEW, _new(values), strict=True) if value is not None},
        "prompt": job.prompt,
        "promptBytes": len(job.prompt.encode()),
        "words": words(job),
        **changing,
    }
    if job.tags:
        document["tags"] = list(job.tags)
    if key is not None:
        # A copy, for deleting the key with the job and for restoring it; the key itself is in the collection `keys`.
        document["idempotencyKey"] = key.key
        document["fingerprint"] = key.fingerprint
    return document


def changed(job: Job, now: int) -> tuple[Document, Document]:
    """The fields that a move sets, and those that it unsets."""
    return _changed_fields(job, fields.flat(job), now)


def _changed_fields(job: Job, values: tuple[Any, ...], now: int) -> tuple[Document, Document]:
    after = (
        *fields.moved(job, values, now),
        job.result,
        None if job.result is None else len(job.result.encode()),
        _record(values),
        # One scalar that changes with every move, so that change events contain it whole.
        _encode_json([job.rev, job.state.value, job.flow, job.run_at]).decode(),
        facets_of(job),
    )
    there: Document = {}
    gone: Document = {}
    for name, value in zip(_CHANGED, after, strict=True):
        if value is None:
            gone[name] = ""
        else:
            there[name] = value
    return there, gone


def words(job: Job) -> list[str]:
    """The distinct words of the job's texts, in the order of their first appearance, for text searches."""
    found: dict[str, None] = {}
    for text in (*other_texts(job), job.prompt, job.result or ""):
        for one in tokens(text[:SEARCHED_CHARACTERS]):
            found[one] = None
            if len(found) == MAX_WORDS:
                return list(found)
    return list(found)


def move(job: Job, now: int, write_id: str, before: State | None = None) -> Document:
    """The update of a compare-and-set. The server sets ``changedAt``, so that clock skew does not change the order.

    ``before``: the state from which the job moves, where its texts may have changed.
    """
    there, gone = changed(job, now)
    if job.is_final or job.error is not None or before in FINAL:
        there["words"] = words(job)
    update: Document = {
        "$set": there,
        "$push": {"writes": {"$each": [write_id], "$slice": -WRITES_KEPT}},
        "$currentDate": {"changedAt": True},
    }
    if gone:
        update["$unset"] = gone
    return update


def due_at_of_lease(until: int) -> Document:
    """``Job.due_at`` of a RUNNING job whose lease lasts until then, as MongoDB computes it."""
    return {"$min": [until, {"$ifNull": ["$deadline", until]}]}


def to_job(document: Document) -> Job:
    """The job of a whole document. Raises one of UNREADABLE."""
    record = msgspec.convert(_fields(document["record"], document.get("tags", ())), Record)
    return job_of(_columns(document), document["prompt"], document.get("result"), record)


def is_job(document: Document) -> bool:
    """A quick check whether this is a job: anything may have been put into the collection."""
    return "record" in document and "prompt" in document and "rev" in document


def each(found: Iterable[Document], convert: Callable[[Document], T]) -> list[T]:
    """The documents, converted. One that is not a job is logged and left out, so that it does not hold up the
    others."""
    read = []
    for one in found:
        try:
            read.append(convert(one))
        except UNREADABLE as error:
            _log.warning("the document %r in jobs is not a job (%s)", one.get("_id"), type(error).__name__)
    return read


async def page(found: "AsyncCursor[Document]") -> list[Document]:
    """Whole documents, until their texts have ``PAGE_BYTES``, which limits the memory that one page takes."""
    documents: list[Document] = []
    size = 0
    async with found:
        async for one in found:
            documents.append(one)
            size += one.get("promptBytes", 0) + (one.get("resultBytes") or 0)
            if size >= PAGE_BYTES:
                break
    return documents


_LISTED = (
    *_COLUMNS[1:],
    "tags",
    *(f"record.{name}" for name in fields.ROW if name not in ("tags", "verdict")),
    *(f"record.verdict.{name}" for name in RowVerdict.__struct_fields__),
)
"""What a list reads of a document besides its texts."""


def of_a_row(clip: int | None) -> Document:
    """The projection of a list. It clips by code points, so it splits no character. ``None``: without the texts."""
    listed: Document = dict.fromkeys(_LISTED, 1)
    if clip is None:
        return listed
    return {
        **listed,
        **{"promptBytes": 1, "resultBytes": 1},
        "prompt": {"$substrCP": ["$prompt", 0, clip]},
        "result": {"$substrCP": ["$result", 0, clip]},
    }


def to_summary(document: Document) -> Summary:
    """The row of a list from a document of ``of_a_row``. Raises one of UNREADABLE."""
    size = document.get("resultBytes")
    record = msgspec.convert(_fields(document["record"], document.get("tags", ())), RowRecord)
    # $substrCP of a missing field is an empty text.
    result = None if size is None else document["result"]
    prompt, prompt_bytes = document.get("prompt", ""), document.get("promptBytes", 0)
    return summary_of(_columns(document), prompt, result, record, prompt_bytes, size)


def _columns(document: Document) -> tuple[Any, ...]:
    if not document.keys() >= _REQUIRED:
        raise KeyError(*(_REQUIRED - document.keys()))
    return tuple(map(document.get, _COLUMNS))


def _record(values: tuple[Any, ...]) -> Document:
    record: Document = msgspec.to_builtins(record_of(values))
    record.pop("tags", None)
    for name in fields.FREE_JSON:
        if name in record:
            record[name] = _encode_json(record[name]).decode()
    return record


def _fields(record: Mapping[str, Any], tags: object) -> dict[str, Any]:
    found = dict(record)
    for name in fields.FREE_JSON:
        if name in found:
            found[name] = _decode_json(found[name])
    found["tags"] = tags
    return found


def key_hash_of(document: Document) -> int:
    """The hash of the job's key. Not its ``keyHash``, which jobs of older versions get when they are claimed."""
    record = document["record"]
    return key_hash(record.get("key"), record.get("owner", ""))
