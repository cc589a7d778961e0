"""Authenticated callbacks: the verdict on each (applied, duplicate, late, …), what the inbox keeps of it, and accepting
a kept callback by hand."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import structs

from job_processor.acts.facts import CallbackJudged, CallbacksPruned, Facts
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.signals import Moved, Signals, reported_error, signal_of
from job_processor.acts.trail import Trail
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.audit import AuditAct
from job_processor.core.callbacks import CallbackVerdict, judge_callback
from job_processor.core.errors import CallbackNotFound, JobNotFound, MoveRefused, StoreUnavailable
from job_processor.core.ids import IdFactory
from job_processor.core.inbox import Callback, CallbackContent
from job_processor.core.job import Job, State
from job_processor.core.outcome import (
    CallbackUnreadable,
    Failed,
    LateResult,
    Reported,
    ResultAccepted,
)
from job_processor.core.redaction import Redactor
from job_processor.core.report import Report
from job_processor.failpoints import failpoint
from job_processor.store.base import Store


class Judged(msgspec.Struct, frozen=True, gc=False):
    """The verdict on a callback. ``job``: after the callback; ``None``: no job matches the ids in it. ``kept``: the id
    under which the callback is kept; ``None``: it is not kept."""

    verdict: CallbackVerdict
    job: Job | None = None
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class UnreadableBody:
    """A body that could not be read as a report. ``body``: its bytes, or their beginning when ``cut``; ``None``: none
    were received."""

    body: bytes | None
    cut: bool
    content_type: str | None


class Callbacks:
    """``redactor`` masks our own secrets in the texts of callbacks before they are kept, but not in results."""

    def __init__(
        self,
        store: Store,
        flows: FlowTable,
        signals: Signals,
        ids: IdFactory,
        facts: Facts,
        redactor: Redactor,
        trail: Trail,
    ) -> None:
        self._store = store
        self._flows = flows
        self._signals = signals
        self._ids = ids
        self._facts = facts
        self._redactor = redactor
        self._trail = trail

    async def report(self, report: Report, job_id: str, attempt: int | None) -> Judged:
        """Apply a report to its job. A report that changes nothing is kept in the callback inbox if it has a result or
        an error.

        ``attempt``: the attempt that the report is about, if known. Raises ``JobNotFound``; the report is kept anyway.
        """
        report = self._redacted(report)
        signal = signal_of(report, attempt, self._store.now())
        failpoint("callback.before_apply")
        try:
            moved = await self._signals.send(job_id, signal)
        except JobNotFound:
            await self._keep_report(CallbackVerdict.UNKNOWN, report, job_id, attempt)
            self._facts.tell(CallbackJudged(CallbackVerdict.UNKNOWN.value))
            raise
        failpoint("callback.after_apply")
        verdict = CallbackVerdict.APPLIED if moved.written else judge_callback(moved.job, signal)
        kept = None
        if verdict is not CallbackVerdict.APPLIED:
            kept = await self._keep_report(verdict, report, job_id, attempt, moved.job.flow)
        if verdict is CallbackVerdict.LATE:
            # The callback is kept, so its sender gets the answer even if this history entry cannot be written.
            with contextlib.suppress(StoreUnavailable, JobNotFound):
                await self._signals.send(job_id, LateResult(attempt))
        self._facts.tell(CallbackJudged(verdict.value))
        return Judged(verdict, moved.job, kept)

    async def crashed(self, report: Report) -> Judged:
        """Apply an error report that names only an execution id. The verdict is UNKNOWN, and the report is kept, if no
        job in flight has this id, or several have it.

        The report is stored before the job is looked up; ``Signals.apply_early_reports`` does the reverse, so that at
        least one side sees the other.
        """
        report = self._redacted(report)
        words, execution_id = report.error or "", report.execution_id
        assert execution_id is not None
        kept = await self._keep(
            CallbackVerdict.UNKNOWN,
            CallbackContent.ERROR,
            words,
            execution_id=execution_id,
            retryable=report.retryable,
            flow=report.flow,
        )
        flows = None if report.flow is None else self._flows.sharing_processor(report.flow)
        job_id = await self._store.find_execution(execution_id, flows)
        if job_id is None:
            self._facts.tell(CallbackJudged(CallbackVerdict.UNKNOWN.value))
            return Judged(CallbackVerdict.UNKNOWN, None, kept)
        failed = Reported(Failed(reported_error(words), report.retryable), execution=execution_id)
        moved = await self._signals.send(job_id, failed)
        if moved.written and kept is not None:
            await self._store.set_callback_verdict(kept, CallbackVerdict.APPLIED, job_id, moved.job.flow)
        verdict = CallbackVerdict.APPLIED if moved.written else CallbackVerdict.STALE
        self._facts.tell(CallbackJudged(verdict.value))
        return Judged(verdict, moved.job, kept)

    async def unreadable(self, why: str, job_id: str | None, attempt: int | None, body: UnreadableBody) -> str | None:
        """Keep a callback that could not be read, and note it in its job's history.

        ``why``: for people; ``job_id``: its job, if that is known. Returns the id under which it is kept, if it is.
        """
        job = None if job_id is None else await self._store.get(job_id)
        kept = await self._keep(
            CallbackVerdict.UNREADABLE,
            CallbackContent.UNREADABLE,
            why,
            job_id=job_id,
            attempt=attempt,
            body=body.body,
            body_cut=body.cut,
            content_type=body.content_type,
            job_flow=None if job is None else job.flow,
        )
        if job_id is not None:
            with contextlib.suppress(JobNotFound):
                await self._signals.send(job_id, CallbackUnreadable(why, attempt))
        self._facts.tell(CallbackJudged(CallbackVerdict.UNREADABLE.value))
        return kept

    async def job_among(self, ids: Sequence[str]) -> str | None:
        """The first of these ids that is a job not yet final, else the first that is a job, else ``None``."""
        final: str | None = None
        for job_id in ids:
            job = await self._store.get(job_id)
            if job is not None and not job.is_final:
                return job_id
            if job is not None:
                final = final or job_id
        return final

    async def accept(self, callback_id: str, by: Requester = SYSTEM) -> Moved:
        """Complete a job with the content of a kept callback: a FAILED or CANCELLED job with a late result, or any job
        that is not COMPLETED with the bytes of an unreadable callback. Idempotent.

        Raises ``CallbackNotFound``, ``JobNotFound``, and ``MoveRefused`` for a callback without a result and for a job
        in any other state.
        """
        callback = await self._kept(callback_id, by)
        result = callback.acceptable_result
        if result is None:
            raise MoveRefused("This callback brought no result that could be accepted.")
        if callback.job_id is None:
            raise JobNotFound
        unread = callback.said is CallbackContent.UNREADABLE
        accepted = ResultAccepted(result, unread=unread, attempt=callback.attempt)
        record = self._trail.entry(by, AuditAct.RESULT_ACCEPTED, callback.job_id, callback_id)
        moved = await self._signals.send(callback.job_id, accepted, record=record)
        done = moved.job.state is State.COMPLETED and moved.job.result == result
        if not moved.written and not done:
            state = moved.job.state.value
            if unread:
                raise MoveRefused(f"The job has a result already; it is {state}.")
            raise MoveRefused(f"Only FAILED and CANCELLED jobs take a late result; this one is {state}.")
        await self._store.set_callback_verdict(callback_id, CallbackVerdict.ACCEPTED, moved.job.id, moved.job.flow)
        return moved

    async def reject(self, callback_id: str, by: Requester = SYSTEM) -> Callback:
        """Record that nothing is done with a kept callback; returns it. Idempotent; a rejected callback can still be
        accepted.

        Raises ``CallbackNotFound``, and ``MoveRefused`` for a callback on which there is nothing to decide.
        """
        await self._kept(callback_id, by)
        record = self._trail.entry(by, AuditAct.CALLBACK_REJECTED, callback_id)
        await self._store.reject_callback(callback_id, record)
        # Read again: somebody else may have decided meanwhile.
        callback = await self._kept(callback_id, by)
        if callback.verdict is not CallbackVerdict.REJECTED:
            raise MoveRefused(f"There is nothing to decide about this callback; it is {callback.verdict.value}.")
        return callback

    async def prune(self, last_before: int, limit: int) -> int:
        """Delete up to ``limit`` kept callbacks last delivered before then (ms since 1970); returns how many."""
        count = await self._store.prune_callbacks(last_before, limit)
        if count:
            self._facts.tell(CallbacksPruned(count))
        return count

    async def _kept(self, callback_id: str, by: Requester) -> Callback:
        callback = await self._store.get_callback(callback_id, by.principal.flows)
        if callback is None:
            raise CallbackNotFound(callback_id)
        return callback

    def _redacted(self, report: Report) -> Report:
        """Mask secrets: a workflow may put its whole input, including the callback token, into an error."""
        if report.error is report.progress is report.execution_id is None:
            return report
        return structs.replace(
            report,
            error=self._redactor.maybe(report.error),
            progress=self._redactor.maybe(report.progress),
            execution_id=self._redactor.maybe(report.execution_id),
        )

    async def _keep_report(
        self,
        verdict: CallbackVerdict,
        report: Report,
        job_id: str,
        attempt: int | None,
        job_flow: str | None = None,
    ) -> str | None:
        """Keep a report in the inbox. A duplicate is only counted; a report without result and error is not kept."""
        if report.progress is not None or report.again_seconds is not None:
            return None
        content = report.error if report.error is not None else report.result or ""
        return await self._keep(
            verdict,
            CallbackContent.RESULT if report.error is None else CallbackContent.ERROR,
            "" if verdict is CallbackVerdict.DUPLICATE else content,
            job_id=job_id,
            attempt=attempt,
            execution_id=report.execution_id,
            retryable=report.retryable,
            job_flow=job_flow,
        )

    async def _keep(
        self,
        verdict: CallbackVerdict,
        said: CallbackContent,
        content: str,
        *,
        job_id: str | None = None,
        attempt: int | None = None,
        execution_id: str | None = None,
        retryable: bool = True,
        body: bytes | None = None,
        body_cut: bool = False,
        content_type: str | None = None,
        flow: str | None = None,
        job_flow: str | None = None,
    ) -> str | None:
        """Store a callback durably, or count one more delivery of it. Returns its id; ``None``: it was not kept."""
        now = self._store.now()
        callback = Callback(
            id=self._ids.new(now),
            received_at=now,
            last_at=now,
            verdict=verdict,
            said=said,
            content=content,
            job_id=job_id,
            attempt=attempt,
            execution_id=execution_id,
            retryable=retryable,
            body=body,
            body_cut=body_cut,
            content_type=content_type,
            flow=flow,
            job_flow=job_flow,
        )
        kept = await self._store.keep_callback(callback)
        if kept is not None and job_id is not None and verdict is not CallbackVerdict.UNKNOWN:
            # The callback is kept, so its sender gets the answer even if this cannot be written.
            with contextlib.suppress(StoreUnavailable):
                if await self._store.get(job_id) is None:
                    # The job was deleted since the callback was judged, and its callbacks before this one was kept.
                    await self._store.set_callback_verdict(kept, CallbackVerdict.UNKNOWN, job_id)
        return kept
