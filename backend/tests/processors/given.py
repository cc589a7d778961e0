"""What processors are built with and given."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from job_processor.core.flow import FlowRules
from job_processor.core.job import Attempt, Json
from job_processor.processors.base import Dispatch, Processor, ProcessorSetup

JOB_ID = "0123456789abcdef01234567"
NOW = 1_800_000_000_000
MAX_RESULT_BYTES = 1_048_576
SECRETS = {"N8N_TOKEN": "n8n-token", "N8N_KEY": "fake-api-key", "MODEL_KEY": "model-key"}

P = TypeVar("P", bound=Processor)


def surroundings(
    *,
    dispatch_timeout_seconds: float = 20.0,
    environment: Mapping[str, str] | None = None,
    max_result_bytes: int = MAX_RESULT_BYTES,
) -> ProcessorSetup:
    rules = FlowRules("flow", dispatch_timeout_seconds=dispatch_timeout_seconds, callback_timeout_seconds=120)
    secrets = SECRETS if environment is None else environment
    return ProcessorSetup(rules, secrets, lambda: NOW, "callback-secret", max_result_bytes)


def dispatch(
    prompt: str = "Say hello.",
    *,
    result_schema: Mapping[str, Json] | None = None,
    complaint: str | None = None,
    metadata: Mapping[str, Json] | None = None,
    callback_url: str = "http://127.0.0.1:1/webhook/callback",
    heard: list[str] | None = None,
) -> Dispatch:
    """``heard`` collects the progress reported."""

    async def progress(text: str) -> None:
        if heard is not None:
            heard.append(text)

    return Dispatch(
        job_id=JOB_ID,
        attempt=2,
        prompt=prompt,
        metadata=metadata or {},
        result_schema=result_schema,
        callback_url=callback_url,
        callback_token="callback-token",
        complaint=complaint,
        progress=progress,
    )


def attempt(execution_id: str | None = None) -> Attempt:
    return Attempt(2, NOW, "worker", execution_id=execution_id)


@asynccontextmanager
async def opened(processor: P) -> AsyncIterator[P]:
    await processor.open()
    try:
        yield processor
    finally:
        await processor.close()
