"""The export: whole jobs that a query finds, one after the other, as lines of JSON or as CSV."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from job_processor.core.access import Principal
from job_processor.core.errors import JobDamaged
from job_processor.core.job import Job
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.context import Context
from job_processor.http.job_filters import Id, JobFilters
from job_processor.http.openapi import Answer, Operation
from job_processor.http.query import parse, value_hint
from job_processor.http.visibility import without_foreign_origins
from job_processor.store.base import Query

BATCH = 200
"""Ids that are read at once."""
AT_ONCE = 8
"""Whole jobs that are in memory at once: each may have megabytes."""
FIELDS = (
    *("id", "status", "flow", "createdAt", "finishedAt", "attempt", "errorCode", "errorMessage"),
    *("verdict", "tags", "metadata", "replayOf", "key", "answeredBy", "costMicros", "prompt", "result"),
)
_encode = msgspec.json.Encoder().encode


class ExportQuery(JobFilters, frozen=True, rename="camel"):
    """Filters of the jobs that are exported, newest first."""

    format: Annotated[
        Literal["ndjson", "csv"],
        Meta(description="one JSON object a line, or CSV", extra=value_hint("must be ndjson or csv")),
    ] = "ndjson"
    before: Annotated[
        Id | None, Meta(description="only jobs with a smaller id: to go on after the last one that came")
    ] = None

    def store_query(self, principal: Principal, now: int) -> Query:
        return replace(self.filters(BATCH, principal, now), before=self.before, clip=0)


async def export_jobs(context: Context, request: Request) -> Response:
    wanted = parse(request.query_params, ExportQuery)
    principal = principal_of(request)
    query = wanted.store_query(principal, context.store.now())
    # The first page now: an error has a status only before the first line.
    first = [one.id for one in await cancel_on_disconnect(request, context.store.list(query))]
    named = {"content-disposition": f'attachment; filename="jobs.{wanted.format}"'}
    if wanted.format == "csv":
        # The first line names the columns, unless an export goes on.
        head = "" if wanted.before else _line(FIELDS)
        return StreamingResponse(_csv(context, query, first, principal, head), 200, named, "text/csv; charset=utf-8")
    return StreamingResponse(_ndjson(context, query, first, principal), 200, named, "application/x-ndjson")


async def _ndjson(context: Context, query: Query, first: Sequence[str], principal: Principal) -> AsyncIterator[bytes]:
    async for jobs in _whole(context, query, first, principal):
        yield b"".join(_encode(render.whole(job, None)) + b"\n" for job in jobs)


async def _csv(
    context: Context, query: Query, first: Sequence[str], principal: Principal, head: str
) -> AsyncIterator[bytes]:
    yield head.encode()
    async for jobs in _whole(context, query, first, principal):
        yield "".join(map(_row, jobs)).encode()


async def _whole(
    context: Context, query: Query, found: Sequence[str], principal: Principal
) -> AsyncIterator[Sequence[Job]]:
    """The jobs of these ids and of all that follow; one that was deleted meanwhile, or is damaged, is left out."""
    while found:
        for start in range(0, len(found), AT_ONCE):
            read = await asyncio.gather(*(_job(context, id_, query) for id_ in found[start : start + AT_ONCE]))
            yield await without_foreign_origins(context.store, [job for job in read if job is not None], principal)
        if len(found) < BATCH:
            return
        found = [one.id for one in await context.store.list(replace(query, before=found[-1]))]


async def _job(context: Context, job_id: str, query: Query) -> Job | None:
    try:
        return await context.store.get(job_id, query.flows)
    except JobDamaged:
        return None


def _row(job: Job) -> str:
    error, verdict = job.error, job.verdict
    return _line(
        (
            *(job.id, job.state.value, job.flow, render.time_out(job.created_at)),
            *(render.maybe_time(job.finished_at) or "", str(job.attempt)),
            *(("", "") if error is None else (error.code, error.message)),
            "" if verdict is None else verdict.kind.value,
            ",".join(job.tags),
            _encode(job.metadata).decode() if job.metadata else "",
            *(job.replay_of or "", job.key or "", job.answered_by or ""),
            *("" if job.cost_micros is None else str(job.cost_micros), job.prompt, job.result or ""),
        )
    )


def _line(values: Sequence[str]) -> str:
    """By RFC 4180."""
    to = io.StringIO()
    csv.writer(to).writerow(values)
    return to.getvalue()


OPERATIONS = (
    Operation(
        "GET",
        "/jobs/export",
        "exportJobs",
        Needs.READ,
        "Whole jobs, newest first, one a line",
        export_jobs,
        {200: Answer("lines of JSON, or CSV", media="application/x-ndjson text/csv")},
        query=ExportQuery,
        problems=(422, 503),
    ),
)
