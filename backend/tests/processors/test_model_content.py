"""Content of every form, one choice of several, and forms of the stream."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from job_processor.core.errors import ProcessorUnusable
from job_processor.processors.model.azure_openai import AzureOpenAIOptions, AzureOpenAIProcessor
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from tests.processors.chat import chunk, completion, stream, whole
from tests.processors.given import surroundings
from tests.processors.models import failed, model, taken
from tests.processors.rogue import Behaviour, Rogue, answer, events, raw


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


T = {"type": "text", "text": "Hel"}
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
CONTENTS: dict[str, tuple[object, str]] = {
    "a text": ("Hello.", "Hello."),
    "parts": ([T, {"type": "text", "text": "lo."}], "Hello."),
    "texts": (["Hel", "lo."], "Hello."),
    "both": ([T, "lo", {"type": "output_text", "text": "."}], "Hello."),
    "a part without a type": ([{"text": "Hello."}], "Hello."),
    "one part": (T, "Hel"),
    "a text with annotations": ([{"type": "text", "text": {"value": "Hello.", "annotations": []}}], "Hello."),
    "thinking": ([THOUGHT, T], "Hel"),
    "reasoning": ([{"type": "reasoning", "text": "Hm."}, T], "Hel"),
    "a picture": ([{"type": "image_url", "image_url": {"url": "data:"}}, T], "Hel"),
    "odd things": ([None, 3, True, [], {}, T], "Hel"),
}


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("content", CONTENTS)
async def test_all_text_parts_are_taken_in_order_and_thinking_is_not(
    rogue: Rogue, content: str, streamed: bool
) -> None:
    given, expected = CONTENTS[content]
    behaviour = events(chunk(given), chunk(finish="stop"), "[DONE]") if streamed else whole(given)
    assert (await taken(rogue, behaviour, stream=streamed)).result == expected


async def test_forms_may_change_from_chunk_to_chunk(rogue: Rogue) -> None:
    pieces = [
        chunk("a"),
        chunk([THOUGHT]),
        chunk([{"type": "text", "text": "b"}, "c"]),
        chunk({"text": "d"}),
        chunk("e"),
    ]
    assert (await taken(rogue, events(*pieces, chunk(finish="stop"), "[DONE]"))).result == "abcde"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("streamed", [True, False])
async def test_thinking_beside_the_content_is_no_part_of_the_result(rogue: Rogue, name: str, streamed: bool) -> None:
    thinking = {name: "Hm, hm."}
    behaviour = (
        events(chunk(**thinking), chunk("Hello."), chunk(finish="stop"), "[DONE]")
        if streamed
        else whole("Hello.", **thinking)
    )
    assert (await taken(rogue, behaviour, stream=streamed)).result == "Hello."


async def test_an_answer_that_is_thinking_alone_says_so(rogue: Rogue) -> None:
    rogue.usual = events(chunk(reasoning_content="Hm, hm."), chunk(finish="stop"), "[DONE]")
    ended = await failed(model(rogue))
    assert ended.error.code == "empty_answer"
    assert "It sent 7 characters of thinking." in ended.error.message


async def test_a_refusal_may_be_a_part(rogue: Rogue) -> None:
    rogue.usual = whole([{"type": "refusal", "refusal": "I will not."}])
    assert "I will not." in (await failed(model(rogue, stream=False))).error.message


def _choice(index: int, text: str, finish: str | None = None) -> dict[str, Any]:
    return {"index": index, "delta": {"content": text}, "finish_reason": finish}


async def test_of_several_choices_the_first_by_its_index_is_taken(rogue: Rogue) -> None:
    def piece(*choices: dict[str, Any]) -> dict[str, Any]:
        return {**chunk(), "choices": list(choices)}

    behaviour = events(
        piece(_choice(1, "No"), _choice(0, "Y")),
        piece(_choice(1, ".", "length")),
        piece(_choice(0, "es.", "stop")),
        "[DONE]",
    )
    ended = await taken(rogue, behaviour)
    assert (ended.result, ended.note) == ("Yes.", None)
    both = [
        {"index": i, "message": {"content": text}, "finish_reason": "stop"} for i, text in ((1, "No."), (0, "Yes."))
    ]
    assert (await taken(rogue, answer(200, {**completion(), "choices": both}), stream=False)).result == "Yes."


@pytest.mark.parametrize("name", ["n", "best_of", "candidate_count"])
def test_more_than_one_answer_is_refused_at_start(name: str) -> None:
    given = {"extra_body": {name: 2}, "api_key_env": "MODEL_KEY"}
    with pytest.raises(ProcessorUnusable, match=rf"extra_body\.{name} must be 1"):
        OpenAIProcessor(msgspec.convert({"model": "m", **given}, OpenAIOptions), surroundings())
    azure = {"endpoint": "https://example.com", "deployment": "d", **given}
    with pytest.raises(ProcessorUnusable, match=rf"extra_body\.{name} must be 1"):
        AzureOpenAIProcessor(msgspec.convert(azure, AzureOpenAIOptions), surroundings())
    OpenAIProcessor(msgspec.convert({"model": "m", "extra_body": {name: 1}}, OpenAIOptions), surroundings())


def _sent(data: bytes, kind: str = "text/event-stream") -> Behaviour:
    return raw(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + data)


LINES = [b"data: " + json.dumps(piece).encode() for piece in (chunk("Hel"), chunk("lo."), chunk(finish="stop"))]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + b"\n\n".join(LINES) + b"\n\ndata: [DONE]\n\n",
        b"\n\n\n" + b"\n\n".join(LINES) + b"\n\ndata: [DONE]",
        b": hello\n\n" + b"\r\n\r\n".join(LINES) + b"\r\n\r\n",
        b"\r\r".join(LINES) + b"\r\rdata:[DONE]\r\r",
        b"event: message\nid: 1\n" + b"\n\n".join(LINES),
    ],
)
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/plain; charset=utf-16"])
async def test_a_stream_is_read_as_the_specification_says(rogue: Rogue, data: bytes, kind: str) -> None:
    assert (await taken(rogue, _sent(data, kind))).result == "Hello."


async def test_a_server_that_streams_unasked_or_does_not_when_asked_is_understood(rogue: Rogue) -> None:
    assert (await taken(rogue, stream("Hel", "lo."), stream=False)).result == "Hello."
    assert (await taken(rogue, whole("Hello."), stream=True)).result == "Hello."
    body = b"\xef\xbb\xbf" + json.dumps(completion()).encode()
    assert (await taken(rogue, _sent(body, "application/json"), stream=True)).result == "Hello."
