"""The http processor: what is sent, and how its options are checked."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.outcome import Succeeded
from tests.processors.endpoints import endpoint, rogue, run
from tests.processors.given import JOB_ID, dispatch, opened
from tests.processors.rogue import Request, Rogue, drip

__all__ = ["rogue"]


async def sent(rogue: Rogue, job: Mapping[str, Any] | None = None, path: str = "/do", **options: Any) -> Request:
    """The request that a flow of these options makes of a job."""
    assert await run(endpoint(rogue.url + path, **options), **(job or {})) == Succeeded("ok")
    return rogue.requests[-1]


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
