"""Jobs: submit, list, get, cancel, retry, replay, compare, delete."""

from dataclasses import replace
from typing import Annotated, Literal

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.access import Principal
from job_processor.core.errors import JobNotFound
from job_processor.failpoints import failpoint
from job_processor.http import chosen_fields, render
from job_processor.http import models as s
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer, answer_list
from job_processor.http.body import read_json
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.comparison import compare
from job_processor.http.context import Context, job_id
from job_processor.http.etag import etag_of, matches
from job_processor.http.fingerprint import idempotency_key
from job_processor.http.job_filters import Clip, JobFilters
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.paging import Cursor, Limit, before, next_page
from job_processor.http.query import parse, value_hint
from job_processor.http.routes.shared import BODY_PROBLEMS, PREFER, key_param
from job_processor.http.snippets import LOOKED_AT, phrases_of, snippets_of
from job_processor.http.submission import check_prompt, key_of, new_job
from job_processor.http.visibility import job_of, without_foreign_origins
from job_processor.store.base import Query

Fields = Annotated[str, chosen_fields.declared(chosen_fields.names_of(s.JobRow))]
RowPart = chosen_fields.part(s.JobRow, "JobRowPart", "The fields of a JobRow that `fields` names, and its id.")


class JobsQuery(JobFilters, frozen=True, rename="camel"):
    """Filters of the list of jobs, and which part of it."""

    limit: Limit = 50
    cursor: Cursor | None = None
    clip: Clip = render.CLIP_BYTES
    snippets: Annotated[
        Literal["true", "false"] | None,
        Meta(description="also where the words of `q` stand", extra=value_hint("must be true or false")),
    ] = None
    fields: Fields | None = None

    @property
    def chosen(self) -> frozenset[str] | None:
        """The names of the fields that are sent; ``None``: all."""
        return None if self.fields is None else chosen_fields.chosen(self.fields)

    @property
    def with_snippets(self) -> bool:
        return self.snippets == "true" and (self.chosen is None or "snippets" in self.chosen)

    def store_query(self, principal: Principal, now: int) -> Query:
        """The store's query. Raises as ``filters`` does."""
        query = replace(self.filters(self.limit, principal, now), before=before(self.cursor))
        read = max(self.clip, LOOKED_AT) if self.with_snippets and query.phrases else self.clip
        return replace(query, clip=read, texts=self.chosen is None or bool(self.chosen & chosen_fields.TEXTS))


async def submit(context: Context, request: Request) -> Response:
    key = key_of(request)
    sent = await read_json(request, s.Submission)
    new = await new_job(context, sent)
    by = context.requester(request)
    owned = None if key is None else idempotency_key(key, sent, by.principal.owner)
    added = await context.acts.jobs.submit(new, owned, by)
    if not by.sees(added.job.flow):
        # The key's job was submitted when another flow was the default, and the requester may not see that flow.
        raise JobNotFound
    failpoint("submit.before_response")
    headers = {"location": f"/jobs/{added.job.id}"}
    if not added.created:
        headers["idempotent-replayed"] = "true"
    job, applied = await context.waiting_requests.wait_for_final(request, added.job.id, added.job)
    return answer(render.whole(job, await context.waits(job)), 201, headers | applied)


async def list_jobs(context: Context, request: Request) -> Response:
    principal = principal_of(request)
    wanted = parse(request.query_params, JobsQuery)
    query = wanted.store_query(principal, context.store.now())
    found = await cancel_on_disconnect(request, context.store.list(query))
    jobs = await without_foreign_origins(context.store, [one.job for one in found], principal)
    rows = [replace(one, job=job) for one, job in zip(found, jobs, strict=True)]
    status = await context.flow_status.recent()
    phrases = phrases_of(query) if wanted.with_snippets else ()
    shown = (
        render.row(one, context.waits_in(one.job, status), wanted.clip, snippets_of(one, phrases) if phrases else ())
        for one in rows
    )
    names = wanted.chosen
    sent = ((row.id, row if names is None else chosen_fields.only(row, RowPart, names)) for row in shown)
    made, more = answer_list(sent, query.limit)
    if more is not None:
        made.headers["link"] = next_page("/jobs", request.query_params, more)
    return made


async def get(context: Context, request: Request) -> Response:
    job, headers = await context.waiting_requests.wait_for_final(request, job_id(request))
    job = await context.shown(job, principal_of(request))
    made = answer(render.whole(job, await context.waits(job)), headers=headers)
    made.headers["etag"] = etag_of(bytes(made.body))
    if matches(request.headers.get("if-none-match", ""), made.headers["etag"]):
        return Response(status_code=304, headers={"etag": made.headers["etag"]})
    return made


