"""Batches: submit, list, read, cancel, and their results line by line."""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts.batches import MAX_NAMED_LINES, Submitted
from job_processor.core.batch import Batch, BatchCounts, RefusedLine
from job_processor.core.errors import BatchNotFound, LinesRefused
from job_processor.core.ids import is_job_id
from job_processor.core.job import Job, State
from job_processor.failpoints import failpoint
from job_processor.http import batch_render, render
from job_processor.http import models as s
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer, answer_list
from job_processor.http.batch_body import NDJSON, BatchParams, ReadBatch, read_batch
from job_processor.http.batch_schemas import check_schemas
from job_processor.http.context import Context
from job_processor.http.etag import etag_of, matches
from job_processor.http.long_requests import lasting, while_valid
from job_processor.http.openapi import Answer, Operation, Param
from job_processor.http.paging import Page, next_page
from job_processor.http.query import parse, value_hint
from job_processor.http.routes.shared import BODY_PROBLEMS, key_param
from job_processor.http.scope_keys import STREAMED
from job_processor.http.streaming import Stream
from job_processor.http.submission import key_of
from job_processor.http.visibility import batch_of
from job_processor.http.webhook_urls import check_url
from job_processor.store.base import BatchAdded, BatchQuery, IdempotencyKey

LINES_A_REQUEST = 100
"""A batch counts for the rate limit as one request per this many lines."""
SHOWN_ERRORS = 100
"""Maximum number of refused lines in the answer about a batch; its results have all."""
PAGE = 200
"""Number of jobs that the results read at a time."""


class ResultsOnly(StrEnum):
    """Which lines of the results."""

    RESULTS = "results"
    """Results of COMPLETED jobs."""
    ERRORS = "errors"
    """Errors of FAILED and CANCELLED jobs, and of lines that were refused."""
    OPEN = "open"
    """Lines whose jobs are not final."""


class ResultsQuery(msgspec.Struct, frozen=True, rename="camel"):
    """Which lines of the results."""

    only: Annotated[
        ResultsOnly | None,
        Meta(
            description="`results`: of COMPLETED jobs; `errors`: of FAILED and CANCELLED ones, and refused lines; "
            "`open`: of jobs that are not final; unset: all",
            extra=value_hint("must be results, errors or open"),
        ),
    ] = None


class BatchesPage(Page, frozen=True, rename="camel"):
    """Which part of the list."""

    limit: Annotated[
        int, Meta(ge=1, le=100, description="1 to 100", extra=value_hint("must be a whole number from 1 to 100"))
    ] = 20


async def submit(context: Context, request: Request) -> Response:
    key, by = key_of(request), context.requester(request)
    request.scope[STREAMED] = True
    with context.batch_bytes.held() as take:
        with lasting(context.acts.credentials, by.principal) as check:
            read = await read_batch(request, take, private_webhooks=context.webhook_private_addresses)
        check()
        owned = None
        if key is not None:
            owner = by.principal.owner
            owned = IdempotencyKey(f"{owner} {key}" if owner else key, read.digest)
        known = None if owned is None else await context.acts.batches.of_key(owned)
        created, made = False, known
        if made is None:
            added = await _store(context, request, read, owned)
            created, made = added.created, added.batch
    if not all(by.sees(flow) for flow in made.flows):
        # The key's batch was submitted when another flow was the default, and the requester may not see that flow.
        raise BatchNotFound
    failpoint("batch.before_response")
    counts = BatchCounts({State.PENDING: made.jobs}) if created else await _counts(context, made)
    headers = {"location": f"/batches/{made.id}"} | ({} if created else {"idempotent-replayed": "true"})
    return answer(await _whole(context, made, counts), 201, headers)


