"""The openai processor in a test's hands, and what may come of an attempt."""

from typing import Any

import msgspec

from job_processor.core.job import JobError
from job_processor.core.outcome import Failed, HandOver, LaneClosed, Succeeded
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from tests.processors.given import MAX_RESULT_BYTES, dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure, fault_in
from tests.processors.rogue import Behaviour, Rogue


def model(
    rogue: Rogue, *, seconds: float = 20.0, max_result_bytes: int = MAX_RESULT_BYTES, **options: Any
) -> OpenAIProcessor:
    given = {"model": "m-1", "base_url": rogue.url + "/v1", "api_key_env": "MODEL_KEY", **options}
    around = surroundings(dispatch_timeout_seconds=seconds, max_result_bytes=max_result_bytes)
    return OpenAIProcessor(msgspec.convert(given, OpenAIOptions), around)


async def outcome(processor: OpenAIProcessor) -> object:
    async with opened(processor):
        return await processor.run(dispatch())


async def failed(processor: OpenAIProcessor) -> Failed:
    return failure(await outcome(processor))


async def trouble(processor: OpenAIProcessor) -> LaneClosed:
    return closed_by(await outcome(processor))


async def fault(processor: OpenAIProcessor) -> JobError:
    return fault_in(await outcome(processor))


async def taken(rogue: Rogue, behaviour: Behaviour, **options: Any) -> Succeeded:
    rogue.usual = behaviour
    ended = await outcome(model(rogue, **options))
    if isinstance(ended, HandOver):
        ended = ended.job
    assert isinstance(ended, Succeeded), ended
    return ended
