"""A whole job or kept callback as one line of JSON: for backups, and to tell whether two stores hold the same."""

import msgspec

from job_processor.core.inbox import Callback
from job_processor.core.job import Job, State
from job_processor.store.record import Record, from_record, to_record


class Portable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every field of a job, named as in the core."""

    id: str
    prompt: str
    flow: str
    state: State
    rev: int
    created_at: int
    updated_at: int
    run_at: int
    priority: int
    attempt: int
    lease_token: str | None = None
    lease_until: int | None = None
    finished_at: int | None = None
    result: str | None = None
    record: Record


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Portable).decode
_decode_callback = msgspec.json.Decoder(Callback).decode


def dump(job: Job) -> bytes:
    """One line without its newline; the same job gives the same bytes, whatever store it came from."""
    return _encode(
        Portable(
            id=job.id,
            prompt=job.prompt,
            flow=job.flow,
            state=job.state,
            rev=job.rev,
            created_at=job.created_at,
            updated_at=job.updated_at,
            run_at=job.run_at,
            priority=job.priority,
            attempt=job.attempt,
            lease_token=None if job.lease is None else job.lease.token,
            lease_until=None if job.lease is None else job.lease.until,
            finished_at=job.finished_at,
            result=job.result,
            record=to_record(job),
        )
    )


def dump_callback(callback: Callback) -> bytes:
    """One line without its newline; a body is in base64."""
    return _encode(callback)


def load_callback(line: bytes) -> Callback:
    """Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is none."""
    return _decode_callback(line)


def load(line: bytes) -> Job:
    """The job of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when it is none."""
    p = _decode(line)
    return from_record(
        p.record,
        id=p.id,
        prompt=p.prompt,
        flow=p.flow,
        state=p.state,
        rev=p.rev,
        created_at=p.created_at,
        updated_at=p.updated_at,
        run_at=p.run_at,
        priority=p.priority,
        attempt=p.attempt,
        lease_token=p.lease_token,
        lease_until=p.lease_until,
        finished_at=p.finished_at,
        result=p.result,
    )
