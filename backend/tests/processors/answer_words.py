"""The meaning of an answer in the words of the table of docs/flows-and-processors.md."""

from typing import Any

import msgspec

from job_processor.core.outcome import Deferred, Failed, HandOver, LaneClosed, LaneHealthy, LaneServerError
from job_processor.processors.base import Processor
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from job_processor.processors.model.options import request_of, sent_of
from tests.processors.given import NOW, dispatch, opened, surroundings
from tests.processors.rogue import Rogue

OPTIONS: dict[str, Any] = {
    "model": "m-1",
    "system_prompt": "Be brief.",
    "temperature": 0.2,
    "top_p": 0.9,
    "max_tokens": 100_000,
    "seed": 1,
    "stop": ["END"],
    "reasoning_effort": "low",
    "extra_body": {"top_k": 4},
}
SENT = sent_of(
    request_of(msgspec.convert(OPTIONS, OpenAIOptions), "m-1", dispatch(result_schema={"type": "object"})), "model"
)


def described(over: object) -> str:
    """A meaning in the table's words."""
    if isinstance(over, Failed):
        over = HandOver(over)
    assert isinstance(over, HandOver), over
    match over.job, over.lane:
        case Failed(error=error, retryable=False), LaneHealthy():
            return f"refused: {error.code}"
        case Failed(error=error), LaneHealthy():
            return f"attempt: {error.code}"
        case Failed(error=error), LaneServerError():
            return f"fault: {error.code}"
        case Deferred(), LaneClosed(trouble=trouble, detail=detail, until=until):
            about = detail.split("the option ", 1)[1].split(" ")[0] if "the option " in detail else None
            wait = None if until is None else f"{(until - NOW) / 1000:g} s"
            return f"closed: {', '.join(part for part in (trouble.value, about, wait) if part)}"
    raise AssertionError(over)


def spoken(over: object) -> str:
    if isinstance(over, Failed):
        return over.error.message
    assert isinstance(over, HandOver)
    if isinstance(over.lane, LaneClosed):
        return over.lane.detail
    assert isinstance(over.job, Failed)
    return over.job.error.message


def model_of(rogue: Rogue, **more: object) -> OpenAIProcessor:
    options = msgspec.convert({**OPTIONS, "base_url": rogue.url, **more}, OpenAIOptions)
    return OpenAIProcessor(options, surroundings())


async def run(processor: Processor) -> object:
    async with opened(processor):
        return await processor.run(dispatch(result_schema={"type": "object"}))
