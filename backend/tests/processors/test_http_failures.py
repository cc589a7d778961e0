"""The http processor: answers without a result, and what they mean for the job and the lane."""

import json
from typing import Any

import pytest

from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, Succeeded
from tests.processors.endpoints import HTML, endpoint, result, rogue, run
from tests.processors.given import MAX_RESULT_BYTES, dispatch, opened
from tests.processors.meanings import closed_by, failure, fault_in
from tests.processors.rogue import Behaviour, Rogue, answer, compressed, endless, raw, reset, silence

__all__ = ["rogue"]


async def failed(rogue: Rogue, behaviour: Behaviour, **options: Any) -> Failed:
    rogue.usual = behaviour
    return failure(await run(endpoint(rogue.url, **options)))


# --- what is no result -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "options", "code", "words"),
    [
        (answer(200), {}, "empty_answer", "It answered 200 with an empty body."),
        (answer(204), {}, "empty_answer", "It answered 204 with an empty body."),
        (answer(200, " \n"), {}, "empty_answer", "It answered 200 with an empty body."),
        (answer(200), {"take": "/a"}, "empty_answer", "It answered 200 with an empty body."),
        (answer(200, {"a": ""}), {"take": "/a"}, "empty_answer", "It answered 200 with an empty text at /a."),
        (answer(200, {"a": None}), {"take": "/a"}, "empty_answer", "It answered 200 with null at /a."),
        (
            answer(200, {"b": 1, "c": 2}),
            {"take": "/a/b"},
            "no_result",
            "It answered 200 without a value at /a/b: at the top there is an object with b, c. "
            'It begins: {"b": 1, "c": 2}',
        ),
        (
            answer(200, "Sorry, no."),
            {"take": "/a"},
            "no_result",
            'The answer (200) is not JSON: Expected a JSON value, found "Sorry" (line 1, column 1). '
            "It begins: Sorry, no.",
        ),
        (answer(200, b'{"a": "\xff"}'), {"take": "/a"}, "answer_garbled", "The answer is not UTF-8 from byte 7 on."),
        (answer(200, b"\xff"), {}, "answer_garbled", "The answer is not UTF-8 from byte 0 on."),
        (
            answer(200, b"\x81", {"Content-Type": "text/plain; charset=latin-1"}),
            {},
            "answer_garbled",
            "The answer is not in the declared charset from byte 0 on.",
        ),
        (
            answer(200, "<!DOCTYPE html>\n<html><head><title>Sign in &amp; go</title>", {"Content-Type": HTML}),
            {},
            "answer_garbled",
            "It answered 200 with a web page (Sign in & go), which is no result; web_pages = true would "
            "take it for one.",
        ),
        (answer(200, '<!-- a -->\n<HTML lang="en">'), {}, "answer_garbled", "with a web page, which"),
        (
            answer(200, {"message": "Workflow executed successfully but no data was returned"}),
            {},
            "empty_answer",
            'n8n answered 200 "Workflow executed successfully but no data was returned".',
        ),
    ],
)
async def test_what_is_no_result_is_a_failed_attempt_in_words(
    rogue: Rogue, behaviour: Behaviour, options: dict[str, str], code: str, words: str
) -> None:
    outcome = await failed(rogue, behaviour, **options)
    assert (outcome.error.code, outcome.retryable) == (code, True)
    assert words in outcome.error.message


@pytest.mark.parametrize("charset", ["utf-16", "shift_jis", "iso-2022-jp", "utf-7", "x-unknown\x7f"])
async def test_a_charset_that_is_not_read_is_never_guessed_at(rogue: Rogue, charset: str) -> None:
    outcome = await failed(rogue, answer(200, b"ok", {"Content-Type": f"text/plain; charset={charset}"}))
    assert (outcome.error.code, outcome.retryable) == ("answer_garbled", False)
    assert "use UTF-8" in outcome.error.message


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ('{"b": "the paid answer"}', {"take": "/a"}),
        ("Sorry, no.", {"take": "/a"}),
        ("<html><p>the paid answer", {}),
    ],
)
async def test_what_came_instead_of_a_result_is_kept_with_the_attempt(
    rogue: Rogue, body: str, options: dict[str, str]
) -> None:
    assert (await failed(rogue, answer(200, body), **options)).partial == body


