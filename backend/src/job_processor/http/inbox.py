"""The callback inbox: list, look, accept."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.callbacks import Answer
from job_processor.core.errors import CallbackNotFound
from job_processor.core.ids import is_job_id
from job_processor.failpoints import failpoint
from job_processor.http import paging, schemas, wire
from job_processor.http.context import Context, answer, answer_list
from job_processor.http.gate import read_json
from job_processor.http.problems import invalid
from job_processor.http.spec import JOB_ID, Param
from job_processor.store.base import InboxQuery

PARAMS = (
    paging.LIMIT,
    Param("jobId", "query", "callbacks about this job", JOB_ID.schema),
    Param(
        "verdict",
        "query",
        "one or more verdicts (repeat it, or separate by commas)",
        {"type": "array", "items": {"type": "string", "enum": [a.value for a in Answer]}},
    ),
    paging.CURSOR,
)


class InboxRoutes:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def list(self, request: Request) -> Response:
        wanted = _wanted(request.query_params)
        found = await self._context.store.inbox(wanted)
        made, more = answer_list(
            ((one.callback.id, wire.kept(one.callback, one.content_bytes, one.body_bytes)) for one in found),
            wanted.limit,
        )
        if more is not None:
            made.headers["link"] = paging.next_page("/callbacks", request.query_params, more)
        return made

    async def get(self, request: Request) -> Response:
        callback = await self._context.store.kept(_callback_id(request))
        if callback is None:
            raise CallbackNotFound
        return answer(wire.kept_whole(callback))

    async def body(self, request: Request) -> Response:
        """The bytes as they came; a browser saves them and never shows them as a page."""
        callback = await self._context.store.kept(_callback_id(request))
        if callback is None or callback.body is None:
            raise CallbackNotFound
        named = {"content-disposition": f'attachment; filename="callback-{callback.id}.bin"'}
        return Response(callback.body, 200, named, "application/octet-stream")

    async def accept(self, request: Request) -> Response:
        context = self._context
        await read_json(request, schemas.AcceptRequest, optional=True)
        moved = await context.inbox.accept(_callback_id(request))
        if moved.landed:
            context.telemetry.moved(moved.job)
        failpoint("accept.before_response")
        return answer(wire.whole(moved.job, None))


def _wanted(params: QueryParams) -> InboxQuery:
    job_id = params.get("jobId")
    if job_id is not None and not is_job_id(job_id):
        raise invalid("jobId", "must be 24 hex digits")
    verdicts = paging.names("verdict", params.getlist("verdict"), Answer)
    return InboxQuery(
        limit=paging.limit(params),
        before=paging.before(params),
        job_id=job_id,
        verdicts=frozenset(Answer(name) for name in verdicts),
        clip=wire.CLIP_BYTES,
    )


def _callback_id(request: Request) -> str:
    value = request.path_params["id"]
    if not isinstance(value, str) or not is_job_id(value):
        raise CallbackNotFound
    return value
