"""Request bodies. Unknown fields are refused, except in callbacks."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from job_processor.core.outcome import MAX_AGAIN_SECONDS, MIN_AGAIN_SECONDS
from job_processor.http.models.types import (
    MAX_ATTEMPT,
    MAX_PROMPT_BYTES,
    PROMPT,
    FlowName,
    JsonObject,
    Key,
    Reason,
    Tag,
    TimeIn,
    WireIn,
)
from job_processor.http.models.webhooks import JobWebhookIn


class Submission(WireIn):
    prompt: Annotated[
        str,
        Meta(
            min_length=1,
            description=f"not blank, at most {MAX_PROMPT_BYTES} bytes of UTF-8, no NUL",
            extra_json_schema=PROMPT,
        ),
    ]
    flow: FlowName | None = None
    run_at: TimeIn | None = None
    delay_seconds: Annotated[float, Meta(ge=0, le=31_536_000)] | None = None
    priority: Annotated[int, Meta(ge=-100, le=100, description="jobs with a higher priority go first")] = 0
    max_attempts: Annotated[int, Meta(ge=1, le=100)] | None = None
    deadline: TimeIn | None = None
    tags: Annotated[list[Tag], Meta(max_length=20)] = []
    metadata: Annotated[JsonObject, Meta(description="at most 16 KiB as JSON")] = {}
    result_schema: Annotated[JsonObject, Meta(description="a JSON Schema (2020-12)")] | None = None
    webhook: JobWebhookIn | None = None
    key: Key | None = None


class ReplayRequest(WireIn):
    flow: FlowName | None = None
    prompt: Annotated[str, Meta(min_length=1, extra_json_schema=PROMPT)] | None = None


class CancelRequest(WireIn):
    reason: Reason | None = None


class RetryRequest(WireIn):
    max_attempts: Annotated[int, Meta(ge=1, le=100, description="how many more; default: the flow's")] | None = None


class PauseRequest(WireIn):
    reason: Reason | None = None


class CallbackReport(msgspec.Struct, rename="camel", kw_only=True):
    """Exactly one of ``result``, ``error``, ``progress`` and ``againInSeconds``. An error may have ``executionId``
    instead of ``jobId``.

    This is the recommended form; docs/callbacks.md lists the others that are accepted.
    """

    job_id: Annotated[str, Meta(description="24 hex digits; optional with a callback token")] | None = None
    result: Annotated[Any, Meta(description="a string is stored byte for byte, any other JSON as its source text")] = (
        None
    )
    error: Annotated[Any, Meta(description="a message; of an object its `message` is used")] = None
    progress: Annotated[Any, Meta(description="a message, at most 4,096 characters")] = None
    again_in_seconds: (
        Annotated[
            float,
            Meta(ge=MIN_AGAIN_SECONDS, le=MAX_AGAIN_SECONDS, description="hand the job over again after so long"),
        ]
        | str
        | None
    ) = None
    attempt: Annotated[int, Meta(ge=1, le=MAX_ATTEMPT)] | str | None = None
    execution_id: Annotated[str, Meta(max_length=128)] | Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    retryable: bool | str | Annotated[int, Meta(ge=0, le=1)] | None = True
    flow: Annotated[Any, Meta(description="the flow of `executionId`, if several processors use the same ids")] = None
    workflow: Any = None
    last_node: Any = None
