"""Passes a cancel on to the processor that has the attempt, and keeps its answer in the job's history."""

import asyncio
from collections.abc import Mapping

import structlog

from job_processor import tasks
from job_processor.acts.signals import Signals
from job_processor.core.errors import JobNotFound, StoreUnavailable
from job_processor.core.job import Attempt
from job_processor.core.outcome import CancelAnswered
from job_processor.processors.base import Processor

log = structlog.get_logger(__name__)
SECONDS = 10.0
"""Timeout of a processor's answer to a cancel, and so of a cancel request."""


class Cancels:
    def __init__(self, signals: Signals, processors: Mapping[str, Processor], seconds: float = SECONDS) -> None:
        self._signals = signals
        self._processors = processors
        self._seconds = seconds
        self._under_way: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def pass_on(self, flow: str, job_id: str, attempt: Attempt) -> None:
        """Pass the cancel on, unless that is under way, and wait for the processor's answer until the timeout. The job
        stays CANCELLED, whatever the answer is."""
        processor = self._processors.get(flow)
        if processor is None:
            return
        key = (job_id, attempt.number)
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._pass_on(processor, job_id, attempt))
            task.add_done_callback(lambda _: self._under_way.pop(key))
        await asyncio.wait([task], timeout=self._seconds)

    async def close(self) -> None:
        """Abandon the answers that are still awaited."""
        await tasks.end(*self._under_way.values())

    async def _pass_on(self, processor: Processor, job_id: str, attempt: Attempt) -> None:
        answer = await self._answer(processor, job_id, attempt)
        log.info("cancel_passed_on", job=job_id, attempt=attempt.number, answer=answer)
        if answer is None:
            return
        try:
            await self._signals.send(job_id, CancelAnswered(answer, attempt.number))
        except (JobNotFound, StoreUnavailable) as error:
            log.warning("cancel_answer_not_kept", job=job_id, reason=str(error))

    async def _answer(self, processor: Processor, job_id: str, attempt: Attempt) -> str | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await processor.cancel(job_id, attempt)
        except TimeoutError:
            return f"The processor did not answer to the cancel within {self._seconds:g} seconds."
        except Exception as error:
            log.exception("cancel_failed", job=job_id)
            return f"The cancel could not be passed on: {type(error).__name__}."