async def _store(context: Context, request: Request, read: ReadBatch, key: IdempotencyKey | None) -> BatchAdded:
    lines, options = read.lines, read.options
    # The request itself is counted already.
    await context.gate.charge(request.scope, (lines.number - 1) // LINES_A_REQUEST)
    await check_schemas(context, lines)
    if lines.refused and not options.partial:
        raise LinesRefused(lines.refused[:MAX_NAMED_LINES], len(lines.refused), lines.number)
    if options.webhook_url is not None:
        check_url("webhookUrl", options.webhook_url, allow_private=context.webhook_private_addresses)
    days = options.retention_days
    sent = Submitted(
        lines=lines.new,
        refused=lines.refused,
        name=options.name,
        metadata=options.metadata,
        flow=options.flow,
        deadline=None if options.deadline is None else render.time_in("deadline", options.deadline),
        keep_ms=context.batch_keep_ms if days is None else days * 86_400_000,
        partial=options.partial,
        webhook_url=options.webhook_url,
        key=options.key,
    )
    return await context.acts.batches.submit(sent, key, context.requester(request))


async def list_batches(context: Context, request: Request) -> Response:
    page = parse(request.query_params, BatchesPage)
    query = BatchQuery(page.limit, page.before, principal_of(request).flows)
    found = await context.store.list_batches(query)
    counts = await context.store.count_batches([one.id for one in found])
    shown = ((one.id, batch_render.summary(one, counts.get(one.id, BatchCounts()))) for one in found)
    made, more = answer_list(shown, page.limit)
    if more is not None:
        made.headers["link"] = next_page("/batches", request.query_params, more)
    return made


async def get(context: Context, request: Request) -> Response:
    found = await _batch(context, request)
    made = answer(await _whole(context, found, await _counts(context, found)))
    made.headers["etag"] = etag_of(bytes(made.body))
    if matches(request.headers.get("if-none-match", ""), made.headers["etag"]):
        return Response(status_code=304, headers={"etag": made.headers["etag"]})
    return made


async def cancel(context: Context, request: Request) -> Response:
    made = await context.acts.batches.cancel(_id(request), context.requester(request))
    return answer(await _whole(context, made, await _counts(context, made)))


async def _whole(context: Context, batch: Batch, counts: BatchCounts) -> s.BatchWhole:
    refused = await context.store.refused_lines(batch.id) if batch.lines > batch.jobs else ()
    return batch_render.whole(batch, counts, refused[:SHOWN_ERRORS])


async def results(context: Context, request: Request) -> Response:
    only = parse(request.query_params, ResultsQuery).only
    found = await _batch(context, request)
    refused = list(await context.store.refused_lines(found.id)) if only in (None, ResultsOnly.ERRORS) else []
    # Read the first page before the response starts: after that an error cannot change the status.
    first = await context.store.jobs_of_batch(found.id, None, PAGE)
    named = {"content-disposition": f'attachment; filename="batch-{found.id}.ndjson"'}
    lines = _lines(context, found, first, refused, only)
    return Stream(while_valid(context.acts.credentials, principal_of(request), lines), 200, named, NDJSON)


async def _lines(
    context: Context, batch: Batch, jobs: Sequence[Job], refused: list[RefusedLine], only: ResultsOnly | None
) -> AsyncIterator[bytes]:
    """The jobs and the refused lines, in the order of the lines."""
    refused.reverse()
    while jobs:
        lines: list[bytes] = []
        for job in jobs:
            while refused and refused[-1].line < (job.batch_line or 0):
                lines.append(batch_render.refused_line(refused.pop()))
            if _is_wanted(job.state, only):
                lines.append(batch_render.line(job))
        if lines:
            yield b"".join(lines)
        jobs = await context.store.jobs_of_batch(batch.id, jobs[-1].id, PAGE)
    yield b"".join(batch_render.refused_line(one) for one in reversed(refused))


def _is_wanted(state: State, only: ResultsOnly | None) -> bool:
    match only:
        case None:
            return True
        case ResultsOnly.RESULTS:
            return state is State.COMPLETED
        case ResultsOnly.ERRORS:
            return state in (State.FAILED, State.CANCELLED)
        case ResultsOnly.OPEN:
            return state in (State.PENDING, State.RUNNING, State.WAITING)


async def _batch(context: Context, request: Request) -> Batch:
    return await batch_of(context.store, _id(request), principal_of(request))


def _id(request: Request) -> str:
    """The id in the path. Raises ``BatchNotFound`` if it is not a valid id."""
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise BatchNotFound
    return value


async def _counts(context: Context, batch: Batch) -> BatchCounts:
    return (await context.store.count_batches([batch.id])).get(batch.id, BatchCounts())


_BATCH_ID = Param("id", "path", "the batch's id", {"type": "string", "pattern": "^[0-9a-f]{24}$"})
_KEY = key_param("the same key and bytes give the same batch")
_MATCH = Param("If-None-Match", "header", "an ETag of an earlier response: 304 if nothing changed")
OPERATIONS = (
    Operation(
        "POST",
        "/batches",
        "submitBatch",
        Needs.SUBMIT,
        "Submit many jobs at once: all of them, or none",
        submit,
        {201: Answer("all stored durably; Location is the batch's address", s.BatchWhole)},
        body=s.BatchSubmission,
        lines=s.BatchLine,
        params=(_KEY,),
        query=BatchParams,
        problems=(*BODY_PROBLEMS, 503),
    ),
    Operation(
        "GET",
        "/batches",
        "listBatches",
        Needs.READ,
        "List batches, newest first",
        list_batches,
        {200: Answer("a page; Link leads to the next", s.BatchSummary, many=True)},
        query=BatchesPage,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/batches/{id}",
        "getBatch",
        Needs.READ,
        "A batch, with its jobs counted by state",
        get,
        {200: Answer("the batch", s.BatchWhole), 304: Answer("nothing changed")},
        params=(_BATCH_ID, _MATCH),
        problems=(404, 503),
    ),
    Operation(
        "GET",
        "/batches/{id}/results",
        "getBatchResults",
        Needs.READ,
        "The results and errors of a batch, one JSON object a line, in the order of its lines",
        results,
        {200: Answer("lines of JSON", media=NDJSON)},
        params=(_BATCH_ID,),
        query=ResultsQuery,
        problems=(404, 422, 503),
    ),
    Operation(
        "POST",
        "/batches/{id}/cancel",
        "cancelBatch",
        Needs.OPERATE,
        "Cancel all jobs of a batch that are not final",
        cancel,
        {200: Answer("the batch; its jobs are CANCELLED soon after", s.BatchWhole)},
        params=(_BATCH_ID,),
        problems=(404, 409, 503),
    ),
)
