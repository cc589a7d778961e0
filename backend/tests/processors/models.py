"""The openai processor in a test's hands, and what may come of an attempt."""

from typing import Any

import msgspec
import pytest

from job_processor.core.outcome import Failed
from job_processor.processors.base import LaneTrouble, ServerFault
from job_processor.processors.openai import OpenAIOptions, OpenAIProcessor
from tests.processors.given import dispatch, opened, surroundings
from tests.processors.rogue import Rogue


def model(rogue: Rogue, *, seconds: float = 20.0, **options: Any) -> OpenAIProcessor:
    given = {"model": "m-1", "base_url": rogue.url + "/v1", "api_key_env": "MODEL_KEY", **options}
    return OpenAIProcessor(msgspec.convert(given, OpenAIOptions), surroundings(dispatch_timeout_seconds=seconds))


async def outcome(processor: OpenAIProcessor) -> object:
    async with opened(processor):
        return await processor.run(dispatch())


async def failed(processor: OpenAIProcessor) -> Failed:
    ended = await outcome(processor)
    assert isinstance(ended, Failed)
    return ended


async def trouble(processor: OpenAIProcessor) -> LaneTrouble:
    with pytest.raises(LaneTrouble) as caught:
        await outcome(processor)
    return caught.value


async def fault(processor: OpenAIProcessor) -> ServerFault:
    with pytest.raises(ServerFault) as caught:
        await outcome(processor)
    return caught.value
