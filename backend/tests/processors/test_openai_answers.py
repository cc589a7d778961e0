"""E8: answers of a model server that are none, whole and in a stream."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from job_processor.core.job import Usage
from job_processor.core.outcome import Failed, Succeeded
from job_processor.processors.model.answer import ModelAnswer
from tests.processors.chat import chunk, completion, error, stream, usage, whole
from tests.processors.given import dispatch, opened
from tests.processors.models import failed, fault, model, outcome, trouble
from tests.processors.rogue import Behaviour, Rogue, answer, endless, events, raw


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


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
        (whole([3, None], "stop"), "empty_answer", True),
        (whole("Hel", "abort"), "answer_cut_off", True),
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
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable, ended.partial) == ("http_500", True, "Hel")
    assert "overloaded" in ended.error.message


HALF = "half \ud83d"
LONG = "x" * 100_000


@pytest.mark.parametrize("odd", [HALF, LONG, "a\nb\x1b[31m"])
async def test_no_word_of_a_model_server_is_more_than_a_line_that_can_be_kept(rogue: Rogue, odd: str) -> None:
    rogue.script = [
        answer(200, {**completion("Hello.", odd), "model": odd}),
        whole(None, "stop", refusal=odd),
        answer(400, error("content_filter", odd)),
        events(chunk("Hel"), error("content_filter", odd), "[DONE]"),
        events(chunk("Hel"), error("server_error", odd), "[DONE]"),
    ]
    ended = await outcome(model(rogue, stream=False))
    assert isinstance(ended, Succeeded)
    assert ended.usage is not None
    said = [ended.usage.model or "", ended.usage.finish_reason or ""]
    said.append((await failed(model(rogue, stream=False))).error.message)
    said += [(await failed(model(rogue))).error.message for _ in range(2)]
    said.append((await failed(model(rogue))).error.message)

    for one in said:
        assert one.encode()
        assert one.isprintable()
        assert len(one) < 400


async def test_a_refusal_without_end_is_not_gathered(rogue: Rogue) -> None:
    rogue.usual = events(*[chunk(refusal="no")] * 2_000, chunk(finish="stop"), "[DONE]")
    answered = ModelAnswer(1_048_576)
    for _ in range(3):
        answered.add(chunk(refusal=LONG), delta=True)
    assert len(answered.refusal) < 2 * len(LONG)
    assert (await failed(model(rogue))).error.code == "refusal"


async def test_half_a_character_in_a_report_of_progress_is_left_out(rogue: Rogue) -> None:
    """The other half comes with the next piece; a report that cannot be kept would end the answer."""
    rogue.usual = events(chunk("a\ud83d"), chunk("\ude00"), chunk(finish="stop"), "[DONE]")
    heard: list[str] = []
    async with opened(model(rogue)) as processor:
        ended = await processor.run(dispatch(heard=heard))
    assert ended == Succeeded("a😀", usage=Usage(model="test-model", finish_reason="stop"))
    assert heard == ["a"]


@pytest.mark.parametrize("charset", ["punycode", "zlib", "utf-16", "undefined", "rot13"])
async def test_a_charset_is_not_the_servers_to_choose(rogue: Rogue, charset: str) -> None:
    """JSON is UTF-8. Some of Python's codecs take days for a few megabytes, others are bombs."""
    kind = {"Content-Type": f"application/json; charset={charset}"}
    rogue.script = [
        answer(429, error("slow", "slow down"), kind),
        answer(200, "hello", {"Content-Type": f"text/plain; charset={charset}"}),
    ]
    caught = await trouble(model(rogue, stream=False))
    assert caught.detail == "It asks for fewer requests (HTTP 429: slow down)."
    assert (await fault(model(rogue, stream=False))).code == "answer_garbled"


@contextmanager
def calls() -> Iterator[list[int]]:
    """How many Python functions are called meanwhile: work that is the same on every machine."""
    count = [0]

    def seen(frame: object, event: str, argument: object) -> None:
        count[0] += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        yield count
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("streamed", [True, False])
async def test_what_nobody_reads_of_an_answer_costs_next_to_nothing(rogue: Rogue, streamed: bool) -> None:
    """A megabyte of empty choices kept a worker from everything else for seconds, while each became an object."""
    odd = {**(chunk("Hello.", "stop") if streamed else completion())}
    odd["choices"] = [*odd["choices"], *[{}] * 20_000]
    rogue.usual = events(odd, "[DONE]") if streamed else answer(200, odd)
    with calls() as count:
        assert isinstance(await outcome(model(rogue, stream=streamed)), Succeeded)
    assert count[0] < 20_000


@pytest.mark.parametrize("streamed", [True, False])
async def test_the_longest_answer_is_the_settings_to_say(rogue: Rogue, streamed: bool) -> None:
    for length, code in ((1_024, None), (1_025, "answer_too_large")):
        text = "ä" * length
        rogue.usual = stream(text[:500], text[500:]) if streamed else whole(text)
        said = await outcome(model(rogue, stream=streamed, max_result_bytes=2_048))
        assert (said.error.code if isinstance(said, Failed) else None) == code


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_body_without_end(rogue: Rogue, streamed: bool) -> None:
    rogue.usual = endless
    ended = await failed(model(rogue, stream=streamed))
    assert ended.error.code == "answer_too_large"
