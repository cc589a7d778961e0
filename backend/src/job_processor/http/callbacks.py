"""The processor reports back. Proof first, then the report, then the one door; duplicates get a 200."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Concatenate, ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.callbacks import Answer, judge
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.inbox import Said
from job_processor.core.outcome import CameLate, Failed, Progressed, Reported, Signal, Succeeded
from job_processor.failpoints import failpoint
from job_processor.http import schemas, wire
from job_processor.http.context import Context, answer, header
from job_processor.http.forgeries import Forgeries
from job_processor.http.gate import Came, read_bytes
from job_processor.http.problems import Refused
from job_processor.http.report import Report, Unreadable, ids_in, job_in_query, read_report
from job_processor.http.schemas import FieldError
from job_processor.http.transport import PROVEN
from job_processor.lifecycle import Moved, reported_error
from job_processor.signing import CallbackClaim

P = ParamSpec("P")
T = TypeVar("T")

ESCAPED_BYTES = 6
"""What one byte of a result may take on its way: JSON may write it as \\u and four digits."""
AROUND_BYTES = 65_536
"""What may come beside the result: the other fields, a form's boundaries."""
_THREAD_ABOVE = 65_536
"""Bytes of a body above which it is read in a thread, so that the event loop goes on."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A body as it came, and what it says."""

    came: Came | None
    said: Report | Unreadable


