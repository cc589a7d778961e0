"""Parses a callback: body, content type and query → a ``Report``, or the reason why it is unreadable.

Lenient wherever the meaning is unambiguous. The table in docs/callbacks.md lists the accepted forms; a test sends each.
Pure. The caller has authenticated the sender.
"""

import contextlib
import re
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote_to_bytes

from job_processor.core.outcome import MAX_AGAIN_SECONDS, MIN_AGAIN_SECONDS, is_again_seconds
from job_processor.core.report import Report
from job_processor.http import json_source
from job_processor.http.json_source import NotJson, Source
from job_processor.http.models import MAX_ATTEMPT
from job_processor.http.report_fields import (
    CONTENT_FIELDS,
    Notes,
    ReportError,
    Unreadable,
    clean,
    field_named,
    fields_of,
    invalid_field,
    text_of,
)

__all__ = ["Unreadable", "ids_in", "job_in_query", "read_report"]

MAX_ERROR_CHARACTERS = 4_000
MAX_PROGRESS_CHARACTERS = 4_096
MAX_EXECUTION_ID_CHARACTERS = 128
MAX_FLOW_CHARACTERS = 64
_MAX_INSIDE = 5
_FROM_QUERY = ("jobId", "attempt", "executionId", "flow")
_TRUE, _FALSE = frozenset({"true", "1", "1.0", "yes"}), frozenset({"false", "0", "0.0", "no"})
_NO_ERROR = frozenset({"null", "false", "0", "[]"})
"""JSON values of ``error`` that mean "no error"."""
_NUMBER = re.compile(r"\+?[0-9]{1,10}(?:\.[0-9]{0,10})?")
_JOB_ID = re.compile(r"[0-9a-f]{24}")
_GZIP = b"\x1f\x8b"
_MAX_INFLATED = 1_048_576
"""Bytes of a decompressed body that are searched for ids."""
_ID_BYTES = 24
_CHUNK_BYTES = 65_536
_ID_IN_BYTES = re.compile(rb"(?<![0-9A-Za-z])[0-9A-Fa-f]{24}(?![0-9A-Za-z])")


def read_report(body: bytes, content_type: str, query: str, max_result_bytes: int) -> Report | Unreadable:
    """The report. ``query``: the query string without the question mark."""
    notes = Notes()
    try:
        fields = fields_of(body, content_type, notes)
        return _report(_with_query(fields, query), max_result_bytes, notes)
    except ReportError as error:
        return error.why
    except NotJson as error:
        if error.deep:
            return Unreadable(400, "too_deep", "The JSON is nested too deep.")
        return Unreadable(400, "malformed_json", "The body is neither one well-formed JSON value in UTF-8 nor a form.")


def job_in_query(query: str) -> str | None:
    """The job id in the query string, if there is exactly one."""
    named = {v.strip().lower() for k, v in parse_qsl(query) if field_named(k) == "jobId"}
    return named.pop() if len(named) == 1 and _JOB_ID.fullmatch(next(iter(named))) else None


def ids_in(body: bytes, limit: int = 20) -> list[str]:
    """Possible job ids in an unreadable body (decompressed if it is gzip): the first ``limit`` different ones."""
    if body.startswith(_GZIP):
        with contextlib.suppress(zlib.error):
            body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, _MAX_INFLATED)
    found: dict[str, None] = {}
    for one in _decodings(body):
        for job_id in _ids(one):
            found[job_id] = None
            if len(found) == limit:
                return list(found)
    return list(found)


def _decodings(body: bytes) -> Iterator[bytes]:
    yield body
    if b"\0" in body:
        # In UTF-16 every ASCII character has a NUL byte.
        yield body.replace(b"\0", b"")
    if b"%" in body:
        # In a form an id may follow a percent escape.
        yield unquote_to_bytes(body)


def _ids(body: bytes) -> Iterator[str]:
    """Searches in chunks: one search of many megabytes would hold the GIL for too long."""
    for start in range(0, len(body), _CHUNK_BYTES):
        end = start + _CHUNK_BYTES
        # Look past the end of the chunk for an id that begins in it, and one byte further to see where the id ends.
        for one in _ID_IN_BYTES.finditer(body, start, end + _ID_BYTES + 1):
            if one.start() < end:
                yield one.group().decode().lower()


def _with_query(fields: Mapping[str, Source], query: str) -> dict[str, Source]:
    """The fields, with those of ``_FROM_QUERY`` in the query string added. Raises ``ReportError`` if body and query
    differ."""
    both = dict(fields)
    if not query:
        return both
    for name, value in parse_qsl(query, max_num_fields=100) if query.count("&") < 100 else []:
        known = field_named(name)
        if known not in _FROM_QUERY:
            continue
        before = both.get(known)
        if before is None or before.source == "null":
            both[known] = Source('"', value)
        elif text_of(before).strip().lower() != value.strip().lower():
            raise ReportError(invalid_field(known, "has different values in the query string and in the body"))
    return both


