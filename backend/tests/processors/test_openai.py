"""The openai processor: what it asks, and what it hears."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import structs

from job_processor.core.errors import ProcessorUnusable, StoreUnavailable
from job_processor.core.job import Usage
from job_processor.core.outcome import Succeeded
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from tests.processors.chat import chunk, stream, whole
from tests.processors.given import NOW, dispatch, opened, surroundings
from tests.processors.models import model, outcome
from tests.processors.rogue import Rogue, events, murmur

USAGE = Usage(7, 3, "test-model", "stop")


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


async def test_a_streamed_answer(rogue: Rogue) -> None:
    assert await outcome(model(rogue)) == Succeeded("Hello.", usage=USAGE)
    [request] = rogue.requests
    assert request.target == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer model-key"
    assert request.headers["accept-encoding"] == "identity"
    assert request.json == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_whole_answer(rogue: Rogue) -> None:
    rogue.usual = whole()
    assert await outcome(model(rogue, stream=False)) == Succeeded("Hello.", usage=USAGE)


async def test_every_parameter_is_passed_on(rogue: Rogue) -> None:
    options: dict[str, Any] = {
        "system_prompt": "Be brief.",
        "temperature": 0.5,
        "top_p": 1,
        "max_tokens": 10,
        "max_completion_tokens": 11,
        "seed": 3,
        "stop": ["END"],
        "reasoning_effort": "low",
        "stream_usage": False,
        "extra_body": {"top_k": 4},
        "organization": "org-1",
        "project": "proj-1",
    }
    await outcome(model(rogue, **options))
    [request] = rogue.requests
    assert request.json == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
        "stream": True,
        "temperature": 0.5,
        "top_p": 1,
        "max_tokens": 10,
        "max_completion_tokens": 11,
        "seed": 3,
        "stop": ["END"],
        "reasoning_effort": "low",
        "top_k": 4,
    }
    assert (request.headers["openai-organization"], request.headers["openai-project"]) == ("org-1", "proj-1")


async def test_the_environment_of_the_process_adds_nothing(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "somebody")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "somebody")
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: 1\nAuthorization: Bearer another-key\napi-key: another-key")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await outcome(model(rogue))
    [request] = rogue.requests
    assert "somebody" not in request.headers.values()
    assert "x-other" not in request.headers
    assert "api-key" not in request.headers
    assert request.headers["authorization"] == "Bearer model-key"


async def test_without_a_key_none_is_sent(rogue: Rogue) -> None:
    await outcome(model(rogue, api_key_env=None))
    assert "authorization" not in rogue.requests[0].headers


SCHEMA = {"type": "object", "required": ["a"]}


@pytest.mark.parametrize(
    ("structured", "response_format", "told"),
    [
        (
            "json_schema",
            {"type": "json_schema", "json_schema": {"name": "result", "schema": SCHEMA, "strict": False}},
            False,
        ),
        ("json_object", {"type": "json_object"}, True),
        ("prompt", None, True),
    ],
)
async def test_a_result_schema_is_asked_for(rogue: Rogue, structured: str, response_format: object, told: bool) -> None:
    async with opened(model(rogue, structured_output=structured)) as processor:
        await processor.run(dispatch(result_schema={"type": "object", "required": ["a"]}, complaint="/a is missing"))
    sent = rogue.requests[0].json
    assert sent.get("response_format") == response_format
    messages = sent["messages"]
    assert isinstance(messages, list)
    assert [m["role"] for m in messages] == ["system", "user"]
    assert "/a is missing" in messages[0]["content"]
    assert ("JSON Schema" in messages[0]["content"]) == told


async def test_partial_text_is_reported_at_most_twice_a_second(rogue: Rogue) -> None:
    heard: list[str] = []
    told = asyncio.Event()

    async def progress(text: str) -> None:
        heard.append(text)
        told.set()

    async def the_rest(writer: asyncio.StreamWriter) -> None:
        await told.wait()
        for payload in (*(chunk(text) for text in "bcde"), chunk(finish="stop")):
            writer.write(b"data: " + msgspec.json.encode(payload) + b"\n\n")

    rogue.usual = events(chunk("a"), then=the_rest)
    clock = iter(range(NOW, NOW + 10_000, 200))
    around = replace(surroundings(), now=lambda: next(clock))
    async with opened(OpenAIProcessor(OpenAIOptions(model="m", base_url=rogue.url), around)) as processor:
        await processor.run(structs.replace(dispatch(), progress=progress))
    assert heard == ["a", "abcd"]


async def test_a_cancelled_job_cuts_the_stream_off(rogue: Rogue) -> None:
    rogue.usual = events(chunk("Once upon a time"), then=murmur)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with opened(model(rogue)) as processor:
        task = asyncio.ensure_future(processor.run(structs.replace(dispatch(), progress=heard.put)))
        assert await heard.get() == "Once upon a time"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await rogue.hung_up.wait()


async def test_a_connection_is_used_again(rogue: Rogue) -> None:
    rogue.usual = whole()
    async with opened(model(rogue, stream=False)) as processor:
        for _ in range(3):
            await processor.run(dispatch())
        assert not rogue.hung_up.is_set()


async def test_a_report_that_cannot_be_kept_fails_nothing(rogue: Rogue) -> None:
    async def progress(text: str) -> None:
        raise StoreUnavailable

    async with opened(model(rogue)) as processor:
        assert isinstance(await processor.run(structs.replace(dispatch(), progress=progress)), Succeeded)


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"base_url": "api.openai.com"}, "base_url must begin with"),
        ({"api_key_env": "MISSING"}, "MISSING is not set"),
    ],
)
def test_settings_that_cannot_be_used(options: dict[str, str], words: str) -> None:
    with pytest.raises(ProcessorUnusable, match=words):
        OpenAIProcessor(msgspec.convert({"model": "m", **options}, OpenAIOptions), surroundings())


@pytest.mark.parametrize(
    "options", [{"temperature": 3}, {"max_tokens": 0}, {"model": ""}, {"unheard_of": 1}, {"stop": []}]
)
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"model": "m", **options}, OpenAIOptions)
