"""The processor reports back. Proof first, then the body, then the one door; duplicates get a 200."""

import contextlib

from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.callbacks import Answer, judge
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.inbox import Said
from job_processor.core.outcome import Failed, Progressed, Reported, Signal, Succeeded
from job_processor.failpoints import failpoint
from job_processor.http import schemas, wire
from job_processor.http.context import Context, answer
from job_processor.http.forgeries import Forgeries
from job_processor.http.gate import read_json
from job_processor.http.problems import Refused, invalid
from job_processor.lifecycle import Moved, reported_error
from job_processor.signing import CallbackClaim

MAX_ERROR_CHARACTERS = 4_000


class Callbacks:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._forgeries = Forgeries()

    async def receive(self, request: Request) -> Response:
        claim = self._prove(request)
        try:
            report = await read_json(request, schemas.CallbackReport)
            _check_one_thing(report)
            job_id = _job_id(report, claim)
        except Refused as refused:
            await self._unreadable(refused, claim)
            raise
        if job_id is None:
            return await self._crash(report)
        if claim is not None and (
            claim.job_id != job_id or (report.attempt is not None and report.attempt != claim.attempt)
        ):
            raise self._unproven(request)
        return await self._report(report, job_id, claim.attempt if claim is not None else report.attempt)

    async def _report(self, report: schemas.CallbackReport, job_id: str, attempt: int | None) -> Response:
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
            self._context.telemetry.callback(verdict.value)
            fate = "kept in the inbox" if kept is not None else "not kept: the inbox is full of others for this job"
            raise Refused(409, "late_result", f"The job is already {moved.job.state.value}; the result is {fate}.")
        return await self._answer(moved, verdict)

    async def _crash(self, report: schemas.CallbackReport) -> Response:
        """A report that names its execution only."""
        assert report.execution_id is not None
        assert report.error is not None
        words = report.error[:MAX_ERROR_CHARACTERS]
        moved = await self._context.inbox.crashed(report.execution_id, words, report.retryable)
        if moved is None:
            self._context.telemetry.callback(Answer.UNKNOWN.value)
            # Not an error to the sender: it would send the report again and again.
            return answer(schemas.CallbackNoted(callback=Answer.UNKNOWN.value), 202)
        return await self._answer(moved, Answer.APPLIED if moved.landed else Answer.STALE)

    async def _keep(
        self, verdict: Answer, report: schemas.CallbackReport, job_id: str, attempt: int | None
    ) -> str | None:
        """Into the inbox with it; of a duplicate only that it came, and of progress nothing."""
        if report.progress is not None:
            return None
        content = report.error[:MAX_ERROR_CHARACTERS] if report.error is not None else report.result or ""
        return await self._context.inbox.keep(
            verdict,
            Said.RESULT if report.error is None else Said.ERROR,
            "" if verdict is Answer.DUPLICATE else content,
            job_id=job_id,
            attempt=attempt,
            execution_id=report.execution_id,
            retryable=report.retryable,
        )

    async def _unreadable(self, refused: Refused, claim: CallbackClaim | None) -> None:
        self._context.telemetry.callback(Answer.UNREADABLE.value)
        job_id, attempt = (None, None) if claim is None else (claim.job_id, claim.attempt)
        words = f"{refused.status}: {refused.detail}"
        # The sender has its answer either way.
        with contextlib.suppress(StoreUnavailable):
            await self._context.inbox.keep(
                Answer.UNREADABLE,
                Said.UNREADABLE,
                words,
                job_id=job_id,
                attempt=attempt,
            )

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


def _check_one_thing(report: schemas.CallbackReport) -> None:
    if [report.result, report.error, report.progress].count(None) != 2:
        raise invalid("result", "must be given, or error, or progress: exactly one of the three")


def _job_id(report: schemas.CallbackReport, claim: CallbackClaim | None) -> str | None:
    """Whom the report is about; ``None`` when it names its execution only."""
    if report.job_id is not None:
        return report.job_id
    if claim is not None:
        return claim.job_id
    if report.execution_id is None or report.error is None:
        raise invalid("jobId", "is required (an error may name an executionId instead)")
    return None


def _signal(report: schemas.CallbackReport, attempt: int | None) -> Signal:
    if report.progress is not None:
        return Progressed(report.progress, attempt)
    if report.error is not None:
        error = reported_error(report.error[:MAX_ERROR_CHARACTERS])
        execution = None if report.job_id is not None else report.execution_id
        return Reported(Failed(error, report.retryable), attempt, execution=execution)
    assert report.result is not None
    return Reported(Succeeded(report.result), attempt)