async def cancel(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.CancelRequest, optional=True)
    by = context.requester(request)
    moved = await context.acts.jobs.cancel(job_id(request), sent.reason, by)
    failpoint("cancel.before_response")
    return answer(render.whole(await context.shown(moved.job, by.principal), None))


async def retry(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.RetryRequest, optional=True)
    by = context.requester(request)
    job = await context.acts.jobs.retry(job_id(request), sent.max_attempts, by)
    failpoint("retry.before_response")
    job = await context.shown(job, by.principal)
    return answer(render.whole(job, await context.waits(job)))


async def replay(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.ReplayRequest, optional=True)
    if sent.prompt is not None:
        check_prompt(sent.prompt)
    job = await context.acts.jobs.replay(job_id(request), sent.flow, sent.prompt, context.requester(request))
    failpoint("replay.before_response")
    return answer(render.whole(job, await context.waits(job)), 201, {"location": f"/jobs/{job.id}"})


async def compare_jobs(context: Context, request: Request) -> Response:
    left = await context.job(request)
    right = await job_of(context.store, request.path_params["otherId"], principal_of(request))
    return answer(compare(left, right))


async def delete(context: Context, request: Request) -> Response:
    await context.acts.jobs.delete(job_id(request), context.requester(request))
    failpoint("delete.before_response")
    return Response(status_code=204)


_KEY = key_param("the same key and body give the same job")
_MATCH = Param("If-None-Match", "header", "an ETag of an earlier response: 304 if nothing changed")
OPERATIONS = (
    Operation(
        "POST",
        "/jobs",
        "submitJob",
        Needs.SUBMIT,
        "Submit a job",
        submit,
        {201: Answer("stored durably; Location is its address", s.JobWhole)},
        body=s.Submission,
        params=(_KEY, PREFER),
        problems=(*BODY_PROBLEMS, 503),
    ),
    Operation(
        "GET",
        "/jobs",
        "listJobs",
        Needs.READ,
        "List jobs, newest first",
        list_jobs,
        {200: Answer("a page; Link leads to the next", s.JobRow, many=True, part=RowPart)},
        query=JobsQuery,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/jobs/{id}",
        "getJob",
        Needs.READ,
        "The whole job",
        get,
        {200: Answer("the job", s.JobWhole), 304: Answer("nothing changed")},
        params=(JOB_ID, PREFER, _MATCH),
        problems=(404, 503),
    ),
    Operation(
        "DELETE",
        "/jobs/{id}",
        "deleteJob",
        Needs.OPERATE,
        "Delete a final job",
        delete,
        {204: Answer("deleted")},
        params=(JOB_ID,),
        problems=(404, 409, 503),
    ),
    Operation(
        "POST",
        "/jobs/{id}/cancel",
        "cancelJob",
        Needs.OPERATE,
        "Cancel a job",
        cancel,
        {200: Answer("the job, CANCELLED", s.JobWhole)},
        body=s.CancelRequest,
        body_required=False,
        params=(JOB_ID,),
        problems=(*BODY_PROBLEMS, 404, 409, 503),
    ),
    Operation(
        "POST",
        "/jobs/{id}/retry",
        "retryJob",
        Needs.OPERATE,
        "Retry a FAILED or CANCELLED job, under the same id",
        retry,
        {200: Answer("the job, PENDING", s.JobWhole)},
        body=s.RetryRequest,
        body_required=False,
        params=(JOB_ID,),
        problems=(*BODY_PROBLEMS, 404, 409, 503),
    ),
    Operation(
        "POST",
        "/jobs/{id}/replay",
        "replayJob",
        Needs.OPERATE,
        "Create a new job from an old one's prompt, on the same or another flow",
        replay,
        {201: Answer("the new job; replayOf names the old", s.JobWhole)},
        body=s.ReplayRequest,
        body_required=False,
        params=(JOB_ID,),
        problems=(*BODY_PROBLEMS, 404, 503),
    ),
    Operation(
        "GET",
        "/jobs/{id}/compare/{otherId}",
        "compareJobs",
        Needs.READ,
        "Compare the results of two jobs",
        compare_jobs,
        {200: Answer("both jobs, and the differences of their results", s.Comparison)},
        params=(JOB_ID, Param("otherId", "path", "the other job's id", JOB_ID.schema)),
        problems=(404, 503),
    ),
)
