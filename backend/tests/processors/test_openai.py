"""The openai processor: the official SDK on our own transport, against a server that says anything (E1-E13)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from job_processor.core.errors import ProcessorUnusable, StoreUnavailable
from job_processor.core.job import Usage
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, Succeeded
from job_processor.processors.base import LaneTrouble, ServerFault
from job_processor.processors.openai import OpenAIOptions, OpenAIProcessor
from tests.processors.chat import chunk, completion, error, stream, usage, whole
from tests.processors.given import NOW, dispatch, opened, surroundings
from tests.processors.rogue import (
    Behaviour,
    Rogue,
    answer,
    compressed,
    drip,
    endless,
    events,
    murmur,
    raw,
    reset,
    silence,
)


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


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


USAGE = Usage(7, 3, "test-model", "stop")


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
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: 1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await outcome(model(rogue))
    [request] = rogue.requests
    assert "somebody" not in request.headers.values()
    assert "x-other" not in request.headers
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
    rogue.usual = stream("a", "b", "c", "d", "e")
    heard: list[str] = []
    clock = iter(range(NOW, NOW + 10_000, 200))
    around = replace(surroundings(), now=lambda: next(clock))
    async with opened(OpenAIProcessor(OpenAIOptions(model="m", base_url=rogue.url), around)) as processor:
        await processor.run(dispatch(heard=heard))
    assert heard == ["a", "abcd"]


async def test_a_cancelled_job_cuts_the_stream_off(rogue: Rogue) -> None:
    rogue.usual = events(chunk("Once upon a time"), then=murmur)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with opened(model(rogue)) as processor:
        task = asyncio.ensure_future(processor.run(replace(dispatch(), progress=heard.put)))
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
        assert isinstance(await processor.run(replace(dispatch(), progress=progress)), Succeeded)


# --- E8: answers that are none ---------------------------------------------------------------------

NO_CHOICES = {**completion(), "choices": []}
TOOL = [{"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


@pytest.mark.parametrize(
    ("behaviour", "code", "retryable"),
    [
        (whole("Hel", "content_filter"), "content_filter", False),
        (whole("Hel", "length"), "length", False),
        (whole(None, "tool_calls", tool_calls=TOOL), "tool_calls", False),
        (whole(None, "function_call", function_call={"name": "f", "arguments": ""}), "tool_calls", False),
        (whole(None, "stop", refusal="I will not."), "refusal", False),
        (answer(200, NO_CHOICES), "no_choice", True),
        (answer(200, {**completion(), "choices": None}), "no_choice", True),
        (whole("", "stop"), "empty_answer", True),
        (whole(None, "stop"), "empty_answer", True),
        (whole(["not", "text"], "stop"), "empty_answer", True),
        (whole("Hel", None), "answer_cut_off", True),
        (whole("Hel", "abort"), "answer_cut_off", True),
        (whole("half \ud83d", "stop"), "answer_garbled", True),
        (whole("x" * 1_100_000), "answer_too_large", False),
    ],
)
async def test_a_whole_answer_that_is_none(rogue: Rogue, behaviour: Behaviour, code: str, retryable: bool) -> None:
    rogue.usual = behaviour
    ended = await failed(model(rogue, stream=False))
    assert (ended.error.code, ended.retryable) == (code, retryable)
    assert ended.usage is not None
    assert ended.usage.model == "test-model"


@pytest.mark.parametrize(
    ("behaviour", "code", "retryable"),
    [
        (stream("Hel", finish="content_filter"), "content_filter", False),
        (stream("Hel", finish="length"), "length", False),
        (events(chunk(tool_calls=TOOL), chunk(finish="tool_calls"), "[DONE]"), "tool_calls", False),
        (events(chunk(refusal="I will"), chunk(refusal=" not."), chunk(finish="stop"), "[DONE]"), "refusal", False),
        (events(usage(), "[DONE]"), "no_choice", True),
        (events(chunk(finish="stop"), "[DONE]"), "empty_answer", True),
        (events(chunk("Hel")), "answer_cut_off", True),
        (events(chunk("Hel"), "[DONE]"), "answer_cut_off", True),
        (events(chunk("a \ud83d"), chunk("b", finish="stop"), "[DONE]"), "answer_garbled", True),
        (events(*[chunk("x" * 100_000)] * 12, chunk(finish="stop"), "[DONE]"), "answer_too_large", False),
        (events(chunk("Hel"), error("content_filter"), "[DONE]"), "content_filter", False),
    ],
)
async def test_a_stream_that_is_no_answer(rogue: Rogue, behaviour: Behaviour, code: str, retryable: bool) -> None:
    rogue.usual = behaviour
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable) == (code, retryable)


async def test_a_character_in_two_pieces_is_joined(rogue: Rogue) -> None:
    rogue.usual = events(chunk("\ud83d"), chunk("\ude00!"), chunk(finish="stop"), "[DONE]")
    ended = await outcome(model(rogue))
    assert isinstance(ended, Succeeded)
    assert ended.result == "😀!"


async def test_an_odd_reason_to_finish_is_none_to_lose_the_text(rogue: Rogue) -> None:
    rogue.usual = whole("Hello.", "end_turn")
    assert isinstance(await outcome(model(rogue, stream=False)), Succeeded)


HTML = answer(200, "<html>hello</html>", {"Content-Type": "text/html"})


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize(
    "behaviour",
    [
        HTML,
        answer(200, "{", {"Content-Type": "application/json"}),
        answer(200, b"\xff\xfe\xfd", {"Content-Type": "application/json"}),
        answer(200, "[" * 100_000, {"Content-Type": "application/json"}),
        answer(200, [1, 2], {}),
        answer(200, "null", {"Content-Type": "application/json"}),
        answer(200, '"text"', {"Content-Type": "application/json"}),
        answer(200, {}, {}),
        answer(204),
        events("not JSON"),
        events("[1]"),
        events("null"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: \xff\xfe\n\n"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    ],
)
async def test_what_is_no_chat_api_at_all(rogue: Rogue, behaviour: Behaviour, streamed: bool) -> None:
    rogue.usual = behaviour
    assert (await fault(model(rogue, stream=streamed))).code == "answer_garbled"


async def test_an_error_in_the_midst_of_a_stream(rogue: Rogue) -> None:
    rogue.usual = events(chunk("Hel"), error("server_error", "overloaded"), "[DONE]")
    caught = await fault(model(rogue))
    assert caught.code == "answer_broken"
    assert "overloaded" in caught.detail


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_body_without_end(rogue: Rogue, streamed: bool) -> None:
    rogue.usual = endless
    ended = await failed(model(rogue, stream=streamed))
    assert ended.error.code == "answer_too_large"


# --- E1, E2, E13 -----------------------------------------------------------------------------------


async def test_a_closed_port_is_an_outage(rogue: Rogue) -> None:
    assert (await trouble(model(rogue, base_url="http://127.0.0.1:1/v1"))).trouble is Trouble.OUTAGE


async def test_an_unknown_name_is_an_outage(rogue: Rogue) -> None:
    assert (await trouble(model(rogue, base_url="http://no-such-host.invalid"))).trouble is Trouble.OUTAGE


@pytest.mark.parametrize("behaviour", [reset, raw(b""), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")])
async def test_a_torn_connection_counts_and_is_not_tried_again(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.usual = behaviour
    assert (await fault(model(rogue))).code in ("disconnected", "answer_broken")
    assert len(rogue.requests) == 1


async def test_a_stream_that_is_torn(rogue: Rogue) -> None:
    rogue.usual = events(chunk("Hel"), then=reset, headers={"Content-Length": "99999"})
    assert (await fault(model(rogue))).code in ("disconnected", "answer_broken")


@pytest.mark.parametrize(
    "behaviour", [silence, drip, events(chunk("Hel"), then=silence), events(chunk("Hel"), then=murmur)]
)
async def test_one_deadline_holds_for_the_whole(rogue: Rogue, behaviour: Behaviour) -> None:
    rogue.usual = behaviour
    assert (await fault(model(rogue, seconds=0.5))).code == "dispatch_timeout"
    assert len(rogue.requests) == 1


# --- E6, E7 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({"retry-after-ms": "250", "Retry-After": "7"}, 250),
        ({"Retry-After": "7"}, 7_000),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_limit_closes_the_lane(rogue: Rogue, status: int, headers: dict[str, str], wait_ms: int | None) -> None:
    rogue.usual = answer(status, error("rate_limit_exceeded", "slow down"), headers)
    if status == 503 and wait_ms is None:
        assert (await fault(model(rogue))).code == "http_503"
    else:
        caught = await trouble(model(rogue))
        assert (caught.trouble, caught.until) == (Trouble.RATE_LIMITED, None if wait_ms is None else NOW + wait_ms)
        assert "slow down" in caught.detail
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_key_or_address_is_the_lanes_trouble(rogue: Rogue, status: int) -> None:
    rogue.usual = answer(status, error("x", "no such model"))
    caught = await trouble(model(rogue))
    assert caught.trouble is Trouble.MISCONFIGURED
    assert "no such model" in caught.detail


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (413, False), (422, False), (409, True)])
async def test_a_refusal_of_the_job_fails_it(rogue: Rogue, status: int, retryable: bool) -> None:
    rogue.usual = answer(status, error("context_length_exceeded", "too many tokens"))
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable) == (f"http_{status}", retryable)
    assert "too many tokens" in ended.error.message


@pytest.mark.parametrize(
    "body",
    [
        error("content_filter", "The response was filtered"),
        {"error": {"message": "filtered", "code": "400", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
    ],
)
async def test_a_filtered_prompt_ends_the_job(rogue: Rogue, body: object) -> None:
    rogue.usual = answer(400, body)
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable) == ("content_filter", False)


@pytest.mark.parametrize(
    "body", ["<html>bad gateway</html>", b"\xff\xfe", "[" * 100_000, "null", {"error": "x"}, {"error": [1]}]
)
async def test_a_server_error_counts_whatever_its_body(rogue: Rogue, body: object) -> None:
    rogue.usual = answer(502, body)
    assert (await fault(model(rogue))).code == "http_502"


async def test_an_error_without_end_is_read_no_further_than_needed(rogue: Rogue) -> None:
    async def endless_error(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()

    rogue.usual = endless_error
    assert (await fault(model(rogue))).code == "http_500"


# --- E9, E10 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_a_compressed_answer_is_refused_unopened(rogue: Rogue, encoding: str) -> None:
    rogue.script = [compressed(200, encoding), compressed(500, encoding)]
    assert (await trouble(model(rogue))).trouble is Trouble.MISCONFIGURED
    assert (await fault(model(rogue))).code == "http_500"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_takes_no_key_along(rogue: Rogue, status: int) -> None:
    async with Rogue(stream("stolen")).serve() as other:
        rogue.usual = answer(status, headers={"Location": other.url + "/v1/chat/completions"})
        caught = await trouble(model(rogue))
        assert other.requests == []
    assert caught.trouble is Trouble.MISCONFIGURED


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
