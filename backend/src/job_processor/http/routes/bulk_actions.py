"""Bulk actions: one act on all jobs that match the filters of a list. Start, list, get, abort."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts.bulk import NewBulkAction
from job_processor.core.bulk import BulkKind
from job_processor.core.errors import BulkActionNotFound
from job_processor.core.ids import is_job_id
from job_processor.failpoints import failpoint
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer, answer_list
from job_processor.http.body import read_json
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.context import Context
from job_processor.http.fingerprint import key_of_body
from job_processor.http.job_filters import OBJECT_SCHEMA, read_object
from job_processor.http.models.types import WireIn
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.paging import Page, next_page
from job_processor.http.query import parse
from job_processor.http.routes.shared import BODY_PROBLEMS, key_param
from job_processor.http.submission import key_of


class BulkActionRequest(WireIn):
    """``query``: the filters of `GET /jobs`; ``{}``: all jobs. Jobs that are newer than the bulk action are not acted
    on. ``dryRun``: count the jobs, and do nothing."""

    action: BulkKind
    query: Annotated[s.JsonObject, Meta(extra_json_schema=OBJECT_SCHEMA)]
    limit: Annotated[int, Meta(ge=1, le=10_000_000, description="act on at most so many jobs, the newest")] | None = (
        None
    )
    reason: Annotated[s.Reason, Meta(description="for the history of each job that is retried or cancelled")] | None = (
        None
    )
    flow: (
        Annotated[s.FlowName, Meta(description="replay only: the flow of the new jobs; default: of each job")] | None
    ) = None
    dry_run: bool = False


async def start(context: Context, request: Request) -> Response:
    key = key_of(request)
    sent = await read_json(request, BulkActionRequest)
    new = NewBulkAction(sent.action, _normal(sent.query), sent.limit, sent.reason, sent.flow)
    by = context.requester(request)
    if sent.dry_run:
        matched = await cancel_on_disconnect(request, context.acts.bulk.count(new, by))
        return answer(s.BulkCount(count=matched.count, more=matched.more))
    started = await context.acts.bulk.start(
        new, by, None if key is None else key_of_body(key, sent, by.principal.owner)
    )
    failpoint("bulk.before_response")
    headers = {"location": f"/bulk-actions/{started.action.id}"}
    if not started.created:
        headers["idempotent-replayed"] = "true"
    return answer(render.bulk_action(started.action), 201, headers)


def _normal(query: Mapping[str, object]) -> Mapping[str, object]:
    """The filters as they are stored and shown. Raises ``RequestRefused`` (422)."""
    return read_object(query).as_object()


async def list_actions(context: Context, request: Request) -> Response:
    page = parse(request.query_params, Page)
    found = await context.acts.bulk.list(page.limit, page.before, principal_of(request))
    made, more = answer_list(((one.id, render.bulk_action(one)) for one in found), page.limit)
    if more is not None:
        made.headers["link"] = next_page("/bulk-actions", request.query_params, more)
    return made


async def get(context: Context, request: Request) -> Response:
    return answer(render.bulk_action(await context.acts.bulk.get(_id(request), principal_of(request))))


async def abort(context: Context, request: Request) -> Response:
    return answer(render.bulk_action(await context.acts.bulk.abort(_id(request), context.requester(request))))


def _id(request: Request) -> str:
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise BulkActionNotFound
    return value


_ACTION = Param("id", "path", "the bulk action's id", JOB_ID.schema)
OPERATIONS = (
    Operation(
        "POST",
        "/bulk-actions",
        "startBulkAction",
        Needs.OPERATE,
        "Retry, cancel, delete or replay all jobs that match, or count them first",
        start,
        {
            200: Answer("`dryRun`: how many jobs match", s.BulkCount),
            201: Answer("stored durably; it runs in the background", s.BulkActionOut),
        },
        body=BulkActionRequest,
        params=(key_param("the same key and body give the same bulk action; ignored with `dryRun`"),),
        problems=(*BODY_PROBLEMS, 409, 503),
    ),
    Operation(
        "GET",
        "/bulk-actions",
        "listBulkActions",
        Needs.READ,
        "List bulk actions, newest first",
        list_actions,
        {200: Answer("a page; Link leads to the next", s.BulkActionOut, many=True)},
        query=Page,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/bulk-actions/{id}",
        "getBulkAction",
        Needs.READ,
        "One bulk action, with its progress",
        get,
        {200: Answer("the bulk action", s.BulkActionOut)},
        params=(_ACTION,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/bulk-actions/{id}/abort",
        "abortBulkAction",
        Needs.OPERATE,
        "Abort a bulk action, whatever it waits for: it begins no further group of jobs; what it did stays",
        abort,
        {200: Answer("the bulk action, ABORTING, or as it ended before", s.BulkActionOut)},
        params=(_ACTION,),
        problems=(404, 503),
    ),
)
