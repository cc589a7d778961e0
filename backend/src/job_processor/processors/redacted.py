"""A wrapper around every processor that masks secrets in everything it returns or reports."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from msgspec import structs

from job_processor.core.job import Attempt
from job_processor.core.outcome import HandOver, Outcome
from job_processor.core.redaction import Redactor
from job_processor.processors.base import Dispatch, Finding, Processor, Reconciler
from job_processor.processors.health import Health, HealthChecked


def redacted(processor: Processor, redactor: Redactor) -> Processor:
    """Wrap the processor; a Reconciler stays one."""
    if isinstance(processor, Reconciler):
        return _RedactedReconciler(processor, processor, redactor)
    return _Redacted(processor, redactor)


class _Redacted:
    def __init__(self, inner: Processor, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor

    @property
    def sends_to(self) -> str:
        return self._redactor.text(self._inner.sends_to)

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        progress = _progress(dispatch.progress, self._redactor)
        return self._redactor.hand_over(await self._inner.run(structs.replace(dispatch, progress=progress)))

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        return self._redactor.maybe(await self._inner.cancel(job_id, attempt))

    async def health(self) -> Health | None:
        found = await self._inner.health() if isinstance(self._inner, HealthChecked) else None
        return found and replace(found, message=self._redactor.text(found.message))


class _RedactedReconciler(_Redacted):
    def __init__(self, inner: Processor, reconciler: Reconciler, redactor: Redactor) -> None:
        super().__init__(inner, redactor)
        self._reconciler = reconciler

    @property
    def instance(self) -> str:
        return self._reconciler.instance

    @property
    def can_reconcile(self) -> bool:
        return self._reconciler.can_reconcile

    async def reconcile(self, job_id: str, attempt: Attempt) -> Finding | None:
        found = await self._reconciler.reconcile(job_id, attempt)
        if found is None:
            return None
        outcome = None if found.outcome is None else self._redactor.outcome(found.outcome)
        return replace(found, words=self._redactor.text(found.words), outcome=outcome)


def _progress(report: Callable[[str], Awaitable[None]], redactor: Redactor) -> Callable[[str], Awaitable[None]]:
    async def progress(text: str) -> None:
        await report(redactor.text(text))

    return progress
