"""The openai processor against a server that others wrote: llmock (PyPI), which also breaks on demand.

Left out where it is not installed; on CI that is an error.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from job_processor.core.lane import Trouble
from job_processor.core.outcome import Succeeded
from job_processor.processors.http.processor import EndpointOptions, EndpointProcessor
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from job_processor.results import examine
from tests.processors.given import NOW, dispatch, opened, surroundings
from tests.processors.meanings import closed_by, failure

LLMOCK = shutil.which("llmock", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


class Foreign:
    """The running server, and how it is told to misbehave."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def will(self, **behaviour: Any) -> None:
        async with self._session.post(self.url + "/_llmock/scenario", json={"behaviors": [behaviour]}) as answer:
            assert answer.status < 300, await answer.text()

    async def calls(self) -> int:
        async with self._session.get(self.url + "/_llmock/requests") as answer:
            told = await answer.json()
        return len(told if isinstance(told, list) else told["requests"])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """One server for all: it takes seconds to start."""
    if LLMOCK is None:
        assert not os.environ.get("CI"), "llmock is not installed"
        pytest.skip("llmock is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [LLMOCK, "serve", "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("llmock did not start")


@pytest.fixture
async def foreign(address: str) -> AsyncIterator[Foreign]:
    async with aiohttp.ClientSession(trust_env=False) as session, session.post(address + "/_llmock/reset"):
        yield Foreign(address, session)


def model(foreign: Foreign, **options: Any) -> OpenAIProcessor:
    given = {"model": "gpt-4o-mini", "base_url": foreign.url + "/v1", "api_key_env": "MODEL_KEY", **options}
    return OpenAIProcessor(msgspec.convert(given, OpenAIOptions), surroundings(dispatch_timeout_seconds=5))


async def test_the_same_server_as_an_endpoint_whose_answer_is_the_result(foreign: Foreign) -> None:
    await foreign.will(type="reply", text='Guten "Tag" 😀')
    options = {
        "url": foreign.url + "/v1/chat/completions",
        "template": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Translate: {{prompt}}"}]},
        "headers_env": {"Authorization": "MODEL_KEY"},
        "take": "/choices/0/message/content",
    }
    endpoint = EndpointProcessor(msgspec.convert(options, EndpointOptions), surroundings(dispatch_timeout_seconds=5))
    async with opened(endpoint) as processor:
        assert await processor.run(dispatch('Good "day"\n')) == Succeeded('Guten "Tag" 😀')


@pytest.mark.parametrize("streamed", [True, False])
async def test_an_answer_with_its_usage(foreign: Foreign, streamed: bool) -> None:
    await foreign.will(type="reply", text="Guten Tag 😀")
    async with opened(model(foreign, stream=streamed)) as processor:
        ended = await processor.run(dispatch())
    assert isinstance(ended, Succeeded)
    assert ended.result == "Guten Tag 😀"
    assert ended.usage is not None
    assert (ended.usage.finish_reason, ended.usage.prompt_tokens is None) == ("stop", False)


async def test_structured_output(foreign: Foreign) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "population": {"type": "integer"}},
        "required": ["city", "population"],
        "additionalProperties": False,
    }
    async with opened(model(foreign)) as processor:
        ended = await processor.run(dispatch("Paris?", result_schema=schema))
    assert isinstance(ended, Succeeded)
    assert examine(ended.result, schema).kind == "json"
    assert set(json.loads(ended.result)) == {"city", "population"}


async def test_a_limit_is_not_tried_against(foreign: Foreign) -> None:
    await foreign.will(type="fail", status=429, retry_after=3)
    async with opened(model(foreign)) as processor:
        caught = closed_by(await processor.run(dispatch()))
    assert (caught.trouble, caught.until) == (Trouble.RATE_LIMITED, NOW + 3_000)
    assert await foreign.calls() == 1


@pytest.mark.parametrize(("status", "trouble"), [(401, Trouble.MISCONFIGURED), (404, Trouble.MISCONFIGURED)])
async def test_a_wrong_key_or_model(foreign: Foreign, status: int, trouble: Trouble) -> None:
    await foreign.will(type="fail", status=status)
    async with opened(model(foreign)) as processor:
        caught = closed_by(await processor.run(dispatch()))
    assert caught.trouble is trouble


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed", "stall"])
async def test_a_broken_stream_is_never_taken_for_an_answer(foreign: Foreign, kind: str) -> None:
    await foreign.will(type="stream_fault", kind=kind, after_chunks=2)
    await foreign.will(type="reply", text="one two three four five six seven")
    async with opened(model(foreign)) as processor:
        code = failure(await processor.run(dispatch())).error.code
    assert code in ("answer_broken", "disconnected", "answer_garbled", "answer_cut_off", "dispatch_timeout")
    assert await foreign.calls() == 1


async def test_a_tool_call_is_no_answer(foreign: Foreign) -> None:
    call = {"name": "look_up", "arguments": {"city": "Paris"}}
    await foreign.will(type="reply", tool_calls=[call])
    async with opened(model(foreign)) as processor:
        ended = failure(await processor.run(dispatch()))
    assert (ended.error.code, ended.retryable) == ("tool_calls", False)
