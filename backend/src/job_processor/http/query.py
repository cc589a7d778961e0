"""The query string of a list of jobs. A filter that cannot be honoured is refused, never ignored."""

from starlette.datastructures import QueryParams

from job_processor.core.job import State
from job_processor.http import paging
from job_processor.http.problems import invalid
from job_processor.http.schemas import NO_NUL, YEARS
from job_processor.http.spec import Param
from job_processor.http.wire import CLIP_BYTES, time_in
from job_processor.store.base import Query

MAX_TEXT = 256
_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": NO_NUL}
_TIME = {"type": "string", "format": "date-time", "pattern": YEARS}
PARAMS = (
    paging.LIMIT,
    Param(
        "status",
        "query",
        "one or more states (repeat it, or separate by commas)",
        {"type": "array", "items": {"type": "string", "enum": [s.value for s in State]}},
    ),
    Param("flow", "query", "jobs of this flow", _TEXT),
    Param("tag", "query", "jobs with this tag", _TEXT),
    Param("q", "query", "text in prompt or result, in the newest 100,000 jobs; case-insensitive for ASCII", _TEXT),
    Param("createdAfter", "query", "RFC 3339 from 1970 to 2099, inclusive", _TIME),
    Param("createdBefore", "query", "RFC 3339 from 1970 to 2099, exclusive", _TIME),
    paging.CURSOR,
)


def parse(params: QueryParams) -> Query:
    flow, tag, text = params.get("flow"), params.get("tag"), params.get("q")
    for name, value in (("flow", flow), ("tag", tag), ("q", text)):
        if value is not None and ("\x00" in value or not 0 < len(value) <= MAX_TEXT):
            raise invalid(name, f"must have 1 to {MAX_TEXT} characters, and no NUL")
    after, before = params.get("createdAfter"), params.get("createdBefore")
    return Query(
        limit=paging.limit(params),
        before=paging.before(params),
        states=frozenset(State(n) for n in paging.names("status", params.getlist("status"), State)),
        flow=flow,
        tag=tag,
        text=text,
        created_after=None if after is None else time_in("createdAfter", after),
        created_before=None if before is None else time_in("createdBefore", before),
        clip=CLIP_BYTES,
    )
