"""Callbacks of processors: authenticate the sender, read the report, apply it. A duplicate gets a 200."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Concatenate, ParamSpec, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.acts.callbacks import Judged, UnreadableBody
from job_processor.acts.facts import CallbackJudged
from job_processor.core.callbacks import CallbackVerdict as Verdict
from job_processor.core.report import Report
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs
from job_processor.http.answer import answer
from job_processor.http.body import ReceivedBody, header, read_bytes
from job_processor.http.context import Context
from job_processor.http.models import FieldError
from job_processor.http.openapi import Answer, Operation, Param
from job_processor.http.problems import RequestRefused
from job_processor.http.report import Unreadable, ids_in, job_in_query, read_report
from job_processor.http.routes.shared import BODY_PROBLEMS
from job_processor.http.scope_keys import AUTHENTICATED
from job_processor.signing import CallbackClaim

P = ParamSpec("P")
T = TypeVar("T")

MAX_ESCAPE_BYTES = 6
"""Maximum bytes that one byte of a result takes in JSON: ``\\u`` and four hex digits."""
OVERHEAD_BYTES = 65_536
"""Maximum bytes of a body without its result: other fields, boundaries of a form."""
_THREAD_ABOVE = 65_536
"""Larger bodies are parsed in a thread, so that they do not block the event loop."""


class CallbackQuery(msgspec.Struct, frozen=True, rename="camel"):
    """Fields that may be in the query string instead of the body; ``http.report`` parses them."""

    job_id: Annotated[str, Meta(pattern="^[0-9a-f]{24}$", description="may stand for `jobId` in the body")] | None = (
        None
    )
    attempt: Annotated[int, Meta(ge=1, le=s.MAX_ATTEMPT, description="may stand for `attempt` in the body")] | None = (
        None
    )
    execution_id: Annotated[str, Meta(max_length=128, description="may stand for `executionId` in the body")] | None = (
        None
    )
    flow: Annotated[str, Meta(description="may stand for `flow` in the body")] | None = None


class _ReadCallback(msgspec.Struct, frozen=True, gc=False):
    """``received`` is ``None`` if the body was not read, as its Content-Length is too large."""

    received: ReceivedBody | None
    report: Report | Unreadable


async def receive(context: Context, request: Request) -> Response:
    claim = _authenticate(context, request)
    request.scope[AUTHENTICATED] = True
    read = await _read(context, request, claim)
    report = read.report
    if isinstance(report, Report):
        job_id = report.job_id or (None if claim is None else claim.job_id)
        if job_id is not None:
            if claim is not None and (job_id != claim.job_id or report.attempt not in (None, claim.attempt)):
                raise _unauthorized(context, request)
            attempt = report.attempt if claim is None else claim.attempt
            return await _answer(context, await context.acts.callbacks.report(report, job_id, attempt))
        if report.execution_id is not None and report.error is not None:
            return await _answer(context, await context.acts.callbacks.crashed(report))
        message = "jobId: is required (an error may name an executionId instead)"
        report = Unreadable(422, "invalid_field", message, "jobId")
    raise await _unreadable(context, request, report, read.received, claim)


def _authenticate(context: Context, request: Request) -> CallbackClaim | None:
    """The claim of a valid callback token, or ``None`` for the shared secret, which is valid for every job.

    Raises ``RequestRefused`` (401, 429).
    """
    signer = context.signer
    bearer, secret = header(request, b"authorization") or b"", header(request, b"x-webhook-secret")
    if secret and signer.is_secret(secret):
        return None
    if bearer[:7].lower() == b"bearer ":
        claim = signer.verify(bearer[7:].strip(), context.store.now() / 1000)
        if claim is not None:
            return claim
    raise _unauthorized(context, request)


def _unauthorized(context: Context, request: Request) -> RequestRefused:
    context.acts.facts.tell(CallbackJudged("unauthorized"))
    return context.unauthenticated.refused(request)


async def _read(context: Context, request: Request, claim: CallbackClaim | None) -> _ReadCallback:
    limit = MAX_ESCAPE_BYTES * context.max_result_bytes + OVERHEAD_BYTES
    query = request.scope["query_string"].decode("latin-1")
    length, media = header(request, b"content-length") or b"", header(request, b"content-type") or b""
    encoding = (header(request, b"content-encoding") or b"identity").lower()
    expects = header(request, b"expect") is not None
    if length.isdigit() and int(length) > limit:
        is_known = claim is not None or job_in_query(query) is not None
        if is_known or expects:
            return _ReadCallback(None, _too_large(limit))
        # The beginning of the body may name the job.
        return _ReadCallback(await read_bytes(request, 0), _too_large(limit))
    received = await read_bytes(request, limit)
    if len(received.body) > limit:
        return _ReadCallback(received, _too_large(limit))
    if received.cut:
        return _ReadCallback(received, Unreadable(400, "incomplete_body", "The body did not arrive whole."))
    if encoding not in (b"", b"identity"):
        return _ReadCallback(
            received, Unreadable(415, "unsupported_encoding", "Send the body without Content-Encoding.")
        )
    most = context.max_result_bytes
    return _ReadCallback(
        received, await _in_thread_if_large(read_report, received.body, media.decode("latin-1"), query, most)
    )


def _too_large(limit: int) -> Unreadable:
    return Unreadable(413, "body_too_large", f"The body may have at most {limit:,} bytes.")


async def _in_thread_if_large(
    read: Callable[Concatenate[bytes, P], T], body: bytes, *more: P.args, **named: P.kwargs
) -> T:
    """Call ``read`` with the body; in a thread if the body is large."""
    if len(body) > _THREAD_ABOVE:
        return await asyncio.to_thread(read, body, *more, **named)
    return read(body, *more, **named)


async def _answer(context: Context, judged: Judged) -> Response:
    job = judged.job
    if job is None:
        # An error status would make the sender retry the report.
        return answer(s.CallbackNoted(callback=judged.verdict.value), 202)
    if judged.verdict is Verdict.LATE:
        is_kept = judged.kept is not None
        fate = "kept in the inbox" if is_kept else "not kept, as the inbox is full for this job"
        raise RequestRefused(409, "late_result", f"The job is already {job.state.value}; the result is {fate}.")
    if judged.verdict is Verdict.DIFFERENT:
        raise RequestRefused(
            409, "different_result", "The job is already COMPLETED with a different result, which stays."
        )
    return answer(render.callback_answer(job, await context.waits(job), judged.verdict.value))


async def _unreadable(
    context: Context, request: Request, why: Unreadable, received: ReceivedBody | None, claim: CallbackClaim | None
) -> RequestRefused:
    """Keep an unreadable callback in the inbox and note it in its job's history. Returns the problem to raise.

    Raises ``StoreUnavailable``; then nothing was kept.
    """
    most = context.max_result_bytes
    content_type = header(request, b"content-type")
    is_cut = received is not None and (received.cut or len(received.body) > most)
    kept = await context.acts.callbacks.unreadable(
        f"{why.status}: {why.words}",
        await _job_of(context, request, received, claim),
        None if claim is None else claim.attempt,
        UnreadableBody(
            None if received is None else received.body[:most],
            is_cut,
            None if content_type is None else content_type[:200].decode("latin-1"),
        ),
    )
    what = "A note without the body" if received is None else "The beginning of it" if is_cut else "The callback"
    fate = f"{what} is kept in the inbox." if kept is not None else "It is not kept: the inbox is full for this job."
    errors = [] if why.field is None else [FieldError(field=why.field, message=why.words.partition(": ")[2])]
    return RequestRefused(why.status, why.code, f"{why.words}{'' if why.words.endswith('.') else '.'} {fate}", errors)


async def _job_of(
    context: Context, request: Request, received: ReceivedBody | None, claim: CallbackClaim | None
) -> str | None:
    """The job of an unreadable callback: from its token, its query string, or ids found in its body."""
    if claim is not None:
        return claim.job_id
    query: bytes = request.scope["query_string"]
    named = job_in_query(query.decode("latin-1"))
    ids: Sequence[str] = [] if named is None else [named]
    if named is None:
        ids = [*ids_in(query), *([] if received is None else await _in_thread_if_large(ids_in, received.body))]
    return await context.acts.callbacks.job_among(ids)


_SECRET = Param("x-webhook-secret", "header", "the shared secret; or `Authorization: Bearer` with the callback token")
_ANSWERS = {
    200: Answer("the job; `callback` says what the report did", s.CallbackAnswer),
    202: Answer("an executionId that belongs to no job in flight; the report is kept", s.CallbackNoted),
}
_PROBLEMS = (*BODY_PROBLEMS, 401, 404, 409, 429, 503)
# Proxies may add query parameters; an authenticated report is not refused for them.
OPERATIONS = (
    Operation(
        "POST",
        "/webhook/callback",
        "reportCallback",
        Needs.NOTHING,
        "A processor reports a result, an error or progress",
        receive,
        _ANSWERS,
        body=s.CallbackReport,
        params=(_SECRET,),
        query=CallbackQuery,
        problems=_PROBLEMS,
        any_query=True,
        limited=False,
    ),
    Operation(
        "POST",
        "/jobs/webhook/callback",
        "reportCallbackUnderJobs",
        Needs.NOTHING,
        "The same as /webhook/callback",
        receive,
        _ANSWERS,
        body=s.CallbackReport,
        params=(_SECRET,),
        query=CallbackQuery,
        problems=_PROBLEMS,
        any_query=True,
        limited=False,
    ),
)
