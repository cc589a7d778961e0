"""What a model wrote is not lost: taken and marked where it was whole, kept with the attempt where it was not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, LaneServerError, Succeeded
from job_processor.processors.model.answer import NO_FINISH, SURROGATES_REPLACED
from tests.processors.chat import chunk, completion, error, stream, usage, whole
from tests.processors.meanings import failure
from tests.processors.models import failed, model, outcome, taken
from tests.processors.rogue import Behaviour, Rogue, answer, events, murmur, raw, reset, silence


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(stream("Hel", "lo.")).serve() as server:
        yield server


# --- taken, and marked ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "streamed"),
    [(events(chunk("Hel"), chunk("lo."), usage(), "[DONE]"), True), (whole("Hello.", None), False)],
)
async def test_an_answer_without_a_reason_to_finish_is_taken_and_marked(
    rogue: Rogue, behaviour: Behaviour, streamed: bool
) -> None:
    ended = await taken(rogue, behaviour, stream=streamed)
    assert (ended.result, ended.note) == ("Hello.", NO_FINISH)
    assert ended.usage is not None
    assert ended.usage.completion_tokens == 3


@pytest.mark.parametrize(
    ("behaviour", "text", "note"),
    [
        (events(chunk("Hello"), chunk("\ud83d", finish="stop"), "[DONE]"), "Hello\ufffd", SURROGATES_REPLACED),
        (events(chunk("Hi \ud83d"), chunk("\ude00", finish="stop"), "[DONE]"), "Hi 😀", None),
        (events(chunk("\ude00"), chunk("\ud83d"), "[DONE]"), "\ufffd\ufffd", f"{NO_FINISH} {SURROGATES_REPLACED}"),
    ],
)
async def test_half_a_character_costs_no_answer(
    rogue: Rogue, behaviour: Behaviour, text: str, note: str | None
) -> None:
    ended = await taken(rogue, behaviour)
    assert (ended.result, ended.note) == (text, note)


async def test_nor_in_a_whole_document(rogue: Rogue) -> None:
    ended = await taken(rogue, whole("half \ud83d", "stop"), stream=False)
    assert (ended.result, ended.note) == ("half \ufffd", SURROGATES_REPLACED)


async def test_an_ordinary_answer_is_not_marked(rogue: Rogue) -> None:
    assert (await taken(rogue, stream("Hel", "lo."))).note is None
    assert (await taken(rogue, events(chunk("Hello."), chunk(finish="stop")))).note is None


PIECES: list[Any] = [chunk("Hel"), chunk("lo."), chunk(finish="stop"), usage()]


def _lines(*payloads: object, between: str = "\n", before: str = "") -> bytes:
    return "".join(before + (p if isinstance(p, str) else json.dumps(p)) + between for p in payloads).encode()


UNFRAMED: dict[str, bytes] = {
    "a chunk a line": _lines(*PIECES),
    "a chunk a line, and the end": _lines(*PIECES, "[DONE]"),
    "the chunks as a list": _lines(PIECES),
    "no empty line between events": _lines(*PIECES, "[DONE]", before="data: "),
    "null between events": _lines(PIECES[0], "null", *PIECES[1:], "[DONE]", between="\n\n", before="data: "),
    "the end mark as JSON": _lines(*PIECES, '"[DONE]"', between="\n\n", before="data: "),
    "a whole answer in a list": _lines([completion()]),
    "an index as text": _lines(*PIECES, "[DONE]", between="\n\n", before="data: ").replace(
        b'"index": 0', b'"index": "0"'
    ),
    "an error that says nothing": _lines({**completion(), "error": {"code": 0, "message": ""}}),
}


@pytest.mark.parametrize("unframed", UNFRAMED)
async def test_a_stream_in_another_frame_is_taken(rogue: Rogue, unframed: str) -> None:
    rogue.usual = answer(200, UNFRAMED[unframed], {"Content-Type": "text/event-stream"})
    ended = await outcome(model(rogue))
    assert isinstance(ended, Succeeded), ended
    assert (ended.result, ended.note) == ("Hello.", None)


@pytest.mark.parametrize(
    "end", [_lines({"error": "CUDA error"}), b'{"choices": [{"del', b'{\n "error": "CUDA error"\n}\n']
)
async def test_the_text_of_a_stream_without_frames_is_kept_when_it_ends_badly(rogue: Rogue, end: bytes) -> None:
    rogue.usual = answer(200, _lines(*PIECES[:2]) + end)
    ended = await failed(model(rogue))
    assert (ended.partial, ended.retryable) == ("Hello.", True)


TORN = {"Content-Length": "99999"}
LATE = {
    "an error": (
        events(chunk("Hello."), chunk(finish="stop"), error("server_error", "out of memory")),
        "out of memory",
    ),
    "a limit": (
        events(chunk("Hello.", "stop"), {"error": {"code": 429, "message": "slow down"}}, "[DONE]"),
        "slow down",
    ),
    "a torn stream": (
        events(chunk("Hello."), chunk(finish="stop"), then=reset, headers=TORN),
        "ended before an answer",
    ),
    "a torn stream, before the last blank line": (
        raw(f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\ndata: {json.dumps(chunk('Hello.', 'stop'))}\n".encode()),
        "broke off",
    ),
    "a torn event": (
        raw(
            f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\ndata: {json.dumps(chunk('Hello.', 'stop'))}\n\n".encode()
            + b'data: {"choi'
        ),
        "broke off",
    ),
    "garbage": (events(chunk("Hello."), chunk(finish="stop"), "<html>oops</html>"), "oops"),
    "silence": (events(chunk("Hello."), chunk(finish="stop"), then=silence), "within 0.9 seconds"),
}


@pytest.mark.parametrize("late", LATE)
async def test_what_follows_a_whole_answer_is_only_noted(rogue: Rogue, late: str) -> None:
    behaviour, words = LATE[late]
    ended = await taken(rogue, behaviour, seconds=1.0 if late == "silence" else 20)
    assert ended.result == "Hello."
    assert ended.note is not None
    assert ended.note.startswith("The answer was whole; after it came: ")
    assert words in ended.note or "broke off" in ended.note


async def test_an_error_beside_a_whole_choice_is_only_noted(rogue: Rogue) -> None:
    ended = await taken(rogue, answer(200, {**completion(), "error": {"message": "late", "code": 500}}), stream=False)
    assert (ended.result, "late" in (ended.note or "")) == ("Hello.", True)


async def test_the_lane_hears_of_what_followed_a_whole_answer(rogue: Rogue) -> None:
    rogue.usual = LATE["a limit"][0]
    over = await outcome(model(rogue))
    assert isinstance(over, HandOver)
    assert isinstance(over.lane, LaneClosed)
    assert over.lane.trouble is Trouble.RATE_LIMITED


# --- kept with the attempt -----------------------------------------------------------------------------

CUT: dict[str, tuple[Behaviour, str, bool]] = {
    "length": (stream("Hel", "lo", finish="length"), "length", False),
    "content_filter": (stream("Hel", "lo", finish="content_filter"), "content_filter", False),
    "tool calls after text": (stream("Hel", "lo", finish="tool_calls"), "tool_calls", False),
    "the end of the stream": (events(chunk("Hel"), chunk("lo")), "answer_cut_off", True),
    "an abort": (stream("Hel", "lo", finish="abort"), "answer_cut_off", True),
    "a torn stream": (events(chunk("Hel"), chunk("lo"), then=reset, headers=TORN), "disconnected", True),
    "silence": (events(chunk("Hel"), chunk("lo"), then=silence), "dispatch_timeout", True),
    "a murmur": (events(chunk("Hel"), chunk("lo"), then=murmur), "dispatch_timeout", True),
    "an error": (events(chunk("Hel"), chunk("lo"), error("server_error", "oops")), "http_500", True),
    "an event named error": (
        raw(
            b'HTTP/1.1 200 OK\r\n\r\ndata: {"choices":[{"delta":{"content":"Hello"}}]}\n\nevent: error\ndata: oops\n\n'
        ),
        "answer_broken",
        True,
    ),
    "a limit": (events(chunk("Hello"), {"error": {"code": 429, "message": "slow"}}), "http_429", True),
    "a filter": (events(chunk("Hello"), error("content_filter")), "content_filter", False),
    "garbage": (events(chunk("Hello"), "<html>"), "answer_garbled", True),
    "length, then an error": (events(chunk("Hello", "length"), error("server_error")), "length", False),
}


@pytest.mark.parametrize("cut", CUT)
async def test_the_text_of_an_answer_that_was_cut_off_is_kept(rogue: Rogue, cut: str) -> None:
    behaviour, code, retryable = CUT[cut]
    rogue.usual = behaviour
    ended = await failed(model(rogue, seconds=1.0 if cut in ("silence", "a murmur") else 20))
    assert (ended.error.code, ended.retryable) in ((code, retryable), ("answer_broken", retryable))
    assert ended.partial is not None
    assert ended.partial.startswith("Hello")
    assert ended.partial.encode()
    assert ended.usage is not None
    assert ended.usage.model in ("test-model", None)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_so_is_that_of_a_whole_document(rogue: Rogue, finish: str) -> None:
    rogue.usual = whole("Hel", finish)
    assert (await failed(model(rogue, stream=False))).partial == "Hel"


async def test_an_error_after_text_is_an_attempt_and_closes_the_lane_as_it_would(rogue: Rogue) -> None:
    rogue.script = [
        events(chunk("Hel"), {"error": {"code": 429, "message": "slow down"}}),
        events(chunk("Hel"), {"error": {"code": 500, "message": "oops"}}),
    ]
    over = await outcome(model(rogue))
    assert isinstance(over, HandOver)
    assert isinstance(over.job, Failed)
    assert over.job.retryable
    assert isinstance(over.lane, LaneClosed)
    over = await outcome(model(rogue))
    assert isinstance(over, HandOver)
    assert isinstance(over.lane, LaneServerError)


async def test_where_nothing_came_nothing_is_kept(rogue: Rogue) -> None:
    rogue.usual = events(chunk(finish="length"), "[DONE]")
    assert (await failed(model(rogue))).partial is None


@pytest.mark.parametrize(
    ("finish", "code", "retryable"),
    [
        ("max_tokens", "length", False),
        ("MAX_TOKENS", "length", False),
        ("model_length", "length", False),
        ("SAFETY", "content_filter", False),
        ("sensitive", "content_filter", False),
        ("content_filter: PROHIBITED_CONTENT", "content_filter", False),
        ("RECITATION", "content_filter", False),
        ("guardrail_intervened", "content_filter", False),
        ("MALFORMED_FUNCTION_CALL", "answer_cut_off", True),
        ("refusal", "refusal", False),
        ("insufficient_system_resource", "answer_cut_off", True),
        ("network_error", "answer_cut_off", True),
    ],
)
async def test_vendors_have_words_of_their_own_for_a_bad_end(
    rogue: Rogue, finish: str, code: str, retryable: bool
) -> None:
    rogue.usual = stream("Hel", finish=finish)
    ended = await failed(model(rogue))
    assert (ended.error.code, ended.retryable, ended.partial) == (code, retryable, "Hel")


async def test_a_webpage_in_place_of_an_answer_is_quoted(rogue: Rogue) -> None:
    page = "<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"
    rogue.usual = answer(200, page, {"Content-Type": "text/html"})
    assert "Sign in to continue" in failure(await outcome(model(rogue))).error.message
