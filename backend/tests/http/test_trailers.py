"""Row A3: what comes after the body proves nothing, names nothing, and is bounded like what comes before it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from job_processor.core.outcome import Accepted
from job_processor.http import protocol
from job_processor.http.connection_limits import Limits
from job_processor.http.shared_state import SharedState
from tests.support.raw import exchange, read_reply
from tests.support.served import Served, served
from tests.support.site import SECRET, Site, open_site
from tests.support.waiting import until_true

CHUNKED = b"transfer-encoding: chunked\r\n"
JSON = b"content-type: application/json\r\n"
BODY = b"e\r\n" + b'{"prompt":"t"}' + b"\r\n"


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[tuple[Site, Served]]:
    """A server that goes by the name localhost only."""
    async with open_site(tmp_path / "data", hosts=("localhost",)) as site, served(site) as made:
        yield site, made


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1]) if reply else 0


def submission(head: bytes, trailer: bytes) -> bytes:
    begin = b"POST /jobs HTTP/1.1\r\n" + head + CHUNKED + b"connection: close\r\n\r\n"
    return begin + BODY + b"0\r\n" + trailer + b"\r\n"


LOCAL = b"host: localhost\r\n"
REPLACED = {
    "Host": (b"host: evil\r\n" + JSON, b"Host: localhost\r\n", 403),
    "Content-Type": (LOCAL + b"content-type: text/plain\r\n", b"Content-Type: application/json\r\n", 415),
    "no Content-Type": (LOCAL, b"Content-Type: application/json\r\n", 415),
    "Sec-Fetch-Site": (LOCAL + JSON + b"sec-fetch-site: cross-site\r\n", b"Sec-Fetch-Site: same-origin\r\n", 403),
    "Origin": (LOCAL + JSON + b"origin: http://evil\r\n", b"Origin: http://localhost\r\n", 403),
    "nothing": (LOCAL + JSON, b"X-Checksum: 1\r\n", 201),
    "no trailer": (LOCAL + JSON, b"", 201),
}


@pytest.mark.parametrize("name", REPLACED)
async def test_a_trailer_takes_the_place_of_no_header(web: tuple[Site, Served], name: str) -> None:
    head, trailer, wanted = REPLACED[name]
    assert status(await exchange(web[1].port, submission(head, trailer))) == wanted


async def test_an_idempotency_key_in_a_trailer_is_none(web: tuple[Site, Served]) -> None:
    site, server = web
    for _ in range(2):
        reply = await exchange(server.port, submission(LOCAL + JSON, b"Idempotency-Key: k\r\n"))
        assert status(reply) == 201
    assert len((await site.client.get("/jobs", {"host": "localhost"})).json()) == 2


@pytest.mark.parametrize("proof", [b"X-Webhook-Secret: %b\r\n", b"Authorization: Bearer %b\r\n"])
async def test_a_proof_in_a_trailer_is_none(web: tuple[Site, Served], proof: bytes) -> None:
    site, server = web
    made = await site.client.post("/jobs", {"prompt": "a"}, {"host": "localhost"})
    job = made.json()["id"]
    await site.say(await site.claim(), Accepted(60_000))
    secret = SECRET if b"Secret" in proof else site.token(job)
    report = json.dumps({"jobId": job, "result": "forged"}).encode()
    reader, writer = await server.connect()
    writer.write(b"POST /webhook/callback HTTP/1.1\r\n" + LOCAL + JSON + CHUNKED + b"\r\n")
    writer.write(b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(report), report, proof.replace(b"%b", secret.encode())))

    assert (await read_reply(reader)).status == 401
    assert (await site.stored(job)).result is None
    writer.close()


@settings(deadline=None)
@given(
    names=st.lists(
        st.sampled_from(["host", "Content-Type", "X-Webhook-Secret", "ORIGIN", "sec-fetch-site", "x-other", "prefer"]),
        max_size=5,
    ),
    cut=st.integers(1, 400),
)
def test_however_it_is_cut_the_application_sees_the_head_alone(names: list[str], cut: int) -> None:
    """The parser alone: a request with trailers, in pieces of any size, shows the headers of its head."""

    async def run() -> None:
        seen: list[list[tuple[bytes, bytes]]] = []
        protocol = connected(shows(seen))
        raw = submission(LOCAL + JSON, b"".join(f"{name}: forged\r\n".encode() for name in names))
        for start in range(0, len(raw), cut):
            protocol.data_received(raw[start : start + cut])
        await asyncio.gather(*protocol.tasks)
        [headers] = seen
        assert headers == [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"transfer-encoding", b"chunked"),
            (b"connection", b"close"),
        ]

    asyncio.run(run())


def shows(seen: list[list[tuple[bytes, bytes]]]) -> ASGIApp:
    """An application that notes the headers it sees after the whole body."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        seen.append(list(scope["headers"]))
        await Response(b"ok")(scope, receive, send)

    return app


class Nowhere(asyncio.Transport):
    """Takes whatever is written."""

    def write(self, data: object) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


def connected(app: ASGIApp) -> protocol.GuardedProtocol:
    """A connection without a socket."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", proxy_headers=False)
    made = protocol.GuardedProtocol(config, SharedState(Limits()), {}, asyncio.get_running_loop())
    made.connection_made(Nowhere())
    return made


ENDLESS = {
    "a trailer's value": (b"X-T: ", b"a" * 65_536),
    "a trailer's name": (b"", b"n" * 65_536),
    "many trailers": (b"", b"x-t: y\r\n" * 8_192),
    "an extension of a chunk": (None, b"a" * 65_536),
}


@pytest.mark.parametrize("path", [b"/jobs", b"/webhook/callback"], ids=["a submission", "a callback without proof"])
@pytest.mark.parametrize("name", ENDLESS)
async def test_what_comes_after_the_last_byte_of_the_body_is_bounded(
    web: tuple[Site, Served], name: str, path: bytes
) -> None:
    begin, more = ENDLESS[name]
    reader, writer = await web[1].connect()
    writer.write(b"POST " + path + b" HTTP/1.1\r\n" + LOCAL + JSON + CHUNKED + b"\r\n2\r\n{}\r\n")
    writer.write(b"2;" if begin is None else b"0\r\n" + begin)
    sent = await pour(reader, writer, more, 20_000_000)

    assert sent < 10_000_000
    await until_true(lambda: not web[1].connections())


async def test_a_trailer_behind_a_refused_body_is_bounded_too(web: tuple[Site, Served]) -> None:
    """The rest of a body that is too large is read on and thrown away; a trailer of it is held by the parser."""
    reader, writer = await web[1].connect()
    writer.write(b"POST /jobs HTTP/1.1\r\n" + LOCAL + JSON + CHUNKED + b"\r\n200000\r\n" + b"x" * 0x200000 + b"\r\n")
    assert (await read_reply(reader)).status == 413
    writer.write(b"0\r\nx: ")

    assert await pour(reader, writer, b"a" * 65_536, 20_000_000) < 10_000_000
    await until_true(lambda: not web[1].connections())


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, more: bytes, limit: int) -> int:
    """Sends until the server ends the connection, or ``limit`` bytes are gone. How many bytes were sent."""
    sent = 0
    try:
        async with asyncio.timeout(20):
            while sent < limit and not (reader.at_eof() or writer.is_closing()):
                writer.write(more)
                sent += len(more)
                await writer.drain()
                await asyncio.sleep(0)
    except ConnectionError:
        pass
    finally:
        writer.close()
    return sent
