"""A body that is too large is refused early, and ordinary clients see why: nobody gets a reset instead of the answer.

Most of them write the whole body before they read. Each is a client as people use it, in its own process or thread.
"""

import asyncio
import http.client
import io
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests

from tests.support.served import Served, served
from tests.support.site import SECRET, Site
from tests.support.waiting import until_true

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
NODE = REPOSITORY / ".venv" / "bin" / "node"
AXIOS = REPOSITORY / "frontend" / "node_modules" / "axios" / "index.js"
HEADERS = {"content-type": "application/json", "x-webhook-secret": SECRET}
MB = 1_000_000
Seen = tuple[int, bytes]
Client = Callable[[int, str, int, bool], Awaitable[Seen]]
"""(port, path, bytes, chunked) → what the client saw."""


def pieces(size: int) -> Iterator[bytes]:
    piece = b"x" * 65_536
    for left in range(size, 0, -len(piece)):
        yield piece[:left]


def _http_client(port: int, path: str, size: int, chunked: bool) -> Seen:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = pieces(size) if chunked else b"x" * size
    connection.request("POST", path, body, HEADERS, encode_chunked=chunked)
    answer = connection.getresponse()
    seen = answer.status, answer.read()
    connection.close()
    return seen


def _requests(port: int, path: str, size: int, chunked: bool) -> Seen:
    body = pieces(size) if chunked else b"x" * size
    answer = requests.post(f"http://127.0.0.1:{port}{path}", data=body, headers=HEADERS, timeout=60)
    return answer.status_code, answer.content


def in_a_thread(client: Callable[[int, str, int, bool], Seen]) -> Client:
    async def run(port: int, path: str, size: int, chunked: bool) -> Seen:
        return await asyncio.to_thread(client, port, path, size, chunked)

    return run


async def _aiohttp(port: int, path: str, size: int, chunked: bool) -> Seen:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces(size):
            yield piece

    body = stream() if chunked else io.BytesIO(b"x" * size)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}{path}", data=body, headers=HEADERS) as answer,
    ):
        return answer.status, await answer.read()


def _httpx(port: int, path: str, size: int, chunked: bool) -> Seen:
    body = pieces(size) if chunked else b"x" * size
    answer = httpx.post(f"http://127.0.0.1:{port}{path}", content=body, headers=HEADERS, timeout=60, trust_env=False)
    return answer.status_code, answer.content


async def _run(*command: str | Path, given: AsyncIterator[bytes] | None = None, axios: str = "") -> bytes:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "AXIOS": axios},
    )
    said, complained = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, complained.decode()[-2_000:]
    return said


def node(name: str) -> Client:
    async def run(port: int, path: str, size: int, chunked: bool) -> Seen:
        url, mode = f"http://127.0.0.1:{port}{path}", "chunked" if chunked else "length"
        script = HERE / "too_large_clients.mjs"
        said = await _run(NODE, script, name, url, str(size), mode, json.dumps(HEADERS), axios=AXIOS.as_uri())
        seen = json.loads(said)
        return seen["status"], seen["body"].encode()

    return run


def curl(*more: str) -> Client:
    async def run(port: int, path: str, size: int, chunked: bool) -> Seen:
        command = ["curl", "-sS", "--noproxy", "*", "-w", "\n%{http_code}", "--max-time", "60"]
        command += [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
        command += ["-H", "transfer-encoding: chunked"] if chunked else []
        with tempfile.NamedTemporaryFile() as body:
            body.writelines(pieces(size))
            body.flush()
            said = await _run(*command, *more, "--data-binary", f"@{body.name}", f"http://127.0.0.1:{port}{path}")
        body_seen, _, status = said.rpartition(b"\n")
        return int(status), body_seen

    return run


CLIENTS: dict[str, Client] = {
    "http.client": in_a_thread(_http_client),
    "requests": in_a_thread(_requests),
    "aiohttp": _aiohttp,
    "httpx": in_a_thread(_httpx),
    "node fetch": node("fetch"),
    "node axios": node("axios"),
    "node http": node("http"),
    "curl with Expect": curl("-H", "Expect: 100-continue"),
    "curl without Expect": curl("-H", "Expect:"),
}


@pytest.fixture
async def web(site: Site) -> AsyncIterator[Served]:
    async with served(site) as made:
        yield made


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("name", CLIENTS)
async def test_every_client_sees_why_its_body_was_refused(web: Served, name: str, chunked: bool) -> None:
    if name.startswith("curl"):
        assert shutil.which("curl"), "curl must be installed"
    for path, size in (
        ("/jobs", 11 * MB // 10),
        ("/jobs", 10 * MB),
        ("/jobs", 100 * MB),
        ("/webhook/callback", 11 * MB // 10),
        ("/webhook/callback", 10 * MB),
    ):
        status, body = await CLIENTS[name](web.port, path, size, chunked)
        # 1.1 MB fit into the body of a callback, and are no JSON.
        wanted = 400 if path != "/jobs" and size < 2 * MB else 413
        problem = json.loads(body)
        assert (path, size, status, problem["status"]) == (path, size, wanted, wanted)
        assert problem["detail"]
    await until_true(lambda: not web.connections())
