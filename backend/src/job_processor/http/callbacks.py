"""The processor reports back. Proof first, then the body, then the one door; duplicates get a 200."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.callbacks import Answer, judge
from job_processor.core.job import Job, JobError
from job_processor.core.outcome import Failed, Progressed, Reported, Signal, Succeeded
from job_processor.failpoints import failpoint
from job_processor.http import schemas, wire
from job_processor.http.context import Context, answer
from job_processor.http.gate import read_json
from job_processor.http.problems import Refused, invalid
from job_processor.signing import CallbackClaim

MAX_ERROR_CHARACTERS = 4_000
_LOOKS = 12
_LOOK_SECONDS = 0.25


class Callbacks:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def receive(self, request: Request) -> Response:
        context = self._context
        claim = self._prove(request)
        report = await read_json(request, schemas.CallbackReport)
        job_id = await self._job_id(report, claim)
        if job_id is None:
            context.telemetry.callback("unknown")
            # Not an error to the sender: a processor's error report would come again and again.
            return answer(schemas.CallbackNoted(callback="unknown"), 202)
        if claim is not None and (
            claim.job_id != job_id or (report.attempt is not None and report.attempt != claim.attempt)
        ):
            self._context.telemetry.callback("unauthorized")
            raise _unproven()
        attempt = claim.attempt if claim is not None else report.attempt
        signal = _signal(report, attempt)
        failpoint("callback.before_apply")
        moved = await context.lifecycle.signal(job_id, signal)
        failpoint("callback.after_apply")
        verdict = Answer.APPLIED if moved.landed else judge(moved.job, signal)
        context.telemetry.callback(verdict.value)
        if moved.landed:
            context.telemetry.moved(moved.job)
        return await self._answer(moved.job, verdict)

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
        self._context.telemetry.callback("unauthorized")
        raise _unproven()

    async def _job_id(self, report: schemas.CallbackReport, claim: CallbackClaim | None) -> str | None:
        """Whom the report is about; ``None`` for an execution that belongs to no job in flight."""
        if report.job_id is not None:
            return report.job_id
        if claim is not None:
            return claim.job_id
        if report.execution_id is None or report.error is None:
            raise invalid("jobId", "is required (an error may name an executionId instead)")
        # The report may overtake our own record of the acceptance that names the execution.
        for _ in range(_LOOKS):
            found = await self._context.store.find_execution(report.execution_id)
            if found is not None:
                return found
            await asyncio.sleep(_LOOK_SECONDS)
        return None

    async def _answer(self, job: Job, verdict: Answer) -> Response:
        if verdict is Answer.DIFFERENT:
            raise Refused(409, "different_result", "The job is COMPLETED with another result; that one stays.")
        if verdict is Answer.LATE:
            raise Refused(409, "late_result", f"The job is already {job.state.value}; the result changes nothing.")
        return answer(wire.callback_answer(job, await self._context.waits(job), verdict.value))


def _unproven() -> Refused:
    # A new one each time: an exception that is raised again keeps the frames of all the times before.
    return Refused(401, "unauthorized", "The callback's secret or token is missing or wrong.")


def _signal(report: schemas.CallbackReport, attempt: int | None) -> Signal:
    given = [v for v in (report.result, report.error, report.progress) if v is not None]
    if len(given) != 1:
        raise invalid("result", "must be given, or error, or progress: exactly one of the three")
    if report.progress is not None:
        return Progressed(report.progress, attempt)
    if report.error is not None:
        words = report.error[:MAX_ERROR_CHARACTERS] or "The processor reported an error without words."
        execution = None if report.job_id is not None else report.execution_id
        return Reported(Failed(JobError("processor_reported", words), report.retryable), attempt, execution=execution)
    assert report.result is not None
    return Reported(Succeeded(report.result), attempt)
