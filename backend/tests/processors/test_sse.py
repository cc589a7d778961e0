"""Events out of bytes: the cases of the WHATWG specification, and what servers send in spite of it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.processors.model.sse import EventParser, ServerEvent, is_stream


def parsed(*parts: bytes) -> list[ServerEvent]:
    parser = EventParser()
    found = [event for part in parts for event in parser.feed(part)]
    return [*found, *parser.end()]


CASES: list[tuple[str, bytes, list[ServerEvent]]] = [
    ("one event", b"data: a\n\n", [ServerEvent(b"a")]),
    ("two events", b"data: a\n\ndata: b\n\n", [ServerEvent(b"a"), ServerEvent(b"b")]),
    ("several lines of data", b"data: YHOO\ndata: +2\ndata: 10\n\n", [ServerEvent(b"YHOO\n+2\n10")]),
    ("carriage returns", b"data: a\r\rdata: b\r\r", [ServerEvent(b"a"), ServerEvent(b"b")]),
    ("both line ends", b"data: a\r\n\r\ndata: b\r\n\r\n", [ServerEvent(b"a"), ServerEvent(b"b")]),
    ("a byte order mark", b"\xef\xbb\xbfdata: a\n\n", [ServerEvent(b"a")]),
    ("no second byte order mark", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    ("a comment", b": still here\n\ndata: a\n\n", [ServerEvent(b"a")]),
    ("a type", b"event: error\ndata: a\n\n", [ServerEvent(b"a", "error")]),
    ("a type is of one event", b"event: add\ndata: a\n\ndata: b\n\n", [ServerEvent(b"a", "add"), ServerEvent(b"b")]),
    ("a type without data", b"event: add\n\ndata: b\n\n", [ServerEvent(b"b")]),
    ("no space after the colon", b"data:a\n\n", [ServerEvent(b"a")]),
    ("one space goes, no more", b"data:  a\n\n", [ServerEvent(b" a")]),
    ("a field without a colon", b"data\ndata\n\n", [ServerEvent(b"\n")]),
    ("id and retry", b"id: 1\nretry: 5\ndata: a\n\n", [ServerEvent(b"a")]),
    ("unknown fields", b"foo: bar\n data: x\ndata: a\n\n", [ServerEvent(b"a")]),
    ("empty data", b"data:\n\n", []),
    ("no blank line at the end", b"data: a\n\ndata: b", [ServerEvent(b"a"), ServerEvent(b"b")]),
    ("nothing", b"", []),
    ("llama.cpp's error", b'error: {"code":500}\n\n', [ServerEvent(b'{"code":500}', "error")]),
    (
        "an error without its frame, on several lines",
        b'data: a\n\n{\n "error": {\n  "code": 429\n }\n}\ndata: b\n\n',
        [ServerEvent(b"a"), ServerEvent(b'{\n "error": {\n  "code": 429\n }\n}'), ServerEvent(b"b")],
    ),
    ("a list without its frame", b'[{\n "error": 1\n}\n]\n', [ServerEvent(b'[{\n "error": 1\n}\n]')]),
    ("half an object without its frame", b"data: a\n\n{\n 1", [ServerEvent(b"a"), ServerEvent(b"{\n 1")]),
    ("an end mark without its frame", b"data: a\n\n[DONE]\n\n", [ServerEvent(b"a")]),
    ("an error without its frame", b'data: a\n\n{"error":"x"}\n', [ServerEvent(b"a"), ServerEvent(b'{"error":"x"}')]),
]


@pytest.mark.parametrize(("stream", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_stream(stream: bytes, expected: list[ServerEvent]) -> None:
    assert parsed(stream) == expected


@given(st.sampled_from(CASES), st.lists(st.integers(0, 60)))
def test_wherever_the_network_cuts_it_the_events_are_the_same(
    case: tuple[str, bytes, list[ServerEvent]], cuts: list[int]
) -> None:
    _, stream, expected = case
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert parsed(*(stream[a:b] for a, b in pairwise(places))) == expected


@given(st.lists(st.binary()))
def test_no_bytes_make_it_raise(parts: list[bytes]) -> None:
    parsed(*parts)


@pytest.mark.parametrize(
    ("beginning", "content_type", "expected"),
    [
        (b"data: {", "text/event-stream", True),
        (b"data: {", "application/json", True),
        (b"\xef\xbb\xbfdata: {", "", True),
        (b": ping\n", "", True),
        (b"event: x", "text/plain", True),
        (b"foo: bar", "text/event-stream; charset=utf-8", True),
        (b"foo: bar", "text/plain", False),
        (b'{"error"', "text/event-stream", False),
        (b'[{"error"', "text/event-stream", False),
        (b"<html>", "text/event-stream", False),
        (b"", "application/json", False),
    ],
)
def test_what_is_a_stream(beginning: bytes, content_type: str, expected: bool) -> None:
    assert is_stream(beginning, content_type) is expected
