"""The query string of a list of jobs. A filter that cannot be honoured is refused, never ignored."""

import base64
import binascii

from starlette.datastructures import QueryParams

from job_processor.core.ids import is_job_id
from job_processor.core.job import State
from job_processor.http.problems import invalid
from job_processor.http.spec import Param
from job_processor.http.wire import CLIP_BYTES, time_in
from job_processor.store.base import Query

MAX_LIMIT = 200
_KNOWN = ("limit", "status", "flow", "tag", "q", "createdAfter", "createdBefore", "cursor")

PARAMS = (
    Param(
        "limit", "query", f"1 to {MAX_LIMIT}", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}
    ),
    Param(
        "status",
        "query",
        "one or more states (repeat it, or separate by commas)",
        {"type": "array", "items": {"type": "string", "enum": [s.value for s in State]}},
    ),
    Param("flow", "query", "jobs of this flow"),
    Param("tag", "query", "jobs with this tag"),
    Param("q", "query", "text in prompt or result, in the newest 100,000 jobs; case-insensitive for ASCII"),
    Param("createdAfter", "query", "RFC 3339, inclusive"),
    Param("createdBefore", "query", "RFC 3339, exclusive"),
    Param("cursor", "query", "where the page starts, from the Link header of the page before"),
)


def parse(params: QueryParams) -> Query:
    for name in params:
        if name not in _KNOWN:
            raise invalid("query", f"must use only: {', '.join(_KNOWN)}")
        if name != "status" and len(params.getlist(name)) > 1:
            raise invalid(name, "must be given once")
    flow, tag, text = params.get("flow"), params.get("tag"), params.get("q")
    for name, value in (("flow", flow), ("tag", tag), ("q", text)):
        if value is not None and ("\x00" in value or not 0 < len(value) <= 256):
            raise invalid(name, "must have 1 to 256 characters")
    after, before = params.get("createdAfter"), params.get("createdBefore")
    cursor = params.get("cursor")
    return Query(
        limit=_limit(params.get("limit")),
        before=None if cursor is None else _position(cursor),
        states=_states(params.getlist("status")),
        flow=flow,
        tag=tag,
        text=text,
        created_after=None if after is None else time_in("createdAfter", after),
        created_before=None if before is None else time_in("createdBefore", before),
        clip=CLIP_BYTES,
    )


def cursor_after(job_id: str) -> str:
    return base64.urlsafe_b64encode(b"1" + bytes.fromhex(job_id)).decode().rstrip("=")


def _position(cursor: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        raw = b""
    job_id = raw[1:].hex()
    if raw[:1] != b"1" or not is_job_id(job_id):
        raise invalid("cursor", "must come from the Link header of the page before")
    return job_id


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_LIMIT):
        raise invalid("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _states(given: list[str]) -> frozenset[State]:
    names = [name.strip().upper() for one in given for name in one.split(",") if name.strip()]
    known = {s.value: s for s in State}
    if (given and not names) or any(name not in known for name in names):
        raise invalid("status", f"must be one of: {', '.join(known)}")
    return frozenset(known[name] for name in names)
