"""Options that the model processors share, and the request built from them. Pure."""

import json
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from job_processor.core.errors import ProcessorUnusable
from job_processor.processors.base import Dispatch
from job_processor.processors.http_options import HttpOptions

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class StructuredOutput(StrEnum):
    """How the model is told a job's ``resultSchema``."""

    JSON_SCHEMA = "json_schema"
    """The schema is sent in ``response_format``."""
    JSON_OBJECT = "json_object"
    """``response_format`` asks for JSON and the system prompt contains the schema, for servers without the above."""
    PROMPT = "prompt"
    """Only the system prompt contains the schema."""


class ModelOptions(HttpOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``extra_body`` is merged into the request unchanged, for a vendor's additional parameters."""

    system_prompt: str | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Share | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Limit of the answer in tokens, for older models and most compatible servers."""
    max_completion_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The same limit for reasoning models."""
    seed: int | None = None
    stop: Annotated[list[str], msgspec.Meta(min_length=1, max_length=4)] | None = None
    reasoning_effort: str | None = None
    stream: bool = True
    """Stream the answer, so that partial text is shown while it arrives."""
    stream_usage: bool = True
    """Ask for token counts in a stream; some servers reject this parameter."""
    structured_output: StructuredOutput = StructuredOutput.JSON_SCHEMA
    strict_schema: bool = False
    """Enforce the schema while decoding; OpenAI then supports only a subset of JSON Schema."""
    extra_body: dict[str, Any] | None = None


# Parameters that request several answers. A job has one result, so the others would be paid for without use.
_SEVERAL = ("n", "best_of", "candidate_count")
# Request parameters whose option has a different name.
_OPTION_OF = {"stream_options": "stream_usage", "response_format": "structured_output"}
_OF_THE_JOB = frozenset({"messages"})

_PLAIN = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop", "reasoning_effort")


def check(options: ModelOptions) -> None:
    """Raise ProcessorUnusable for options whose values contradict each other or the product."""
    for name in _SEVERAL:
        if (options.extra_body or {}).get(name, 1) != 1:
            raise ProcessorUnusable(f"extra_body.{name} must be 1 or left out: a job has one answer")


def sent_of(request: dict[str, Any], model_option: str) -> dict[str, str]:
    """The request parameters that come from the flow's options: parameter name to option name.

    ``system`` stands for the system message. ``model_option``: the option that sets the model.
    """
    known = ModelOptions.__struct_fields__
    sent = {
        name: _OPTION_OF.get(name, name if name in known else f"extra_body.{name}")
        for name in request
        if name not in _OF_THE_JOB
    }
    sent["model"] = model_option
    if any(message.get("role") == "system" for message in request["messages"] if isinstance(message, dict)):
        sent["system"] = "system_prompt"
    return sent


def request_of(options: ModelOptions, model: str, dispatch: Dispatch) -> dict[str, Any]:
    """The body of a chat completion request."""
    request: dict[str, Any] = {"model": model, "messages": _messages(options, dispatch), "stream": options.stream}
    request |= {name: value for name in _PLAIN if (value := getattr(options, name)) is not None}
    if options.stream and options.stream_usage:
        request["stream_options"] = {"include_usage": True}
    if dispatch.result_schema is not None:
        if options.structured_output is StructuredOutput.JSON_SCHEMA:
            wanted = {"name": "result", "schema": dict(dispatch.result_schema), "strict": options.strict_schema}
            request["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif options.structured_output is StructuredOutput.JSON_OBJECT:
            request["response_format"] = {"type": "json_object"}
    return request | (options.extra_body or {})


def _messages(options: ModelOptions, dispatch: Dispatch) -> list[dict[str, str]]:
    """One user message, and at most one system message: many chat templates allow no more."""
    rules: list[str] = []
    if options.system_prompt is not None:
        rules.append(options.system_prompt)
    if dispatch.result_schema is not None and options.structured_output is not StructuredOutput.JSON_SCHEMA:
        schema = json.dumps(dispatch.result_schema, ensure_ascii=False)
        rules.append(f"Answer with JSON alone, no prose and no code fence, that fits this JSON Schema:\n{schema}")
    if dispatch.complaint is not None:
        rules.append(f"Your previous answer could not be used: {dispatch.complaint}\nAnswer again and avoid that.")
    messages = [{"role": "system", "content": "\n\n".join(rules)}] if rules else []
    return [*messages, {"role": "user", "content": dispatch.prompt}]
