"""The export: whole jobs that match a query, as lines of JSON or as CSV."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.access import Principal
from job_processor.core.errors import JobDamaged
from job_processor.core.job import Job
from job_processor.http import chosen_fields, render
from job_processor.http import models as s
from job_processor.http.access import Needs, principal_of
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.context import Context
from job_processor.http.job_filters import Id, JobFilters
from job_processor.http.long_requests import while_valid
from job_processor.http.openapi import Answer, Operation
from job_processor.http.problems import invalid
from job_processor.http.query import parse, value_hint
from job_processor.http.streaming import Stream
from job_processor.http.visibility import without_foreign_origins
from job_processor.store.base import Query, Summary

BATCH = 200
"""Number of ids that are read at a time."""
AT_ONCE = 8
"""Maximum number of whole jobs in memory: each may have megabytes."""
FIELDS = (
    *("id", "status", "flow", "createdAt", "finishedAt", "attempt", "errorCode", "errorMessage"),
    *("verdict", "tags", "metadata", "replayOf", "key", "answeredBy", "costMicros", "prompt", "result"),
)
WHOLE = chosen_fields.names_of(s.JobWhole)
NOT_IN_LISTS = chosen_fields.TEXTS | {"attempts", "history", "resultSchema", "resultVerdict"}
"""Fields for which whole jobs must be read. All other fields are the same in the rows of a list."""
Fields = Annotated[
    str,
    chosen_fields.declared((*WHOLE, *(name for name in FIELDS if name not in WHOLE)), " (some are in CSV only)"),
]
JobPart = chosen_fields.part(s.JobWhole, "JobPart", "The fields of a JobWhole that `fields` names, and its id.")
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
    fields: Fields | None = None

    def names(self) -> frozenset[str]:
        """The fields that are sent. Raises ``RequestRefused`` (422) for one that the format does not have."""
        there = FIELDS if self.format == "csv" else WHOLE
        if self.fields is None:
            return frozenset(there)
        names = chosen_fields.chosen(self.fields)
        if not names <= frozenset(there):
            raise invalid("fields", f"with this format {chosen_fields.must_be(there)}")
        return names

    def store_query(self, principal: Principal, now: int) -> Query:
        return replace(self.filters(BATCH, principal, now), before=self.before, texts=False)


async def export_jobs(context: Context, request: Request) -> Response:
    wanted = parse(request.query_params, ExportQuery)
    principal = principal_of(request)
    names = wanted.names()
    query = wanted.store_query(principal, context.store.now())
    # Read the first page before the response starts: after that an error cannot change the status.
    first = await cancel_on_disconnect(request, context.store.list(query))
    jobs = _jobs(context, query, first, principal, in_lists=not names & NOT_IN_LISTS)
    named = {"content-disposition": f'attachment; filename="jobs.{wanted.format}"'}
    if wanted.format == "csv":
        # The first line names the columns, unless an export goes on.
        head = "" if wanted.before else _line([name for name in FIELDS if name in names])
        lines, media = _csv(jobs, names, head), "text/csv; charset=utf-8"
    else:
        lines, media = _ndjson(jobs, names), "application/x-ndjson"
    return Stream(while_valid(context.acts.credentials, principal, lines), 200, named, media)


async def _ndjson(found: AsyncIterator[Sequence[Job]], names: frozenset[str]) -> AsyncIterator[bytes]:
    everything = names == frozenset(WHOLE)
    async for jobs in found:
        rendered = (render.whole(job, None) for job in jobs)
        sent = rendered if everything else (chosen_fields.only(one, JobPart, names) for one in rendered)
        yield b"".join(_encode(one) + b"\n" for one in sent)


async def _csv(found: AsyncIterator[Sequence[Job]], names: frozenset[str], head: str) -> AsyncIterator[bytes]:
    yield head.encode()
    async for jobs in found:
        yield "".join(_row(job, names) for job in jobs).encode()


async def _jobs(
    context: Context, query: Query, found: Sequence[Summary], principal: Principal, *, in_lists: bool
) -> AsyncIterator[Sequence[Job]]:
    """These jobs and all later pages. A job that was deleted meanwhile or is damaged is left out.

    ``in_lists``: jobs as in lists, with clipped texts; else whole jobs.
    """
    while found:
        for start in range(0, len(found), AT_ONCE):
            some = found[start : start + AT_ONCE]
            read = (
                [one.job for one in some]
                if in_lists
                else await asyncio.gather(*(_whole(context, one.id, query) for one in some))
            )
            yield await without_foreign_origins(context.store, [job for job in read if job is not None], principal)
        if len(found) < BATCH:
            return
        found = await context.store.list(replace(query, before=found[-1].id))


async def _whole(context: Context, job_id: str, query: Query) -> Job | None:
    try:
        return await context.store.get(job_id, query.flows)
    except JobDamaged:
        return None


def _row(job: Job, names: frozenset[str]) -> str:
    values = zip(FIELDS, _values(job), strict=True)
    return _line([value for name, value in values if name in names])


def _values(job: Job) -> tuple[str, ...]:
    """The row of a job in CSV, in the order of FIELDS."""
    error, verdict = job.error, job.verdict
    return (
        *(job.id, job.state.value, job.flow, render.time_out(job.created_at)),
        *(render.maybe_time(job.finished_at) or "", str(job.attempt)),
        *(("", "") if error is None else (error.code, error.message)),
        "" if verdict is None else verdict.kind.value,
        ",".join(job.tags),
        _encode(job.metadata).decode() if job.metadata else "",
        *(job.replay_of or "", job.key or "", job.answered_by or ""),
        *("" if job.cost_micros is None else str(job.cost_micros), job.prompt, job.result or ""),
    )


def _line(values: Sequence[str]) -> str:
    """A line of CSV (RFC 4180)."""
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
