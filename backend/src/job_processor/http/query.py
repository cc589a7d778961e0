"""The query string of a list of jobs. A filter that cannot be honoured is refused, never ignored."""

from starlette.datastructures import QueryParams

from job_processor.core.job import State
from job_processor.http import paging
from job_processor.http.problems import invalid
from job_processor.http.spec import Param
from job_processor.http.wire import CLIP_BYTES, time_in
from job_processor.store.base import Query

_KNOWN = ("limit", "status", "flow", "tag", "q", "createdAfter", "createdBefore", "cursor")

PARAMS = (
    paging.LIMIT,
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
    paging.CURSOR,
)


def parse(params: QueryParams) -> Query:
    paging.check_names(params, _KNOWN, "status")
    flow, tag, text = params.get("flow"), params.get("tag"), params.get("q")
    for name, value in (("flow", flow), ("tag", tag), ("q", text)):
        if value is not None and ("\x00" in value or not 0 < len(value) <= 256):
            raise invalid(name, "must have 1 to 256 characters")
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