def _report(fields: Mapping[str, Source], max_result_bytes: int, notes: Notes) -> Report:
    given = {name: value for name, value in fields.items() if value.source != "null"}
    if "result" in given and _is_no_error(given.get("error")):
        given.pop("error", None)
    if "result" in given and "error" in given:
        raise ReportError(invalid_field("result", "must be given, or error, but not both"))
    if "againInSeconds" in given and ("result" in given or "error" in given):
        raise ReportError(invalid_field("againInSeconds", "must not be given together with result or error"))
    if "progress" in given and len(given.keys() & set(CONTENT_FIELDS)) > 1:
        notes.add("progress was ignored")
        del given["progress"]
    if not any(name in given for name in CONTENT_FIELDS) or _is_only_no_error(given.get("error")):
        wanted = "must be given (any JSON but null), or error, progress or againInSeconds"
        raise ReportError(invalid_field("result", wanted))
    is_failure = "error" in given
    return Report(
        job_id=_job_id(given.get("jobId")),
        result=_result(given.get("result"), max_result_bytes, notes),
        error=_error(given.get("error"), notes),
        progress=_progress(given.get("progress"), notes),
        again_seconds=_again_seconds(given.get("againInSeconds")),
        attempt=_attempt(given.get("attempt")),
        execution_id=_execution_id(given.get("executionId"), notes),
        retryable=_retryable(given.get("retryable")) if is_failure else True,
        flow=_flow(given.get("flow"), notes),
        notes=tuple(notes.lines),
    )


def _is_no_error(error: Source | None) -> bool:
    return error is not None and (error.source in _NO_ERROR or (error.text is not None and not error.text.strip()))


def _is_only_no_error(error: Source | None) -> bool:
    """Whether ``error`` is ``false``, 0 or ``[]``, so that there is no content. An empty text counts as an error."""
    return error is not None and error.source in _NO_ERROR


def _job_id(value: Source | None) -> str | None:
    given = "" if value is None else text_of(value).strip().lower()
    if not given:
        return None
    if not _JOB_ID.fullmatch(given):
        raise ReportError(invalid_field("jobId", "must be 24 hex digits"))
    return given


def _attempt(value: Source | None) -> int | None:
    given = "" if value is None else text_of(value).strip()
    if not given:
        return None
    number = re.fullmatch(r"\+?0*([0-9]{1,10})(?:\.0*)?", given)
    if number is None or not 1 <= int(number[1]) <= MAX_ATTEMPT:
        raise ReportError(invalid_field("attempt", f"must be a whole number from 1 to {MAX_ATTEMPT}"))
    return int(number[1])


def _execution_id(value: Source | None, notes: Notes) -> str | None:
    if value is None or value.kind in "{[tf":
        return None
    given = clean(text_of(value).strip(), notes).replace("\0", "\u2400")
    if len(given) > MAX_EXECUTION_ID_CHARACTERS:
        raise ReportError(invalid_field("executionId", f"must have at most {MAX_EXECUTION_ID_CHARACTERS} characters"))
    return given or None


def _flow(value: Source | None, notes: Notes) -> str | None:
    """Any text: an unknown flow has no executions, so the report matches no job."""
    if value is None or value.kind in "{[tf":
        return None
    return clean(text_of(value).strip(), notes).replace("\0", "\u2400")[:MAX_FLOW_CHARACTERS] or None


def _retryable(value: Source | None) -> bool:
    given = "" if value is None else text_of(value).strip().lower()
    if given in _FALSE:
        return False
    if given and given not in _TRUE:
        raise ReportError(invalid_field("retryable", "must be true or false"))
    return True


def _again_seconds(value: Source | None) -> float | None:
    if value is None:
        return None
    given = text_of(value).strip()
    if not _NUMBER.fullmatch(given) or not is_again_seconds(float(given)):
        wanted = f"must be a number of seconds from {MIN_AGAIN_SECONDS} to {MAX_AGAIN_SECONDS}"
        raise ReportError(invalid_field("againInSeconds", wanted))
    return float(given)


def _result(value: Source | None, max_bytes: int, notes: Notes) -> str | None:
    if value is None:
        return None
    text = clean(text_of(value), notes)
    size = len(text.encode())
    if size > max_bytes:
        words = f"The result has {size:,} bytes; at most {max_bytes:,} are taken (MAX_RESULT_BYTES)."
        raise ReportError(Unreadable(413, "result_too_large", words))
    return text


def _error(value: Source | None, notes: Notes) -> str | None:
    if value is None:
        return None
    words = value
    for _ in range(_MAX_INSIDE):
        inside = (
            [v for k, v in json_source.members(words.source) if k in ("message", "error")] if words.kind == "{" else []
        )
        if len(inside) != 1 or (inside[0].text is None and inside[0].kind != "{"):
            break
        words = inside[0]
    return _display_text(words, MAX_ERROR_CHARACTERS, "error", notes)


def _progress(value: Source | None, notes: Notes) -> str | None:
    return None if value is None else _display_text(value, MAX_PROGRESS_CHARACTERS, "progress", notes)


def _display_text(value: Source, most: int, name: str, notes: Notes) -> str:
    """Text for people: NUL becomes U+2400, and only the first ``most`` characters are kept."""
    text = clean(text_of(value), notes)
    if "\0" in text:
        notes.add("NUL is shown as \u2400")
        text = text.replace("\0", "\u2400")
    if len(text) > most:
        notes.add(f"of {name} the first {most:,} characters are kept")
    return text[:most]
