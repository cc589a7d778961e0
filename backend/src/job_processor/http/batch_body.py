"""Reads the body of a batch as it arrives, as NDJSON or as one JSON object, and checks its lines in a thread."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import ClientDisconnect, Request

from job_processor.core.batch import MAX_LINES
from job_processor.http import models as s
from job_processor.http.batch_lines import Cut, Lines, Splitter, elements, spans
from job_processor.http.body import MAX_BODY_BYTES, check_free_form, decode, header
from job_processor.http.problems import RequestRefused, invalid
from job_processor.http.query import parse, value_hint
from job_processor.http.submission import MAX_METADATA_BYTES

MAX_BATCH_BYTES = 64 * 1024 * 1024
CHECK_BYTES = 512 * 1024
"""Lines are checked in groups of about this many bytes."""
NDJSON = "application/x-ndjson"
_NDJSON = frozenset({NDJSON.encode(), b"application/ndjson", b"application/jsonl", b"application/x-jsonlines"})
_BOOL = value_hint("must be true or false")
_Name = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=s.NO_NUL, extra=value_hint("must have 1 to 200 characters, and no NUL")),
]
_Flow = Annotated[
    str,
    Meta(min_length=1, max_length=64, pattern=s.NO_NUL, extra=value_hint("must have 1 to 64 characters, and no NUL")),
]
_Key = Annotated[
    str,
    Meta(min_length=1, max_length=128, pattern=s.NO_NUL, extra=value_hint("must have 1 to 128 characters, and no NUL")),
]
_Days = Annotated[
    int,
    Meta(
        ge=1,
        le=s.MAX_RETENTION_DAYS,
        description="how long the batch is kept with its jobs after its end",
        extra=value_hint(f"must be a whole number of days from 1 to {s.MAX_RETENTION_DAYS}"),
    ),
]
_Deadline = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": s.YEARS})]
_Webhook = Annotated[
    str,
    Meta(
        min_length=10, max_length=2_048, pattern=s.NO_NUL, extra=value_hint("must be a URL of at most 2,048 characters")
    ),
]
_NAME = re.compile(rb'\s*("[^"\\]*+(?>(?:\\.[^"\\]*+)*)")\s*:', re.DOTALL)
_encode = msgspec.json.Encoder(order="sorted").encode


class BatchParams(msgspec.Struct, frozen=True, rename="camel"):
    """The options of a batch whose body is NDJSON, which has no place for them."""

    name: Annotated[_Name | None, Meta(description="name of the batch, for people")] = None
    flow: Annotated[_Flow | None, Meta(description="the flow of lines that name none")] = None
    deadline: Annotated[_Deadline | None, Meta(description="the deadline of lines that have none")] = None
    partial: Annotated[
        Literal["true", "false"], Meta(description="store the valid lines even if others are invalid", extra=_BOOL)
    ] = "false"
    retention_days: _Days | None = None
    metadata: Annotated[str | None, Meta(description="a JSON object of at most 16 KiB")] = None
    webhook_url: Annotated[_Webhook | None, Meta(description="the URL that gets a webhook when the batch ends")] = None
    key: Annotated[_Key | None, Meta(description="the key of lines that have none")] = None


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """``digest``: SHA-256 of the body and of the options in the query."""

    options: s.BatchOptions
    lines: Lines
    digest: str


async def read_batch(request: Request, take: Callable[[int], None], *, private_webhooks: bool) -> ReadBatch:
    """The batch in the body. ``take`` is called with the size of each piece that is kept, and may refuse it.
    ``private_webhooks``: webhooks may be sent to private addresses.

    Raises ``RequestRefused``: 400, 413, 415 and 422. Invalid lines raise nothing; they are in the result.
    """
    params, lines = parse(request.query_params, BatchParams), Lines(private_webhooks=private_webhooks)
    media = (header(request, b"content-type") or b"").partition(b";")[0].strip().lower()
    if (header(request, b"content-encoding") or b"identity").lower() != b"identity":
        raise RequestRefused(415, "unsupported_encoding", "Send the body without Content-Encoding.")
    length = header(request, b"content-length") or b""
    if length.isdigit() and int(length) > MAX_BATCH_BYTES:
        raise _too_large()
    if media in _NDJSON:
        read = await _read_lines(request, _options_of(params), lines, take)
    elif media == b"application/json" or media.endswith(b"+json"):
        read = await _read_object(request, lines, take)
    else:
        raise RequestRefused(415, "unsupported_media_type", f"The Content-Type must be {NDJSON} or application/json.")
    if read.options.metadata:
        check_free_form("metadata", read.options.metadata, MAX_METADATA_BYTES)
    if not read.lines.number:
        raise invalid("jobs", f"must have 1 to {MAX_LINES} lines")
    return read


async def _read_lines(
    request: Request, options: s.BatchOptions, lines: Lines, take: Callable[[int], None]
) -> ReadBatch:
    splitter, digest = Splitter(), hashlib.sha256(_encode(options) + b"\n")
    waiting: list[Cut] = []
    size = 0
    async for chunk in _chunks(request, take):
        digest.update(chunk)
        size += len(chunk)
        waiting += splitter.feed(chunk)
        if size >= CHECK_BYTES:
            await asyncio.to_thread(lines.check, waiting)
            waiting, size = [], 0
    await asyncio.to_thread(lines.check, [*waiting, *splitter.close()])
    return ReadBatch(options, lines, digest.hexdigest())


class _Outer(msgspec.Struct):
    jobs: msgspec.Raw


class _Around(s.BatchOptions, kw_only=True):
    jobs: list[int]


class _Whole(s.BatchOptions, kw_only=True):
    jobs: msgspec.Raw


async def _read_object(request: Request, lines: Lines, take: Callable[[int], None]) -> ReadBatch:
    if request.query_params:
        raise invalid("query", "must be empty: the options of a batch in JSON are fields of its body")
    body = bytearray()
    async for chunk in _chunks(request, take):
        body += chunk
    return await asyncio.to_thread(_parsed_object, bytes(body), lines)


def _parsed_object(body: bytes, lines: Lines) -> ReadBatch:
    """Check the options like any other body, with an empty list in place of the jobs; then the jobs one by one."""
    try:
        array = bytes(msgspec.json.decode(body, type=_Outer).jobs)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        array = b""
    if array[:1] != b"[":
        # This raises with the reason, unless the body is too long to look at as a whole.
        decode(body if len(body) <= MAX_BODY_BYTES else b"", _Whole)
        raise invalid("jobs", "must be an array of jobs")
    # Checked before the options are parsed: only the jobs may be long.
    if len(body) - len(array) > MAX_BODY_BYTES:
        raise invalid("the body", f"must have at most {MAX_BODY_BYTES} bytes beside its jobs")
    around = b"{%b}" % b",".join(_without_value(body[start:end]) for start, end in spans(body))
    inner = decode(around, _Around)
    for cut in elements(array):
        lines.check([cut])
    return ReadBatch(_without_jobs(inner), lines, hashlib.sha256(body).hexdigest())


def _without_value(member: bytes) -> bytes:
    """The member of an object, unchanged; ``jobs`` with an empty list as its value."""
    name = _NAME.match(member)
    is_jobs = name is not None and msgspec.json.decode(name[1], type=str) == "jobs"
    return b'"jobs":[]' if is_jobs else member


def _without_jobs(inner: _Around) -> s.BatchOptions:
    return s.BatchOptions(**{name: getattr(inner, name) for name in s.BatchOptions.__struct_fields__})


def _options_of(params: BatchParams) -> s.BatchOptions:
    metadata: s.JsonObject = {}
    if params.metadata is not None:
        try:
            metadata = decode(b'{"metadata":%b}' % params.metadata.encode(), s.BatchOptions).metadata
        except RequestRefused:
            raise invalid("metadata", "must be a JSON object") from None
    return s.BatchOptions(
        name=params.name,
        flow=params.flow,
        deadline=params.deadline,
        partial=params.partial == "true",
        retention_days=params.retention_days,
        metadata=metadata,
        webhook_url=params.webhook_url,
        key=params.key,
    )


async def _chunks(request: Request, take: Callable[[int], None]) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BATCH_BYTES:
                raise _too_large()
            take(len(chunk))
            yield chunk
    except ClientDisconnect:
        raise RequestRefused(400, "incomplete_body", "The body did not arrive whole.") from None


def _too_large() -> RequestRefused:
    return RequestRefused(413, "body_too_large", f"A batch may have at most {MAX_BATCH_BYTES} bytes.")
