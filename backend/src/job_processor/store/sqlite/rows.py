"""Between a row and a job."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import structlog

from job_processor.core.errors import JobDamaged
from job_processor.core.job import Job, State
from job_processor.store.base import Summary
from job_processor.store.record import Record, from_record, to_record
from job_processor.store.row import RowRecord, summary

log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode
_decode_row = msgspec.msgpack.Decoder(RowRecord).decode

Row = tuple[Any, ...]
"""As SQLite gives it; STRICT tables keep the types that the code here relies on."""

COLUMNS = (
    "j.id, j.flow, j.state, j.rev, j.created_at, j.updated_at, j.run_at, j.priority, j.attempt, "
    "j.lease_token, j.lease_until, j.finished_at, j.record"
)
# The texts as bytes: one that is damaged must not end the reading of the rows after it.
WHOLE = (
    f"SELECT {COLUMNS}, CAST(p.prompt AS BLOB), CAST(r.result AS BLOB) "
    "FROM jobs j JOIN prompts p ON p.n = j.n LEFT JOIN results r ON r.n = j.n"
)

_STATES = {s.value: s for s in State}


def to_jobs(found: Iterable[Row]) -> list[Job]:
    """The jobs of these rows; one that is damaged is left out, and said in the log: it must not hold up the others."""
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
        # Not with its cause, in whose message a text may stand.
        raise JobDamaged(f"The job {row[0]} is damaged.") from None


def _to_job(row: Row) -> Job:
    (
        id_,
        flow,
        state,
        rev,
        created_at,
        updated_at,
        run_at,
        priority,
        attempt,
        lease_token,
        lease_until,
        finished_at,
        record,
        prompt,
        result,
    ) = row[:15]
    return from_record(
        _decode(record),
        id=id_,
        prompt=prompt.decode(),
        flow=flow,
        state=_STATES[state],
        rev=rev,
        created_at=created_at,
        updated_at=updated_at,
        run_at=run_at,
        priority=priority,
        attempt=attempt,
        lease_token=lease_token,
        lease_until=lease_until,
        finished_at=finished_at,
        result=None if result is None else result.decode(),
    )


def to_summary(
    columns: Sequence[Any], prompt: str, prompt_bytes: int, result: str | None, result_bytes: int | None
) -> Summary:
    """The row of a list: ``columns`` as COLUMNS names them. Raises ``JobDamaged``."""
    try:
        return _to_summary(columns, prompt, prompt_bytes, result, result_bytes)
    except (ValueError, KeyError, msgspec.DecodeError):
        raise JobDamaged(f"The job {columns[0]} is damaged.") from None


def _to_summary(
    columns: Sequence[Any], prompt: str, prompt_bytes: int, result: str | None, result_bytes: int | None
) -> Summary:
    id_, flow, state, rev, created_at, updated_at, run_at, priority, attempt, _, lease_until, finished_at, record = (
        columns
    )
    return summary(
        _decode_row(record),
        id=id_,
        prompt=prompt,
        flow=flow,
        state=_STATES[state],
        rev=rev,
        created_at=created_at,
        updated_at=updated_at,
        run_at=run_at,
        priority=priority,
        attempt=attempt,
        lease_until=lease_until,
        finished_at=finished_at,
        result=result,
        prompt_bytes=prompt_bytes,
        result_bytes=result_bytes,
    )


def tags(record: bytes) -> tuple[str, ...]:
    return _decode_row(record).tags


def ask_moved(record: bytes, by: int) -> tuple[bytes, int | None]:
    """The record with its ``ask_at`` moved by so many milliseconds, and what that is now."""
    kept = _decode(record)
    ask_at = None if kept.ask_at is None else kept.ask_at + by
    return _encode(msgspec.structs.replace(kept, ask_at=ask_at)), ask_at


def ready_flag(job: Job, now: int) -> int | None:
    if job.state is not State.PENDING:
        return None
    return 1 if job.run_at <= now else 0


INSERT = (
    "INSERT INTO jobs (id, seq, state, flow, priority, run_at, ready, rev, attempt, lease_token, lease_until, "
    "execution_id, due_at, heard_at, deadline, "
    "created_at, updated_at, finished_at, record) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)


def insert_values(job: Job, seq: int, now: int) -> tuple[str | int | bytes | None, ...]:
    lease = job.lease
    return (
        job.id,
        seq,
        job.state.value,
        job.flow,
        job.priority,
        job.run_at,
        ready_flag(job, now),
        job.rev,
        job.attempt,
        lease.token if lease is not None else None,
        lease.until if lease is not None else None,
        job.attempts[-1].execution_id if lease is not None and job.attempts else None,
        job.due_at(),
        job.heard_at(),
        job.deadline,
        job.created_at,
        job.updated_at,
        job.finished_at,
        _encode(to_record(job)),
    )


# The guard of a compare-and-set is in the WHERE; a claim inside its own transaction uses it too.
UPDATE = (
    "UPDATE jobs SET seq=?, state=?, run_at=?, ready=?, rev=?, attempt=?, lease_token=?, lease_until=?, "
    "execution_id=?, due_at=?, heard_at=?, deadline=?, "
    "updated_at=?, finished_at=?, record=? WHERE id=? AND state=? AND rev=? AND lease_token IS ? "
    "AND lease_until IS coalesce(?, lease_until)"
)


def update_values(
    job: Job, seq: int, now: int, state: State, rev: int, token: str | None, lease_until: int | None = None
) -> tuple[str | int | bytes | None, ...]:
    lease = job.lease
    return (
        seq,
        job.state.value,
        job.run_at,
        ready_flag(job, now),
        job.rev,
        job.attempt,
        lease.token if lease is not None else None,
        lease.until if lease is not None else None,
        job.attempts[-1].execution_id if lease is not None and job.attempts else None,
        job.due_at(),
        job.heard_at(),
        job.deadline,
        job.updated_at,
        job.finished_at,
        _encode(to_record(job)),
        job.id,
        state.value,
        rev,
        token,
        lease_until,
    )
