"""Converts between rows and jobs."""

from collections.abc import Iterable
from typing import Any

import msgspec
import structlog

from job_processor.core.errors import JobDamaged
from job_processor.core.job import Job, State
from job_processor.store import fields
from job_processor.store.base import Summary
from job_processor.store.record import Record, RowRecord, job_of, record_of, summary_of


class _Grouped(msgspec.Struct):
    tags: tuple[str, ...] = ()
    key: str | None = None


log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode
_decode_row = msgspec.msgpack.Decoder(RowRecord).decode
_decode_grouped = msgspec.msgpack.Decoder(_Grouped).decode

Row = tuple[Any, ...]
"""A row as SQLite returns it. STRICT tables guarantee the types that this code relies on."""

COLUMNS = ", ".join(f"j.{name}" for name in (*fields.COLUMNS, "record"))
# As bytes, so that a damaged one (no UTF-8) does not stop the query before the rows after it.
TEXTS = "CAST(p.prompt AS BLOB), CAST(r.result AS BLOB)"
WHOLE = f"SELECT {COLUMNS}, {TEXTS} FROM jobs j JOIN prompts p ON p.n = j.n LEFT JOIN results r ON r.n = j.n"

_RECORD = len(fields.COLUMNS)
"""Where the record is in a row of COLUMNS."""


def to_jobs(found: Iterable[Row]) -> list[Job]:
    """The jobs of these rows. A damaged one is logged and left out, so that it does not hold up the others."""
    jobs: list[Job] = []
    for row in found:
        try:
            jobs.append(to_job(row))
        except JobDamaged:
            log.error("job_damaged", job=row[0])
    return jobs


def to_job(row: Row) -> Job:
    """The job of a row of WHOLE. Raises ``JobDamaged``."""
    try:
        return _to_job(row)
    except (ValueError, KeyError, msgspec.DecodeError):
        # Without its cause, whose message may contain a part of the text.
        raise JobDamaged(f"The job {row[0]} is damaged.") from None


def _to_job(row: Row) -> Job:
    record, prompt, result = row[_RECORD : _RECORD + 3]
    return job_of(row[:_RECORD], prompt.decode(), None if result is None else result.decode(), _decode(record))


def to_summary(columns: Row, prompt: str, prompt_bytes: int, result: str | None, result_bytes: int | None) -> Summary:
    """The row of a list: ``columns`` as COLUMNS names them. Raises ``JobDamaged``."""
    try:
        record = _decode_row(columns[_RECORD])
        return summary_of(columns[:_RECORD], prompt, result, record, prompt_bytes, result_bytes)
    except (ValueError, KeyError, msgspec.DecodeError):
        raise JobDamaged(f"The job {columns[0]} is damaged.") from None


def tags(record: bytes) -> tuple[str, ...]:
    """The tags in a record."""
    return _decode_grouped(record).tags


def key(record: bytes) -> str | None:
    """The job's key in a record."""
    return _decode_grouped(record).key


def ask_moved(record: bytes, by: int) -> tuple[bytes, int | None]:
    """The record with its ``ask_at`` moved by this many milliseconds, and the new ``ask_at``."""
    found = msgspec.msgpack.decode(record, type=dict[str, Any])
    ask_at = found.get("ask_at")
    if ask_at is None:
        return record, None
    return _encode(found | {"ask_at": ask_at + by}), ask_at + by


_CHANGED = (*fields.MOVED, *fields.SEARCHED)
INSERT = (
    f"INSERT INTO jobs (seq, place, record, {', '.join((*fields.CREATED, *_CHANGED))}) "
    f"VALUES ({', '.join('?' * (3 + len(fields.CREATED) + len(_CHANGED)))})"
)
_created = fields.picker(fields.CREATED)


def insert_values(job: Job, seq: int, now: int, place: int) -> Row:
    """The values of INSERT. ``place``: in the turns of the keys (``ring``)."""
    values = fields.flat(job)
    return (seq, place, _encode(record_of(values)), *_created(values), *fields.moved(job, values, now))


# The guard of a compare-and-set is in the WHERE; a claim inside its own transaction uses it too.
_SET = f"seq=?, place=?, record=?, {', '.join(f'{name}=?' for name in _CHANGED)}"
_GUARD = "id=? AND state=? AND rev=? AND lease_token IS ? AND lease_until IS coalesce(?, lease_until)"
UPDATE = f"UPDATE jobs SET {_SET} WHERE {_GUARD}"
CLAIM = f"UPDATE jobs SET counted_key=?, {_SET} WHERE {_GUARD}"
"""As UPDATE, after the key's hash if the flow counts what each key has in flight (``key_rates``)."""


def due_at_of_lease(until: str) -> str:
    """SQL for ``Job.due_at`` of a job whose lease lasts until ``until`` (SQL) and that has no earlier ``ask_at``."""
    return f"min({until}, coalesce(deadline, {until}))"


def update_values(
    job: Job,
    seq: int,
    now: int,
    place: int,
    state: State,
    rev: int,
    token: str | None,
    lease_until: int | None = None,
) -> Row:
    """The values of UPDATE. ``place``: in the turns of the keys (``ring``); from ``state`` on: what must still be
    stored."""
    values = fields.flat(job)
    changed = fields.moved(job, values, now)
    return (seq, place, _encode(record_of(values)), *changed, job.id, state, rev, token, lease_until)
