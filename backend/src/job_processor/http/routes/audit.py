"""The audit: list it with filters, and export it as lines of JSON."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.audit import AuditAct, AuditEntry, AuditOutcome
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer_list
from job_processor.http.context import Context
from job_processor.http.long_requests import while_valid
from job_processor.http.mirror import converter
from job_processor.http.models.types import YEARS
from job_processor.http.openapi import Answer, Operation
from job_processor.http.paging import Page, next_page
from job_processor.http.query import parse, value_hint
from job_processor.http.streaming import Stream
from job_processor.store.base import AuditQuery

BATCH = 500
"""Number of entries that the export reads at a time."""
_shown = converter(AuditEntry, s.AuditOut, render.time_out)
_encode = msgspec.json.Encoder().encode
_TEXT = value_hint("must have 1 to 256 characters, and no NUL")
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": YEARS})]
Text = Annotated[str, Meta(min_length=1, max_length=256, pattern=s.NO_NUL, extra=_TEXT)]


class AuditFilters(Page, frozen=True, rename="camel"):
    """Filters of the audit."""

    who: Annotated[Text | None, Meta(description="the id of a key, or the subject of a person")] = None
    what: Annotated[Text | None, Meta(description="the id of a job or key, the name of a flow, or a route")] = None
    act: Annotated[tuple[AuditAct, ...], Meta(description="one or more acts (repeat it, or separate by commas)")] = ()
    outcome: Annotated[
        tuple[AuditOutcome, ...], Meta(description="one or more outcomes (repeat it, or separate by commas)")
    ] = ()
    since: Annotated[Time | None, Meta(description="RFC 3339 from 1970 to 2099, inclusive")] = None
    until: Annotated[Time | None, Meta(description="RFC 3339 from 1970 to 2099, exclusive")] = None

    def store_query(self) -> AuditQuery:
        """The store's query. Raises ``RequestRefused`` (422) for an invalid time."""
        return AuditQuery(
            limit=self.limit,
            before=self.before,
            who=self.who,
            what=self.what,
            acts=frozenset(self.act),
            outcomes=frozenset(self.outcome),
            since=None if self.since is None else render.time_in("since", self.since),
            until=None if self.until is None else render.time_in("until", self.until),
        )


async def list_audit(context: Context, request: Request) -> Response:
    query = parse(request.query_params, AuditFilters).store_query()
    found = await context.store.list_audit(query)
    made, more = answer_list(((entry.id, _shown(entry)) for entry in found), query.limit)
    if more is not None:
        made.headers["link"] = next_page("/audit", request.query_params, more)
    return made


async def export(context: Context, request: Request) -> Response:
    query = replace(parse(request.query_params, AuditFilters).store_query(), limit=BATCH)
    # Read the first page before the response starts: after that an error cannot change the status.
    first = await context.store.list_audit(query)
    named = {"content-disposition": 'attachment; filename="audit.ndjson"'}
    lines = while_valid(context.acts.credentials, principal_of(request), _lines(context, query, first))
    return Stream(lines, 200, named, "application/x-ndjson")


async def _lines(context: Context, query: AuditQuery, found: Sequence[AuditEntry]) -> AsyncIterator[bytes]:
    while found:
        yield b"".join(_encode(_shown(entry)) + b"\n" for entry in found)
        if len(found) < BATCH:
            return
        found = await context.store.list_audit(replace(query, before=found[-1].id))


OPERATIONS = (
    Operation(
        "GET",
        "/audit",
        "listAudit",
        Needs.ADMIN,
        "Who did what, newest first",
        list_audit,
        {200: Answer("a page; Link leads to the next", s.AuditOut, many=True)},
        query=AuditFilters,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/audit/export",
        "exportAudit",
        Needs.ADMIN,
        "The whole audit, or what the filters leave of it, one JSON object a line, newest first",
        export,
        {200: Answer("lines of JSON; `limit` is ignored", media="application/x-ndjson")},
        query=AuditFilters,
        problems=(422, 503),
    ),
)
