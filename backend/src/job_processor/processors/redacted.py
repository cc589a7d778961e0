"""Around every processor: what it says is free of our secrets before anybody keeps it. The one place for all kinds."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from job_processor.core.job import Attempt
from job_processor.core.outcome import HandOver, Outcome
from job_processor.core.redaction import Redactor
from job_processor.processors.base import Dispatch, Finding, Processor, Reconciler


def redacted(processor: Processor, redactor: Redactor) -> Processor:
    """The same processor; one that can be asked still can."""
    if isinstance(processor, Reconciler):
        return _RedactedReconciler(processor, processor, redactor)
    return _Redacted(processor, redactor)


class _Redacted:
    def __init__(self, inner: Processor, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        heard = _progress(dispatch.progress, self._redactor)
        return self._redactor.hand_over(await self._inner.run(replace(dispatch, progress=heard)))

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        return self._redactor.maybe(await self._inner.cancel(job_id, attempt))


class _RedactedReconciler(_Redacted):
    def __init__(self, inner: Processor, asked: Reconciler, redactor: Redactor) -> None:
        super().__init__(inner, redactor)
        self._asked = asked

    @property
    def instance(self) -> str:
        return self._asked.instance

    @property
    def can_be_asked(self) -> bool:
        return self._asked.can_be_asked

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        found = await self._asked.reconcile(job_id, attempt)
        if found is None:
            return None
        outcome = None if found.outcome is None else self._redactor.outcome(found.outcome)
        return replace(found, words=self._redactor.text(found.words), outcome=outcome)


def _progress(report: Callable[[str], Awaitable[None]], redactor: Redactor) -> Callable[[str], Awaitable[None]]:
    async def progress(text: str) -> None:
        await report(redactor.text(text))

    return progress
