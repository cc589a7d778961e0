"""A webhook processor in a test's hands, and what may come of an attempt."""

from job_processor.core.job import JobError
from job_processor.core.outcome import Failed, LaneClosed
from job_processor.processors.base import Processor
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.processors.given import dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure, fault_in


def webhook(url: str, seconds: float = 20.0, ca_file: str | None = None, **options: str) -> WebhookProcessor:
    around = surroundings(dispatch_timeout_seconds=seconds)
    return WebhookProcessor(WebhookOptions(url=url, ca_file=ca_file, **options), around)


async def outcome(processor: Processor) -> object:
    async with opened(processor):
        return await processor.run(dispatch())


async def trouble(processor: Processor) -> LaneClosed:
    return closed_by(await outcome(processor))


async def fault(processor: Processor) -> JobError:
    return fault_in(await outcome(processor))


async def failed(processor: Processor) -> Failed:
    return failure(await outcome(processor))
