"""The http processor: what of an answer is the result, and what is no result."""

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Deferred, Failed, HandOver, LaneClosed, Succeeded
from job_processor.outgoing.session import Reply
from job_processor.processors.http import answer as http_answer
from job_processor.processors.http.answer import outcome_of
from job_processor.processors.http.json_pointer import parse
from job_processor.processors.http.processor import EndpointOptions, EndpointProcessor
from job_processor.processors.model.answer import SURROGATES_REPLACED
from tests.processors.endpoints import HTML, endpoint, result, rogue, run
from tests.processors.given import MAX_RESULT_BYTES, NOW, dispatch, opened, surroundings
from tests.processors.meanings import failure
from tests.processors.rogue import Rogue, answer

__all__ = ["rogue"]


# --- what is taken ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"plain", "text/plain", "plain"),
        (b' {"a" : 1.0}\n', "application/json", ' {"a" : 1.0}\n'),
        (b'{"error": "not found in the text"}', "application/json", '{"error": "not found in the text"}'),
        (b"<p>part of a page</p>", HTML, "<p>part of a page</p>"),
        ("<htmlx> ä".encode(), "", "<htmlx> ä"),
        ("\ufeffä".encode(), "text/plain", "ä"),
        ("ä".encode(), "text/plain; charset=UTF-8", "ä"),
        ("ä".encode(), 'text/plain;charset="utf-8"', "ä"),
        ("ä".encode(), "text/plain; charset=us-ascii", "ä"),
        ("ä".encode(), "text/plain; charset=iso-8859-1", "ä"),
        ("ä".encode("latin-1"), "text/plain; charset=ISO-8859-1", "ä"),
        ("“ä” €".encode("cp1252"), "text/plain; charset=latin1", "“ä” €"),
        ("“ä” €".encode("cp1252"), "text/plain; format=flowed; charset=windows-1252", "“ä” €"),
        ('"ä"'.encode(), "application/json; charset=utf-16", '"ä"'),
        ('"ä"'.encode(), "application/problem+json; charset=x-unknown", '"ä"'),
        (b"a\x00b", "text/plain", "a\x00b"),
        (b"null", "application/json", "null"),
        (b"It says: n8n is starting up. Please wait", "text/plain", "It says: n8n is starting up. Please wait"),
        (b'{"message": "Workflow was started", "id": 7}', "text/plain", '{"message": "Workflow was started", "id": 7}'),
    ],
)
async def test_the_whole_body_is_the_result(rogue: Rogue, body: bytes, content_type: str, text: str) -> None:
    assert await result(rogue, answer(200, body, {"Content-Type": content_type})) == text


@given(st.text() | st.binary(), st.sampled_from(["", "text/plain", "text/plain; charset=utf-8", "application/json"]))
def test_no_body_becomes_another_text(said: str | bytes, content_type: str) -> None:
    """Whatever comes is the result to the letter, or none."""
    body = said.encode() if isinstance(said, str) else said
    outcome = outcome_of(Reply(200, {"Content-Type": content_type}, body), None, MAX_RESULT_BYTES)
    if isinstance(outcome, Succeeded):
        assert outcome.result.encode() == body.removeprefix(b"\xef\xbb\xbf")
    else:
        assert isinstance(outcome, Failed)
        assert isinstance(said, bytes) or not said.removeprefix("\ufeff").strip()


@given(st.text(min_size=1), st.booleans())
def test_no_text_in_a_json_answer_becomes_another_text(said: str, ascii_only: bool) -> None:
    body = json.dumps({"a": [{"b": said}]}, ensure_ascii=ascii_only).encode()
    outcome = outcome_of(Reply(200, {}, body), parse("/a/0/b"), MAX_RESULT_BYTES)
    assert outcome == Succeeded(said) or not said.strip()


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299])
async def test_every_status_of_success_but_one_brings_a_result(rogue: Rogue, status: int) -> None:
    assert await result(rogue, answer(status, "done")) == "done"


CHAT = {"choices": [{"message": {"content": 'Say "hi" ä'}, "n": [1, 2]}], "id": 7}


@pytest.mark.parametrize(
    ("body", "take", "text"),
    [
        (CHAT, "/choices/0/message/content", 'Say "hi" ä'),
        (CHAT, "/choices/0/n", "[1, 2]"),
        (CHAT, "/id", "7"),
        ('"whole"', "", "whole"),
        (b'\xef\xbb\xbf{"a": " kept as it is\\n"}', "/a", " kept as it is\n"),
        (b'{"a": 1.0e400}', "/a", "1.0e400"),
        (b'{"a": false}', "/a", "false"),
        (b'{"a": "\\ud83d\\ude00"}', "/a", "😀"),
        (b'{"a": "x\\u0000y"}', "/a", "x\x00y"),
        (b'[{"json": {"a": "x"}}]', "/0/json/a", "x"),
    ],
)
async def test_a_part_of_the_answer_is_the_result(rogue: Rogue, body: object, take: str, text: str) -> None:
    assert await result(rogue, answer(200, body), take=take) == text


