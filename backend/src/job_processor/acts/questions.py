"""Reconcile calls: asks a processor what became of an attempt that waits for its callback, and records the finding."""

from collections.abc import Mapping

import structlog

from job_processor.acts.outcomes import Outcomes
from job_processor.acts.signals import Signals
from job_processor.core.job import Attempt, Job
from job_processor.core.outcome import Asked, Asking, Reported, Succeeded
from job_processor.processors.base import Finding, Reconciler
from job_processor.store.base import Store

log = structlog.get_logger(__name__)
_OVERDUE: Mapping[type, str] = {
    Succeeded: "The callback was overdue; the processor was asked, and the result it had was taken.",
}
_EARLY = "The processor was asked, and the result it had was taken; its callback had not come."
_UNREAD = "A callback could not be read; the processor was asked, and the result it had was taken."


class Questions:
    def __init__(self, store: Store, signals: Signals, outcomes: Outcomes) -> None:
        self._store = store
        self._signals = signals
        self._outcomes = outcomes

    async def ask(self, processor: Reconciler, job: Job) -> Finding | None:
        """Ask about the current attempt of a WAITING job; of several workers that ask at once, one does.

        Returns the finding when this call asked and there was one. Raises ``JobNotFound``.
        """
        assert job.lease is not None
        token = job.lease.token
        wished = job.lease.ask_at is not None
        begun = await self._signals.send(job.id, Asking(job.attempt, token), known=job)
        if not begun.written:
            return None
        job = begun.job
        finding = await self._find(processor, job.id, job.attempts[-1])
        overdue = job.lease is not None and job.lease.until <= self._store.now()
        if finding is not None and finding.outcome is not None and (overdue or finding.ended):
            note = _OVERDUE.get(type(finding.outcome)) if overdue else _UNREAD if wished else _EARLY
            outcome = finding.outcome
            if not isinstance(outcome, Succeeded):
                note = None
            report = Reported(outcome, job.attempt, token, note=note, asked=finding.words)
            moved = await self._signals.send(job.id, report, known=job)
            if moved.written:
                log.info("reconciled", job=job.id, outcome=type(outcome).__name__)
                return finding
            job = moved.job
        if overdue:
            await self._outcomes.expire(job, None if finding is None else finding.words)
        else:
            told = Asked(None, job.attempt, token)
            if finding is not None:
                told = Asked(finding.words, job.attempt, token, finding.answered)
            await self._signals.send(job.id, told, known=job)
        return finding

    async def _find(self, processor: Reconciler, job_id: str, attempt: Attempt) -> Finding | None:
        try:
            return await processor.reconcile(job_id, attempt)
        except Exception as error:
            # The attempt must not wait longer because its processor cannot be asked.
            log.exception("reconcile_failed", job=job_id)
            return Finding(f"The processor could not be asked: {type(error).__name__}.", answered=False)
