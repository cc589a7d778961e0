"""The callback inbox: list, get and accept kept callbacks."""

from typing import Annotated

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.callbacks import CallbackVerdict as Verdict
from job_processor.core.errors import CallbackNotFound
from job_processor.core.ids import is_job_id
from job_processor.core.inbox import MAX_COUNTED
from job_processor.failpoints import failpoint
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer, answer_list
from job_processor.http.context import Context
from job_processor.http.openapi import JOB_ID, Answer, Operation, Param
from job_processor.http.paging import Page, next_page
from job_processor.http.query import parse, value_hint
from job_processor.http.visibility import callback_of
from job_processor.store.base import InboxQuery

_ID = value_hint("must be 24 hex digits")


class CallbacksQuery(Page, frozen=True, rename="camel"):
    """Filters of the list of kept callbacks."""

    job_id: Annotated[str, Meta(pattern="^[0-9a-f]{24}$", description="callbacks about this job", extra=_ID)] | None = (
        None
    )
    verdict: Annotated[
        tuple[Verdict, ...], Meta(description="one or more verdicts (repeat it, or separate by commas)")
    ] = ()


async def list_callbacks(context: Context, request: Request) -> Response:
    sent = parse(request.query_params, CallbacksQuery)
    query = InboxQuery(
        limit=sent.limit,
        before=sent.before,
        job_id=sent.job_id,
        flows=principal_of(request).flows,
        verdicts=frozenset(sent.verdict),
        clip=render.CLIP_BYTES,
    )
    found = await context.store.list_callbacks(query)
    made, more = answer_list(
        ((one.callback.id, render.kept(one.callback, one.content_bytes, one.body_bytes)) for one in found),
        query.limit,
    )
    if more is not None:
        made.headers["link"] = next_page("/callbacks", request.query_params, more)
    return made


async def get(context: Context, request: Request) -> Response:
    callback = await callback_of(context.store, _callback_id(request), principal_of(request))
    return answer(render.kept_whole(callback))


async def body(context: Context, request: Request) -> Response:
    """The bytes as received, as an attachment, so that a browser never renders them."""
    callback = await callback_of(context.store, _callback_id(request), principal_of(request))
    if callback.body is None:
        raise CallbackNotFound
    named = {"content-disposition": f'attachment; filename="callback-{callback.id}.bin"'}
    return Response(callback.body, 200, named, "application/octet-stream")


async def accept(context: Context, request: Request) -> Response:
    by = context.requester(request)
    moved = await context.acts.callbacks.accept(_callback_id(request), by)
    failpoint("accept.before_response")
    return answer(render.whole(await context.shown(moved.job, by.principal), None))


async def reject(context: Context, request: Request) -> Response:
    callback = await context.acts.callbacks.reject(_callback_id(request), context.requester(request))
    return answer(render.kept_whole(callback))


async def count(context: Context, request: Request) -> Response:
    counts = await context.store.count_callbacks(principal_of(request).flows)
    by_verdict = {verdict.value: n for verdict, n in counts.items()}
    return answer(s.CallbackCounts(by_verdict=by_verdict, counted_to=MAX_COUNTED))


def _callback_id(request: Request) -> str:
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise CallbackNotFound
    return value


_CALLBACK = Param("id", "path", "the kept callback's id", JOB_ID.schema)
OPERATIONS = (
    Operation(
        "GET",
        "/callbacks",
        "listCallbacks",
        Needs.READ,
        "List the callback inbox, newest first",
        list_callbacks,
        {200: Answer("a page; Link leads to the next", s.KeptCallback, many=True)},
        query=CallbacksQuery,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/callbacks/count",
        "countCallbacks",
        Needs.READ,
        "Count the callback inbox, by verdict",
        count,
        {200: Answer("how many are kept", s.CallbackCounts)},
        problems=(503,),
    ),
    Operation(
        "GET",
        "/callbacks/{id}",
        "getCallback",
        Needs.READ,
        "The whole callback",
        get,
        {200: Answer("the callback", s.KeptCallback)},
        params=(_CALLBACK,),
        problems=(404, 503),
    ),
    Operation(
        "GET",
        "/callbacks/{id}/body",
        "getCallbackBody",
        Needs.READ,
        "The body of an unreadable callback, as received",
        body,
        {200: Answer("the bytes", media="application/octet-stream")},
        params=(_CALLBACK,),
        problems=(404, 503),
    ),
    Operation(
        "POST",
        "/callbacks/{id}/accept",
        "acceptCallback",
        Needs.OPERATE,
        "Complete a job with a kept callback: a late result, or the body of an unreadable one",
        accept,
        {200: Answer("the job, COMPLETED", s.JobWhole)},
        params=(_CALLBACK,),
        problems=(404, 409, 503),
    ),
    Operation(
        "POST",
        "/callbacks/{id}/reject",
        "rejectCallback",
        Needs.OPERATE,
        "Record that nothing is done with a kept callback; it can still be accepted",
        reject,
        {200: Answer("the callback, rejected", s.KeptCallback)},
        params=(_CALLBACK,),
        problems=(404, 409, 503),
    ),
)
