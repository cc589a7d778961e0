"""Reading a report: bytes, content type and query of a callback → what it says, or why that cannot be told.

As generous as is unambiguous: the table is in docs/callbacks.md, and is what the test sends. Pure; whoever calls has
made sure that the sender proved itself.
"""

import contextlib
import re
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote_to_bytes

from job_processor.core.report import Report
from job_processor.http import json_source
from job_processor.http.json_source import NotJson, Source
from job_processor.http.models import MAX_ATTEMPT
from job_processor.http.report_fields import (
    SAYS,
    Notes,
    Unread,
    Unreadable,
    clean,
    field_named,
    fields_of,
    plain,
    wanted,
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
"""What is written in the place of an error when there was none."""
_JOB_ID = re.compile(r"[0-9a-f]{24}")
_GZIP = b"\x1f\x8b"
_MAX_INFLATED = 1_048_576
"""Bytes of a compressed body in which ids are looked for."""
_ID_BYTES = 24
_PIECE = 65_536
_ID_IN_BYTES = re.compile(rb"(?<![0-9A-Za-z])[0-9A-Fa-f]{24}(?![0-9A-Za-z])")


def read_report(body: bytes, content_type: str, query: str, max_result_bytes: int) -> Report | Unreadable:
    """What the callback says. ``query`` is the address's, without the question mark."""
    notes = Notes()
    try:
        fields = fields_of(body, content_type, notes)
        return _interpreted(_with_query(fields, query), max_result_bytes, notes)
    except Unread as unread:
        return unread.why
    except NotJson as error:
        if error.deep:
            return Unreadable(400, "too_deep", "The JSON is nested too deep to be read.")
        return Unreadable(400, "malformed_json", "The body is not one well-formed JSON value in UTF-8, and no form.")


def job_in_query(query: str) -> str | None:
    """The job that the address names, if it names exactly one."""
    named = {v.strip().lower() for k, v in parse_qsl(query) if field_named(k) == "jobId"}
    return named.pop() if len(named) == 1 and _JOB_ID.fullmatch(next(iter(named))) else None


def ids_in(body: bytes, limit: int = 20) -> list[str]:
    """What may be jobs' ids in bytes that could not be read: the first ``limit`` different ones of each reading.

    Compressed bytes are looked into.
    """
    if body.startswith(_GZIP):
        with contextlib.suppress(zlib.error):
            body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, _MAX_INFLATED)
    found: dict[str, None] = {}
    for one in _readings(body):
        for job_id in _ids(one):
            found[job_id] = None
            if len(found) == limit:
                return list(found)
    return list(found)


def _readings(body: bytes) -> Iterator[bytes]:
    yield body
    if b"\0" in body:
        # Text in UTF-16 has a NUL beside every digit.
        yield body.replace(b"\0", b"")
    if b"%" in body:
        # A form's id may have a percent sign and two digits before it.
        yield unquote_to_bytes(body)


def _ids(body: bytes) -> Iterator[str]:
    """Piece by piece: one search of many megabytes would let nothing else run, in whatever thread it is."""
    for start in range(0, len(body), _PIECE):
        behind = start + _PIECE
        # One that begins in this piece ends before that, with a byte to spare that may show it to be longer.
        for one in _ID_IN_BYTES.finditer(body, start, behind + _ID_BYTES + 1):
            if one.start() < behind:
                yield one.group().decode().lower()


def _with_query(fields: Mapping[str, Source], query: str) -> dict[str, Source]:
    """What the address says of whom the report is about, beside what the body says of that."""
    both = dict(fields)
    for name, said in parse_qsl(query, max_num_fields=100) if query.count("&") < 100 else []:
        known = field_named(name)
        if known not in _FROM_QUERY:
            continue
        before = both.get(known)
        if before is None or before.source == "null":
            both[known] = Source('"', said)
        elif plain(before).strip().lower() != said.strip().lower():
            raise Unread(wanted(known, "is given in the address and in the body, with different values"))
    return both