class Callbacks:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._forgeries = Forgeries()

    async def receive(self, request: Request) -> Response:
        claim = self._prove(request)
        request.scope[PROVEN] = True
        read = await self._read(request, claim)
        said = read.said
        if isinstance(said, Report):
            said = self._redacted(said)
            job_id = said.job_id or (None if claim is None else claim.job_id)
            if job_id is not None:
                if claim is not None and (job_id != claim.job_id or said.attempt not in (None, claim.attempt)):
                    raise self._unproven(request)
                return await self._report(said, job_id, said.attempt if claim is None else claim.attempt)
            if said.execution_id is not None and said.error is not None:
                return await self._crash(said, said.execution_id)
            wish = "jobId: is required (an error may name an executionId instead)"
            said = Unreadable(422, "invalid_field", wish, "jobId")
        raise await self._unreadable(request, said, read.came, claim)

    def _redacted(self, report: Report) -> Report:
        """A workflow may put its whole input into an error, with the token that we gave it. A result stays."""
        redactor = self._context.redactor
        return replace(
            report,
            error=redactor.maybe(report.error),
            progress=redactor.maybe(report.progress),
            execution_id=redactor.maybe(report.execution_id),
        )

    async def _read(self, request: Request, claim: CallbackClaim | None) -> _Read:
        limit = ESCAPED_BYTES * self._context.max_result_bytes + AROUND_BYTES
        query = request.scope["query_string"].decode("latin-1")
        length = header(request, b"content-length") or b""
        too_large = Unreadable(413, "body_too_large", f"The body may have at most {limit:,} bytes.")
        if length.isdigit() and int(length) > limit:
            is_known = claim is not None or job_in_query(query) is not None
            if is_known or header(request, b"expect") is not None:
                return _Read(None, too_large)
            # Its beginning says whose it is.
            return _Read(await read_bytes(request, 0), too_large)
        came = await read_bytes(request, limit)
        if len(came.body) > limit:
            return _Read(came, too_large)
        if came.cut:
            return _Read(came, Unreadable(400, "incomplete_body", "The body did not arrive whole."))
        if (header(request, b"content-encoding") or b"identity").lower() != b"identity":
            return _Read(came, Unreadable(415, "unsupported_encoding", "Send the body without Content-Encoding."))
        content_type = (header(request, b"content-type") or b"").decode("latin-1")
        most = self._context.max_result_bytes
        return _Read(came, await _off_the_loop(read_report, came.body, content_type, query, most))

    async def _report(self, report: Report, job_id: str, attempt: int | None) -> Response:
        signal = _signal(report, attempt)
        failpoint("callback.before_apply")
        try:
            moved = await self._context.lifecycle.signal(job_id, signal)
        except JobNotFound:
            await self._keep(Answer.UNKNOWN, report, job_id, attempt)
            self._context.telemetry.callback(Answer.UNKNOWN.value)
            raise
        failpoint("callback.after_apply")
        verdict = Answer.APPLIED if moved.landed else judge(moved.job, signal)
        kept = None
        if verdict is not Answer.APPLIED:
            kept = await self._keep(verdict, report, job_id, attempt)
        if verdict is Answer.LATE:
            # Its sender has its answer, and the callback is kept, whether this can be written or not.
            with contextlib.suppress(StoreUnavailable, JobNotFound):
                await self._context.lifecycle.signal(job_id, CameLate(attempt))
            self._context.telemetry.callback(verdict.value)
            fate = "kept in the inbox" if kept is not None else "not kept: the inbox is full of others for this job"
            raise Refused(409, "late_result", f"The job is already {moved.job.state.value}; the result is {fate}.")
        return await self._answer(moved, verdict)

    async def _crash(self, report: Report, execution_id: str) -> Response:
        """A report that names its execution only."""
        moved = await self._context.inbox.crashed(execution_id, report.error or "", report.retryable, report.flow)
        if moved is None:
            self._context.telemetry.callback(Answer.UNKNOWN.value)
            # Not an error to the sender: it would send the report again and again.
            return answer(schemas.CallbackNoted(callback=Answer.UNKNOWN.value), 202)
        return await self._answer(moved, Answer.APPLIED if moved.landed else Answer.STALE)

    async def _keep(self, verdict: Answer, report: Report, job_id: str, attempt: int | None) -> str | None:
        """Into the inbox with it; of a duplicate only that it came, and of progress nothing."""
        if report.progress is not None:
            return None
        content = report.error if report.error is not None else report.result or ""
        return await self._context.inbox.keep(
            verdict,
            Said.RESULT if report.error is None else Said.ERROR,
            "" if verdict is Answer.DUPLICATE else content,
            job_id=job_id,
            attempt=attempt,
            execution_id=report.execution_id,
            retryable=report.retryable,
        )

    async def _unreadable(
        self, request: Request, why: Unreadable, came: Came | None, claim: CallbackClaim | None
    ) -> Refused:
        """Keep what came, tell its job, and answer what is wanted. Nothing is kept: raises ``StoreUnavailable``."""
        most = self._context.max_result_bytes
        content_type = header(request, b"content-type")
        is_cut = came is not None and (came.cut or len(came.body) > most)
        kept = await self._context.inbox.unreadable(
            f"{why.status}: {why.words}",
            job_id=await self._whose(request, came, claim),
            attempt=None if claim is None else claim.attempt,
            body=None if came is None else came.body[:most],
            body_cut=is_cut,
            content_type=None if content_type is None else content_type[:200].decode("latin-1"),
        )
        self._context.telemetry.callback(Answer.UNREADABLE.value)
        what = "That it came" if came is None else "Its beginning" if is_cut else "What came"
        fate = (
            f"{what} is kept in the inbox." if kept is not None else "It is not kept: the inbox is full for this job."
        )
        errors = [] if why.field is None else [FieldError(field=why.field, message=why.words.partition(": ")[2])]
        return Refused(why.status, why.code, f"{why.words}{'' if why.words.endswith('.') else '.'} {fate}", errors)

    async def _whose(self, request: Request, came: Came | None, claim: CallbackClaim | None) -> str | None:
        """The job of a callback that could not be read: by its token, its address, or an id in its bytes.

        Of several ids in the bytes the first of a job under way, else the first of any job.
        """
        if claim is not None:
            return claim.job_id
        query: bytes = request.scope["query_string"]
        named = job_in_query(query.decode("latin-1"))
        ids: Sequence[str] = [] if named is None else [named]
        if named is None:
            ids = [*ids_in(query), *([] if came is None else await _off_the_loop(ids_in, came.body))]
        found: str | None = None
        for job_id in ids:
            job = await self._context.store.get(job_id)
            if job is not None and not job.is_final:
                return job_id
            if job is not None:
                found = found or job_id
        return found

    def _prove(self, request: Request) -> CallbackClaim | None:
        """What a token allows; ``None`` when the shared secret was given, which allows everything."""
        signer = self._context.signer
        bearer, secret = b"", b""
        for name, value in request.scope["headers"]:
            if name == b"authorization":
                bearer = value
            elif name == b"x-webhook-secret":
                secret = value
        if secret and signer.is_secret(secret):
            return None
        if bearer[:7].lower() == b"bearer ":
            claim = signer.verify(bearer[7:].strip(), self._context.store.now() / 1000)
            if claim is not None:
                return claim
        raise self._unproven(request)

    def _unproven(self, request: Request) -> Refused:
        self._context.telemetry.callback("unauthorized")
        return self._forgeries.refused(request)

    async def _answer(self, moved: Moved, verdict: Answer) -> Response:
        self._context.telemetry.callback(verdict.value)
        if moved.landed:
            self._context.telemetry.moved(moved.job)
        if verdict is Answer.DIFFERENT:
            raise Refused(409, "different_result", "The job is COMPLETED with another result; that one stays.")
        return answer(wire.callback_answer(moved.job, await self._context.waits(moved.job), verdict.value))


async def _off_the_loop(read: Callable[Concatenate[bytes, P], T], body: bytes, *more: P.args, **named: P.kwargs) -> T:
    """What is read of a body; of a large one in a thread."""
    if len(body) > _THREAD_ABOVE:
        return await asyncio.to_thread(read, body, *more, **named)
    return read(body, *more, **named)


def _signal(report: Report, attempt: int | None) -> Signal:
    if report.progress is not None:
        return Progressed(report.progress, attempt)
    if report.error is not None:
        error = reported_error(report.error)
        execution = None if report.job_id is not None else report.execution_id
        return Reported(Failed(error, report.retryable), attempt, execution=execution, note=report.note)
    assert report.result is not None
    return Reported(Succeeded(report.result), attempt, note=report.note)