async def test_bytes_that_are_no_text_are_kept_with_a_mark_in_their_place(rogue: Rogue) -> None:
    assert (await failed(rogue, answer(200, b"paid for \xff"))).partial == "paid for \ufffd"


async def test_a_compressed_answer_costs_an_attempt_and_closes_the_lane(rogue: Rogue) -> None:
    rogue.usual = compressed()
    said = await run(endpoint(rogue.url))
    assert isinstance(said, HandOver)
    assert isinstance(said.job, Failed)
    assert isinstance(said.lane, LaneClosed)
    assert "compressed" in said.lane.detail


@pytest.mark.parametrize("said", ["", "identity", "Identity", "UTF-8"])
async def test_a_body_that_is_not_compressed_is_read_whatever_is_said_of_it(rogue: Rogue, said: str) -> None:
    assert await result(rogue, answer(200, "Hello.", {"Content-Encoding": said})) == "Hello."
    too_long = await failed(rogue, answer(200, "x" * (6 * MAX_RESULT_BYTES + 1), {"Content-Encoding": said}))
    assert (too_long.error.code, too_long.retryable) == ("answer_too_large", False)


@pytest.mark.parametrize(
    ("behaviour", "options"),
    [
        (endless, {}),
        (answer(200, b"x" * (6 * MAX_RESULT_BYTES + 1)), {}),
        (answer(200, "x" * (MAX_RESULT_BYTES + 1)), {}),
        (answer(200, "ä" * (MAX_RESULT_BYTES // 2 + 1)), {}),
        (answer(200, {"a": "x" * (MAX_RESULT_BYTES + 1)}), {"take": "/a"}),
    ],
)
async def test_an_answer_beyond_the_limit_is_not_asked_for_again(
    rogue: Rogue, behaviour: Behaviour, options: dict[str, str]
) -> None:
    outcome = await failed(rogue, behaviour, **options)
    assert (outcome.error.code, outcome.retryable) == ("answer_too_large", False)
    assert "is longer than" in outcome.error.message


@pytest.mark.parametrize("behaviour", [reset, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), silence])
@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_half_an_answer_is_a_fault_of_the_server_and_asked_for_once(
    rogue: Rogue, behaviour: Behaviour, method: str
) -> None:
    rogue.usual = behaviour
    # Only silence lasts until the time limit: on a busy machine it may be over before the others are asked.
    fault_in(await run(endpoint(rogue.url, 2 if behaviour is silence else 20, method=method)))
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("method", ["PUT", "GET"])
async def test_a_connection_that_ends_when_it_is_used_again_is_not_tried_again(rogue: Rogue, method: str) -> None:
    rogue.script = [answer(200, "ok"), reset]
    async with opened(endpoint(rogue.url, method=method)) as processor:
        assert await processor.run(dispatch()) == Succeeded("ok")
        fault_in(await processor.run(dispatch()))
    assert len(rogue.requests) == 2


async def test_what_a_status_means_is_as_for_every_other_processor(rogue: Rogue) -> None:
    rogue.script = [answer(429, headers={"Retry-After": "7"}), answer(404, {"message": "not registered"}), answer(500)]
    async with opened(endpoint(rogue.url)) as processor:
        assert "fewer requests" in closed_by(await processor.run(dispatch())).detail
        assert "not registered" in closed_by(await processor.run(dispatch())).detail
        assert fault_in(await processor.run(dispatch())).code == "http_500"
    rogue.usual = answer(422, {"detail": "prompt too odd"})
    assert failure(await run(endpoint(rogue.url))).error.code == "http_422"


async def test_an_error_where_the_result_should_be_counts_as_its_status(rogue: Rogue) -> None:
    """And without ``take`` it is the result: who wants it told apart says where the result is."""
    body = {"error": {"message": "Rate limit exceeded", "code": 429}}
    rogue.usual = answer(200, body)
    closed = closed_by(await run(endpoint(rogue.url, take="/choices/0/message/content")))
    assert (closed.trouble, "Rate limit exceeded" in closed.detail) == (Trouble.RATE_LIMITED, True)
    assert await result(rogue, rogue.usual) == json.dumps(body)
