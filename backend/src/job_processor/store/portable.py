"""A whole job, kept callback, API key, endpoint of webhooks, entry of the audit or row of the series as one line of
JSON: for backups, and to tell whether two stores hold the same."""

from operator import attrgetter

import msgspec

from job_processor.core.access import ApiKey
from job_processor.core.audit import AuditEntry
from job_processor.core.inbox import Callback
from job_processor.core.job import Job
from job_processor.core.series import Tally
from job_processor.core.series_rows import Row, row_of_id
from job_processor.core.webhooks import Endpoint
from job_processor.store.fields import COLUMNS, OPTIONAL, TEXTS, TYPES, flat, picker
from job_processor.store.record import Record, job_of, record_of

_NAMES = tuple(name for name in TYPES if name in (*COLUMNS, *TEXTS))
_values = picker(_NAMES)
_parts = attrgetter(*COLUMNS, *TEXTS, "record")

Portable = msgspec.defstruct(
    "Portable",
    [
        *((name, TYPES[name], None) if name in (*OPTIONAL, "result") else (name, TYPES[name]) for name in _NAMES),
        ("record", Record),
    ],
    frozen=True,
    kw_only=True,
    omit_defaults=True,
)
"""Every field of a job, named as in the core."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Portable).decode
_decode_callback = msgspec.json.Decoder(Callback).decode
_decode_key = msgspec.json.Decoder(ApiKey).decode
_decode_endpoint = msgspec.json.Decoder(Endpoint).decode
_decode_entry = msgspec.json.Decoder(AuditEntry).decode


class _Row(msgspec.Struct):
    id: str
    tally: Tally


_decode_row = msgspec.json.Decoder(_Row).decode


def dump(job: Job) -> bytes:
    """One line without its newline; the same job gives the same bytes, whatever store it came from."""
    values = flat(job)
    return _encode(Portable(**dict(zip(_NAMES, _values(values), strict=True)), record=record_of(values)))


def load(line: bytes) -> Job:
    """The job of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is not a job."""
    *columns, prompt, result, record = _parts(_decode(line))
    return job_of(tuple(columns), prompt, result, record)


def dump_callback(callback: Callback) -> bytes:
    """One line without its newline; a body is in base64."""
    return _encode(callback)


def load_callback(line: bytes) -> Callback:
    """The callback of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is not a callback."""
    return _decode_callback(line)


def dump_key(key: ApiKey) -> bytes:
    """One line without its newline; it has the hash of the key, as the store has it."""
    return _encode(key)


def load_key(line: bytes) -> ApiKey:
    """The key of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is not a key."""
    return _decode_key(line)


def dump_endpoint(endpoint: Endpoint) -> bytes:
    """One line without its newline; its secrets are sealed, as the store has them."""
    return _encode(endpoint)


def load_endpoint(line: bytes) -> Endpoint:
    """The endpoint of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is not an endpoint."""
    return _decode_endpoint(line)


def dump_entry(entry: AuditEntry) -> bytes:
    """One line without its newline."""
    return _encode(entry)


def load_entry(line: bytes) -> AuditEntry:
    """The entry of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is not an entry."""
    return _decode_entry(line)


def dump_row(row: Row) -> bytes:
    """One line without its newline."""
    return msgspec.json.encode(_Row(row.id, row.tally))


def load_row(line: bytes) -> Row:
    """The row of a line. Raises ``msgspec.DecodeError`` (``ValidationError``) when the line is not a row."""
    found = _decode_row(line)
    return Row(*row_of_id(found.id), found.tally)