async def test_half_a_character_costs_no_result(rogue: Rogue) -> None:
    rogue.usual = answer(200, b'{"a": "b\\ud800"}')
    assert await run(endpoint(rogue.url, take="/a")) == Succeeded("b\ufffd", note=SURROGATES_REPLACED)


async def test_202_promises_a_callback(rogue: Rogue) -> None:
    bodies: list[object] = [{"executionId": "run-7"}, {"executionId": 7}, {"executionId": "../x"}, b"", "accepted", []]
    rogue.script = [answer(202, body) for body in bodies]
    async with opened(endpoint(rogue.url, take="/a")) as processor:
        said = [await processor.run(dispatch()) for _ in bodies]
    names = ["run-7", "7", None, None, None, None]
    assert said == [Accepted(120_000, name) for name in names]


async def test_202_may_ask_for_the_job_later_and_200_is_a_result(rogue: Rogue) -> None:
    rogue.script = [answer(202, {"againInSeconds": 30}), answer(200, {"againInSeconds": 30})]
    async with opened(endpoint(rogue.url)) as processor:
        asked, result = [await processor.run(dispatch()) for _ in range(2)]
    assert asked == Deferred(NOW + 30_000, "again", "The processor asked to be given the job again in 30 s.")
    assert isinstance(result, Succeeded)


async def test_202_with_an_error_that_names_a_status_promises_nothing(rogue: Rogue) -> None:
    rogue.usual = answer(202, {"error": {"code": 429, "message": "Try again in 9s."}})
    over = await run(endpoint(rogue.url))
    assert isinstance(over, HandOver)
    assert isinstance(over.lane, LaneClosed)
    assert over.lane.trouble is Trouble.RATE_LIMITED


async def test_a_web_page_can_be_the_result(rogue: Rogue) -> None:
    page = "<!doctype html><html><title>Made to order</title></html>"
    assert await result(rogue, answer(200, page), web_pages=True) == page


@pytest.mark.parametrize(
    "body",
    ["n8n is starting up. Please wait", "<html><head></head><body>n8n is starting up. Please wait</body></html>"],
)
@pytest.mark.parametrize("options", [{}, {"take": "/a"}, {"web_pages": True}])
async def test_n8n_that_starts_is_an_outage_at_no_cost(rogue: Rogue, body: str, options: dict[str, Any]) -> None:
    rogue.usual = answer(200, body, {"Content-Type": HTML})
    said = await run(endpoint(rogue.url, **options))
    assert isinstance(said, HandOver)
    assert isinstance(said.job, Deferred)
    assert isinstance(said.lane, LaneClosed)
    assert said.lane.trouble is Trouble.OUTAGE


@pytest.mark.parametrize("options", [{}, {"take": "/message"}])
async def test_a_workflow_that_answers_before_it_has_worked_is_told_to_wait(
    rogue: Rogue, options: dict[str, Any]
) -> None:
    rogue.usual = answer(200, {"message": "Workflow was started"})
    said = await run(endpoint(rogue.url, **options))
    assert isinstance(said, HandOver)
    assert isinstance(said.job, Failed)
    assert isinstance(said.lane, LaneClosed)
    assert said.lane.trouble is Trouble.MISCONFIGURED
    assert "Respond to Webhook" in said.lane.detail


async def test_the_longest_result_passes_however_it_is_written(rogue: Rogue) -> None:
    text = "ä" * (MAX_RESULT_BYTES // 2)
    assert await result(rogue, answer(200, text)) == text
    assert await result(rogue, answer(200, json.dumps({"a": text}).encode()), take="/a") == text


@pytest.mark.parametrize("most", [2_048, 8 * MAX_RESULT_BYTES])
async def test_the_longest_result_is_the_settings_to_say(rogue: Rogue, most: int) -> None:
    around = surroundings(max_result_bytes=most)
    rogue.script = [answer(200, "x" * most), answer(200, "x" * (most + 1))]
    async with opened(EndpointProcessor(EndpointOptions(url=rogue.url), around)) as processor:
        assert await processor.run(dispatch()) == Succeeded("x" * most)
        assert failure(await processor.run(dispatch())).error.code == "answer_too_large"


async def test_a_part_of_a_large_answer_is_looked_for_beside_the_event_loop(
    rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[threading.Thread] = []

    def outcome(*told: Any, **more: Any) -> Any:
        looked.append(threading.current_thread())
        return outcome_of(*told, **more)

    monkeypatch.setattr(http_answer, "outcome_of", outcome)
    for text in ("small", "x" * 100_000):
        assert await result(rogue, answer(200, {"a": text}), take="/a") == text
    assert [thread is threading.current_thread() for thread in looked] == [True, False]