def _interpreted(fields: Mapping[str, Source], max_result_bytes: int, notes: Notes) -> Report:
    said = {name: value for name, value in fields.items() if value.source != "null"}
    if "result" in said and _is_no_error(said.get("error")):
        said.pop("error", None)
    if "result" in said and "error" in said:
        raise Unread(wanted("result", "must be given, or error: both are, and it cannot be told which is meant"))
    if "progress" in said and ("result" in said or "error" in said):
        notes.add("the progress beside it was left out")
        del said["progress"]
    if not any(name in said for name in SAYS) or _is_nothing(said.get("error")):
        raise Unread(wanted("result", "must be given (any JSON but null), or error, or progress"))
    is_failure = "error" in said
    return Report(
        job_id=_job_id(said.get("jobId")),
        result=_result(said.get("result"), max_result_bytes, notes),
        error=_error(said.get("error"), notes),
        progress=_progress(said.get("progress"), notes),
        attempt=_attempt(said.get("attempt")),
        execution_id=_execution_id(said.get("executionId"), notes),
        retryable=_retryable(said.get("retryable")) if is_failure else True,
        flow=_flow(said.get("flow"), notes),
        notes=tuple(notes.said),
    )


def _is_no_error(error: Source | None) -> bool:
    return error is not None and (error.source in _NO_ERROR or (error.text is not None and not error.text.strip()))


def _is_nothing(error: Source | None) -> bool:
    """``false`` or 0 with nothing beside it: no error, and no result either. An empty text is one without words."""
    return error is not None and error.source in _NO_ERROR


def _job_id(said: Source | None) -> str | None:
    given = "" if said is None else plain(said).strip().lower()
    if not given:
        return None
    if not _JOB_ID.fullmatch(given):
        raise Unread(wanted("jobId", "must be 24 hex digits"))
    return given


def _attempt(said: Source | None) -> int | None:
    given = "" if said is None else plain(said).strip()
    if not given:
        return None
    number = re.fullmatch(r"\+?0*([0-9]{1,10})(?:\.0*)?", given)
    if number is None or not 1 <= int(number[1]) <= MAX_ATTEMPT:
        raise Unread(wanted("attempt", f"must be a whole number from 1 to {MAX_ATTEMPT}"))
    return int(number[1])


def _execution_id(said: Source | None, notes: Notes) -> str | None:
    if said is None or said.kind in "{[tf":
        return None
    given = clean(plain(said).strip(), notes).replace("\0", "\u2400")
    if len(given) > MAX_EXECUTION_ID_CHARACTERS:
        raise Unread(wanted("executionId", f"must have at most {MAX_EXECUTION_ID_CHARACTERS} characters"))
    return given or None


def _flow(said: Source | None, notes: Notes) -> str | None:
    """Any text: a flow that we do not have is one whose executions we do not have either."""
    if said is None or said.kind in "{[tf":
        return None
    return clean(plain(said).strip(), notes).replace("\0", "\u2400")[:MAX_FLOW_CHARACTERS] or None


def _retryable(said: Source | None) -> bool:
    given = "" if said is None else plain(said).strip().lower()
    if given in _FALSE:
        return False
    if given and given not in _TRUE:
        raise Unread(wanted("retryable", "must be true or false"))
    return True


def _result(said: Source | None, max_bytes: int, notes: Notes) -> str | None:
    if said is None:
        return None
    text = clean(plain(said), notes)
    size = len(text.encode())
    if size > max_bytes:
        words = f"The result has {size:,} bytes; at most {max_bytes:,} are taken (MAX_RESULT_BYTES)."
        raise Unread(Unreadable(413, "result_too_large", words))
    return text


def _error(said: Source | None, notes: Notes) -> str | None:
    if said is None:
        return None
    words = said
    for _ in range(_MAX_INSIDE):
        inside = (
            [v for k, v in json_source.members(words.source) if k in ("message", "error")] if words.kind == "{" else []
        )
        if len(inside) != 1 or (inside[0].text is None and inside[0].kind != "{"):
            break
        words = inside[0]
    return _shown(words, MAX_ERROR_CHARACTERS, "error", notes)


def _progress(said: Source | None, notes: Notes) -> str | None:
    return None if said is None else _shown(said, MAX_PROGRESS_CHARACTERS, "progress", notes)


def _shown(said: Source, most: int, name: str, notes: Notes) -> str:
    """Words for people: NUL is shown, and what is too long is cut."""
    text = clean(plain(said), notes)
    if "\0" in text:
        notes.add("NUL is shown as \u2400")
        text = text.replace("\0", "\u2400")
    if len(text) > most:
        notes.add(f"of {name} the first {most:,} characters are kept")
    return text[:most]
