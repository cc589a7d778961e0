"""Between a document and a job.

What queries need stands in fields of its own; the rest is the Record as a sub-document. Metadata and schema,
whose keys are a client's, are kept as JSON text, so that no key is ever an operator, a path or too deep.
``writes`` holds the ids of the last writes: how a write whose answer was lost finds out whether it landed.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from pymongo.asynchronous.cursor import AsyncCursor

from job_processor.core.job import Job, State
from job_processor.store.base import IdempotencyKey, Summary
from job_processor.store.mongo.client import Document
from job_processor.store.record import Record, from_record, to_record
from job_processor.store.row import RowRecord, summary

T = TypeVar("T")
WRITES_KEPT = 8
PAGE_BYTES = 32 * 1024 * 1024
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError)
"""What reading a document raises that is not as ours are."""
_log = logging.getLogger(__name__)
_STATES = {s.value: s for s in State}
_FREE_KEYS = ("metadata", "result_schema")
_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.decode

NOTICE_FIELDS = ("rev", "state", "flow", "runAt")


def new_write_id() -> str:
    return secrets.token_hex(6)


def inserted(job: Job, key: IdempotencyKey | None, now: int) -> Document:
    """All fields of a new job but its id and birth (those are in the filter of the insert)."""
    changing, _ = changed(job, now)
    document: Document = {
        "flow": job.flow,
        "priority": job.priority,
        "createdAt": job.created_at,
        "prompt": job.prompt,
        "promptBytes": len(job.prompt.encode()),
        **changing,
    }
    if job.tags:
        document["tags"] = list(job.tags)
    if key is not None:
        # For whoever deletes the job, or puts the key back: the key itself stands in a collection of its own.
        document["idempotencyKey"] = key.key
        document["fingerprint"] = key.fingerprint
    return document


def changed(job: Job, now: int) -> tuple[Document, Document]:
    """What a move sets, and what it takes away."""
    lease = job.lease
    fields: Document = {
        "state": job.state.value,
        "rev": job.rev,
        "runAt": job.run_at,
        # 1: PENDING and due, 0: PENDING with a future run_at. It keeps future jobs out of the index that claims read.
        "ready": (1 if job.run_at <= now else 0) if job.state is State.PENDING else None,
        "attempt": job.attempt,
        "token": None if lease is None else lease.token,
        "leaseUntil": None if lease is None else lease.until,
        "executionId": job.attempts[-1].execution_id if lease is not None and job.attempts else None,
        "dueAt": job.due_at(),
        "heardAt": job.heard_at(),
        "deadline": job.deadline,
        "updatedAt": job.updated_at,
        "finishedAt": job.finished_at,
        "result": job.result,
        "resultBytes": None if job.result is None else len(job.result.encode()),
        "record": _record(job),
        # One scalar that changes with every move: change streams then carry it whole, whatever else they abridge.
        "notice": _encode_json([job.rev, job.state.value, job.flow, job.run_at]).decode(),
    }
    there = {name: value for name, value in fields.items() if value is not None}
    return there, {name: "" for name, value in fields.items() if value is None}


def move(job: Job, now: int, write_id: str) -> Document:
    """The update of a compare-and-set. The server stamps ``changedAt``, so that no process's clock orders changes."""
    there, gone = changed(job, now)
    update: Document = {
        "$set": there,
        "$push": {"writes": {"$each": [write_id], "$slice": -WRITES_KEPT}},
        "$currentDate": {"changedAt": True},
    }
    if gone:
        update["$unset"] = gone
    return update


def to_job(document: Document) -> Job:
    return from_record(
        _from_record(document["record"], document.get("tags", ())),
        id=document["_id"],
        prompt=document["prompt"],
        flow=document["flow"],
        state=_STATES[document["state"]],
        rev=document["rev"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        run_at=document["runAt"],
        priority=document["priority"],
        attempt=document["attempt"],
        lease_token=document.get("token"),
        lease_until=document.get("leaseUntil"),
        finished_at=document.get("finishedAt"),
        result=document.get("result"),
    )


def is_job(document: Document) -> bool:
    """At a glance: anybody may have put anything into the collection."""
    return "record" in document and "prompt" in document and "rev" in document


def each(found: Iterable[Document], convert: Callable[[Document], T]) -> list[T]:
    """What the documents say. One that is not ours, by whoever's hand, is left out and logged: it must stop nobody."""
    read = []
    for one in found:
        try:
            read.append(convert(one))
        except UNREADABLE as error:
            _log.warning("the document %r in jobs is not a job (%s)", one.get("_id"), type(error).__name__)
    return read


async def page(found: "AsyncCursor[Document]") -> list[Document]:
    """Whole documents until their texts are ``PAGE_BYTES``: a process has room for some large ones, not for many."""
    documents: list[Document] = []
    size = 0
    async with found:
        async for one in found:
            documents.append(one)
            size += one.get("promptBytes", 0) + (one.get("resultBytes") or 0)
            if size >= PAGE_BYTES:
                break
    return documents


_OF_A_RECORD = (
    *("max_attempts", "failures", "deadline", "error", "snooze", "refusals", "progress", "metadata", "replay_of"),
    *("verdict.kind", "verdict.error", "verdict.schema_errors", "verdict.warnings", "verdict.note"),
)


def of_a_row(clip: int) -> Document:
    """The projection of a list. Counts code points, so it splits none."""
    whole = (
        *("flow", "state", "rev", "runAt", "priority", "attempt", "leaseUntil", "createdAt", "updatedAt"),
        *("finishedAt", "tags", "promptBytes", "resultBytes"),
        *(f"record.{name}" for name in _OF_A_RECORD),
    )
    return {
        **dict.fromkeys(whole, 1),
        "prompt": {"$substrCP": ["$prompt", 0, clip]},
        "result": {"$substrCP": ["$result", 0, clip]},
    }


def to_summary(document: Document) -> Summary:
    size = document.get("resultBytes")
    return summary(
        msgspec.convert(_fields(document["record"], document.get("tags", ())), RowRecord),
        id=document["_id"],
        prompt=document["prompt"],
        flow=document["flow"],
        state=_STATES[document["state"]],
        rev=document["rev"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        run_at=document["runAt"],
        priority=document["priority"],
        attempt=document["attempt"],
        lease_until=document.get("leaseUntil"),
        finished_at=document.get("finishedAt"),
        # A part of nothing is an empty text to MongoDB.
        result=None if size is None else document["result"],
        prompt_bytes=document["promptBytes"],
        result_bytes=size,
    )


def _record(job: Job) -> Document:
    record: Document = msgspec.to_builtins(to_record(job))
    record.pop("tags", None)
    for name in _FREE_KEYS:
        if name in record:
            record[name] = _encode_json(record[name]).decode()
    return record


def _from_record(record: Mapping[str, Any], tags: object) -> Record:
    return msgspec.convert(_fields(record, tags), Record)


def _fields(record: Mapping[str, Any], tags: object) -> dict[str, Any]:
    fields = dict(record)
    for name in _FREE_KEYS:
        if name in fields:
            fields[name] = _decode_json(fields[name])
    fields["tags"] = tags
    return fields
