"""The http processor: what is sent, what of the answer is the result, and what is no result."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Deferred, Failed, HandOver, LaneClosed, Outcome, Succeeded
from job_processor.outgoing.session import Reply
from job_processor.processors.http import answer as http_answer
from job_processor.processors.http.answer import outcome_of
from job_processor.processors.http.json_pointer import parse
from job_processor.processors.http.processor import EndpointOptions, EndpointProcessor
from job_processor.processors.model.answer import SURROGATES_REPLACED
from tests.processors.given import JOB_ID, MAX_RESULT_BYTES, NOW, dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure, fault_in
from tests.processors.rogue import Behaviour, Request, Rogue, answer, compressed, drip, endless, raw, reset, silence

HTML = "text/html; charset=utf-8"


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200, "ok")).serve() as server:
        yield server


def endpoint(url: str, seconds: float = 20.0, **options: Any) -> EndpointProcessor:
    converted = msgspec.convert({"url": url, **options}, EndpointOptions)
    return EndpointProcessor(converted, surroundings(dispatch_timeout_seconds=seconds))


async def run(processor: EndpointProcessor, **job: Any) -> Outcome | HandOver:
    async with opened(processor):
        return await processor.run(dispatch(**job))


async def sent(rogue: Rogue, job: Mapping[str, Any] | None = None, path: str = "/do", **options: Any) -> Request:
    """The request that a flow of these options makes of a job."""
    assert await run(endpoint(rogue.url + path, **options), **(job or {})) == Succeeded("ok")
    return rogue.requests[-1]


async def result(rogue: Rogue, behaviour: Behaviour, **options: Any) -> str:
    rogue.usual = behaviour
    outcome = await run(endpoint(rogue.url, **options))
    assert isinstance(outcome, Succeeded), outcome
    return outcome.result


async def failed(rogue: Rogue, behaviour: Behaviour, **options: Any) -> Failed:
    rogue.usual = behaviour
    return failure(await run(endpoint(rogue.url, **options)))


# --- what is sent ----------------------------------------------------------------------------------


async def test_the_dispatch_is_sent_when_nothing_is_said(rogue: Rogue) -> None:
    request = await sent(rogue, {"prompt": "ä prompt", "metadata": {"n": 1}})
    assert (request.method, request.target) == ("POST", "/do")
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "jobId": JOB_ID,
        "attempt": 2,
        "prompt": "ä prompt",
        "metadata": {"n": 1},
        "callbackUrl": "http://127.0.0.1:1/webhook/callback",
        "callbackToken": "callback-token",
    }


async def test_the_prompt_alone_as_text(rogue: Rogue) -> None:
    request = await sent(rogue, {"prompt": '{"ä": 😀}\n'}, send="prompt")
    assert request.headers["content-type"] == "text/plain; charset=utf-8"
    assert request.body == '{"ä": 😀}\n'.encode()


@pytest.mark.parametrize("named", [{}, {"send": "template"}])
async def test_a_template(rogue: Rogue, named: dict[str, str]) -> None:
    request = await sent(rogue, {"prompt": 'say "hi"'}, template='{"q": "{{prompt}}"}', **named)
    assert request.headers["content-type"] == "application/json"
    assert request.json == {"q": 'say "hi"'}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_methods_with_a_body(rogue: Rogue, method: str) -> None:
    request = await sent(rogue, method=method, send="prompt")
    assert (request.method, request.body) == (method, b"Say hello.")


async def test_a_get_has_no_body_and_the_prompt_in_its_query(rogue: Rogue) -> None:
    query = {"q": "{{prompt}}", "about": "{{metadata.topic}}", "n": "<{{attempt}}>", "fixed": "a b"}
    request = await sent(
        rogue,
        {"prompt": "a&b=c #1+2 ä\n%41", "metadata": {"topic": ["x"]}},
        path="/do?key=k&q=old",
        method="GET",
        query=query,
    )
    assert (request.method, request.body, "content-type" in request.headers) == ("GET", b"", False)
    assert dict(parse_qsl(request.target.partition("?")[2], strict_parsing=True)) == {
        "key": "k",
        "q": "a&b=c #1+2 ä\n%41",
        "about": '["x"]',
        "n": "<2>",
        "fixed": "a b",
    }


async def test_headers_fixed_and_from_the_environment(rogue: Rogue) -> None:
    request = await sent(
        rogue,
        headers={"X-Team": "a b", "Content-Type": "application/vnd.api+json"},
        headers_env={"Authorization": "N8N_TOKEN", "x-api-key": "MODEL_KEY"},
    )
    names = ("x-team", "content-type", "authorization", "x-api-key", "accept-encoding")
    assert [request.headers[name] for name in names] == [
        "a b",
        "application/vnd.api+json",
        "n8n-token",
        "model-key",
        "identity",
    ]


@pytest.mark.parametrize("options", [{}, {"send": "prompt"}, {"template": "{}"}, {"method": "GET"}])
async def test_an_endpoint_can_tell_a_second_request_for_the_same_work(rogue: Rogue, options: dict[str, Any]) -> None:
    first = await sent(rogue, **options)
    assert first.headers["idempotency-key"] == first.headers["x-job-id"] == JOB_ID
    assert first.headers["x-job-attempt"] == "2"

    another = await sent(rogue, {"complaint": "no JSON"}, **options)
    assert (another.headers["idempotency-key"], another.headers["x-job-id"]) == (f"{JOB_ID}-2", JOB_ID)


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


@pytest.mark.parametrize("behaviour", [reset, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), silence])
@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_half_an_answer_is_a_fault_of_the_server_and_asked_for_once(
    rogue: Rogue, behaviour: Behaviour, method: str
) -> None:
    rogue.usual = behaviour
    fault_in(await run(endpoint(rogue.url, 0.5, method=method)))
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


async def test_a_cancelled_job_cuts_its_request_off(rogue: Rogue) -> None:
    rogue.usual = drip
    async with opened(endpoint(rogue.url)) as processor:
        task = asyncio.ensure_future(processor.run(dispatch()))
        await rogue.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(rogue.hung_up.wait(), 10)


async def test_an_endpoint_that_others_wrote(rogue: Rogue) -> None:
    """A real HTTP server with compression, keep-alive and chunks of its own."""

    async def work(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        response.enable_compression()
        await response.prepare(request)
        for byte in f"{request.headers['x-job-id']}: {(await request.text())[::-1]}".encode():
            await response.write(bytes([byte]))
        return response

    app = web.Application()
    app.add_routes([web.put("/do", work)])
    async with TestServer(app) as server:
        said = await run(endpoint(str(server.make_url("/do")), method="PUT", send="prompt"), prompt="😀ä")
    assert said == Succeeded(f"{JOB_ID}: ä😀")


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "ftp://example.com"}, "url must begin with"),
        ({"take": "choices"}, "take must be empty or begin with /"),
        ({"template": "{"}, "template is not JSON"),
        ({"template": '{"a": "{{secret}}"}'}, "template has an unknown placeholder"),
        ({"template": {"a": "{{secret}}"}}, "template has an unknown placeholder"),
        ({"template": "{}", "send": "prompt"}, 'template goes with send = "template"'),
        ({"send": "template"}, "needs a template"),
        ({"method": "GET", "send": "prompt"}, "do not go with GET"),
        ({"method": "GET", "template": "{}"}, "do not go with GET"),
        ({"query": {"q": "{{promt}}"}}, "query.q has an unknown placeholder"),
        ({"headers": {"X Y": "a"}}, "invalid header name"),
        ({"headers": {"X\r\nY": "a"}}, "invalid header name"),
        ({"headers": {"X-Y": "a\r\nb: c"}}, "X-Y must be printable"),
        ({"headers": {"X-Y": ""}}, "X-Y must be printable"),
        ({"headers": {"X-Y": "a", "x-y": "b"}}, "x-y is given twice"),
        ({"headers": {"X-Y": "a"}, "headers_env": {"x-y": "N8N_TOKEN"}}, "x-y is given twice"),
        ({"headers": {"Authorization": "Bearer s3cret"}}, "Authorization is a secret"),
        ({"headers_env": {"Authorization": "NOT_SET"}}, "NOT_SET is not set"),
        ({"headers": {"Content-Length": "1"}}, "Content-Length cannot be set"),
        ({"headers_env": {"X-Job-Id": "N8N_TOKEN"}}, "X-Job-Id cannot be set"),
    ],
)
def test_options_that_cannot_be_used_are_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ProcessorUnusable, match=words) as caught:
        endpoint(**{"url": "http://example.com", **options})
    assert "s3cret" not in str(caught.value)
