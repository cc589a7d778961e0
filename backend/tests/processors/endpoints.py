"""Runs the http processor against an endpoint of the test."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from job_processor.core.outcome import HandOver, Outcome, Succeeded
from job_processor.processors.http.processor import EndpointOptions, EndpointProcessor
from tests.processors.given import dispatch, opened, surroundings
from tests.processors.rogue import Behaviour, Rogue, answer

HTML = "text/html; charset=utf-8"


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200, "ok")).serve() as server:
        yield server


def endpoint(url: str, seconds: float = 20.0, **options: Any) -> EndpointProcessor:
    converted = msgspec.convert({"url": url, **options}, EndpointOptions)
    return EndpointProcessor(converted, surroundings(dispatch_timeout_seconds=seconds))


async def run(processor: EndpointProcessor, **job: Any) -> Outcome | HandOver:
    async with opened(processor):
        return await processor.run(dispatch(**job))


async def result(rogue: Rogue, behaviour: Behaviour, **options: Any) -> str:
    rogue.usual = behaviour
    outcome = await run(endpoint(rogue.url, **options))
    assert isinstance(outcome, Succeeded), outcome
    return outcome.result
