"""The one way a stored job changes: decide (``core.transitions``), compare-and-set (store), publish the fact."""

import random
from collections.abc import Callable

import msgspec

from job_processor.acts.facts import DeliveriesDue, Facts, JobMoved, TokensUsed
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.job_writes import JobWrites
from job_processor.acts.recent_jobs import RecentJobs
from job_processor.acts.verdicts import Verdicts, awaits_verdict
from job_processor.acts.webhook_endpoints import WebhookEndpoints
from job_processor.core import transitions
from job_processor.core.audit import AuditEntry
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.inbox import Callback
from job_processor.core.job import Job, JobError, State
from job_processor.core.outcome import Failed, Progressed, Reported, Signal, Succeeded, again
from job_processor.core.report import Report
from job_processor.core.success import takes_result
from job_processor.store.base import InboxQuery, Store

TRIES = 50
"""Compare-and-sets lost in a row after which the store counts as unavailable: far more than contention can cause."""


class Moved(msgspec.Struct, frozen=True, gc=False):
    """The job after a signal. ``written``: the signal changed it."""

    job: Job
    written: bool


class Signals:
    def __init__(
        self,
        store: Store,
        flows: FlowTable,
        verdicts: Verdicts,
        facts: Facts,
        endpoints: WebhookEndpoints,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._flows = flows
        self._prices = flows.prices()
        self._verdicts = verdicts
        self._facts = facts
        self._endpoints = endpoints
        self._jitter = jitter
        self._recent = RecentJobs()
        self._writes = JobWrites()

    def note(self, job: Job) -> None:
        """Cache a job that was written without a signal, so that its next signal may need no read."""
        self._recent.note(job)

    async def send(
        self, job_id: str, signal: Signal, known: Job | None = None, record: AuditEntry | None = None
    ) -> Moved:
        """Apply a signal to a job; decide anew on the newest job whenever another writer was faster.

        ``known``: the job as the caller last read it, which saves a read. ``record``: the entry of the audit that is
        stored with the change. Raises ``JobNotFound``.
        """
        for _ in range(TRIES):
            if known is None:
                await self._writes.ended(job_id)
            recent = self._recent.take(job_id) if known is None else None
            job = known or recent or await self._store.get(job_id)
            known = None
            if job is None:
                raise JobNotFound(job_id)
            if awaits_verdict(signal) and takes_result(job, signal):
                # A signal that changes nothing (a duplicate) is not examined. Once: the verdict stays with the signal
                # when the compare-and-set is lost.
                signal = await self._verdicts.of_signal(signal, job)
            change = self._decide(job, signal)
            if change is None and recent is not None:
                continue
            if change is None:
                return Moved(job, written=False)
            if change.job.is_final:
                change = await self._endpoints.with_notices(job, change)
            applied = self._store.apply(change) if record is None else self._store.apply(change, record)
            if await self._writes.run(job_id, applied):
                self._recent.note(change.job)
                self._facts.tell(JobMoved(change.job, job.state))
                used = change.counted
                if used is not None and (used.prompt_tokens or used.completion_tokens):
                    self._facts.tell(TokensUsed.of(job, used))
                if change.notices:
                    self._facts.tell(DeliveriesDue())
                if change.job.state is State.WAITING and job.state is State.RUNNING:
                    return Moved(await self.apply_early_reports(change.job), written=True)
                return Moved(change.job, written=True)
        raise StoreUnavailable("The job changes faster than it can be written.")

    def _decide(self, job: Job, signal: Signal) -> transitions.Change | None:
        rules = self._flows.rules_of(job)
        return transitions.decide(job, signal, self._store.now(), rules, self._jitter(), self._prices)

    async def apply_early_reports(self, job: Job) -> Job:
        """The job after the crash reports that arrived before its execution id was stored.

        A report is stored first and the job looked up then (``Callbacks.crashed``); here the execution id is stored
        first and the reports looked up then. So at least one side sees the other.
        """
        attempt = job.attempts[-1]
        if attempt.execution_id is None:
            return job
        for one in await self._store.list_callbacks(InboxQuery(execution_id=attempt.execution_id)):
            if one.callback.is_about(attempt) and await self._is_of_its_processor(one.callback, job):
                report = Failed(reported_error(one.callback.content), one.callback.retryable)
                moved = await self.send(job.id, Reported(report, execution=attempt.execution_id), known=job)
                if moved.written:
                    await self._store.set_callback_verdict(one.callback.id, CallbackVerdict.APPLIED, job.id, job.flow)
                job = moved.job
        return job

    async def _is_of_its_processor(self, callback: Callback, job: Job) -> bool:
        """Whether the report is from the processor that has the job. A report that names no flow counts as such if no
        other processor has an execution of the same id in flight."""
        if callback.flow is not None:
            return (job.via() or job.flow) in self._flows.sharing_processor(callback.flow)
        return callback.execution_id is None or await self._store.find_execution(callback.execution_id) == job.id


def reported_error(words: str) -> JobError:
    """The error of an attempt whose processor reported one by a callback; ``words`` are the processor's."""
    return JobError("processor_reported", words or "The processor reported an error without words.")


def signal_of(report: Report, attempt: int | None, now: int) -> Signal:
    """The signal of a report. ``attempt``: the attempt that the report is about, if known; ``now``: ms since 1970."""
    if report.progress is not None:
        return Progressed(report.progress, attempt)
    if report.again_seconds is not None:
        return Reported(again(report.again_seconds, now, report.note), attempt)
    if report.error is not None:
        error = reported_error(report.error)
        execution = None if report.job_id is not None else report.execution_id
        return Reported(Failed(error, report.retryable), attempt, execution=execution, note=report.note)
    assert report.result is not None
    return Reported(Succeeded(report.result), attempt, note=report.note)
