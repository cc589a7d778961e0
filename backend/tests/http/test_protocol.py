"""Rows H2, H3, H5, H8: what is not HTTP is cut with few words; the requests of a connection are answered in order."""

import asyncio

import pytest

from job_processor.http.bounded_reading import MAX_HEAD_BYTES
from job_processor.http.protocol import HEAD_SECONDS
from tests.http.connections import HEAD, status, web
from tests.support.raw import exchange, read_reply
from tests.support.served import Served
from tests.support.site import Site
from tests.support.waiting import until_true

__all__ = ["web"]

BODY = b'{"prompt":"a"}'


SMUGGLING = {
    "CL and TE": HEAD + b"content-length: 14\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two CL": HEAD + b"content-length: 14\r\ncontent-length: 15\r\n\r\n" + BODY,
    "two equal CL": HEAD + b"content-length: 14\r\ncontent-length: 14\r\n\r\n" + BODY,
    "a list of CL": HEAD + b"content-length: 14, 14\r\n\r\n" + BODY,
    "negative CL": HEAD + b"content-length: -1\r\n\r\n" + BODY,
    "CL with a sign": HEAD + b"content-length: +14\r\n\r\n" + BODY,
    "CL beyond 64 bits": HEAD + b"content-length: 99999999999999999999999\r\n\r\n" + BODY,
    "CL of 5,000 digits": HEAD + b"content-length: " + b"9" * 5000 + b"\r\n\r\n" + BODY,
    "bad TE": HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "TE not last": HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "bad chunk size": HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "chunk size beyond 64 bits": HEAD + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
    "space before colon": b"GET /health HTTP/1.1\r\nhost : x\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
    "bare CR in a header": b"GET /health HTTP/1.1\r\nhost: x\r\nx: a\rb: c\r\n\r\n",
    "obsolete folding": b"GET /health HTTP/1.1\r\nhost: x\r\n folded: 1\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"EVIL /health HTTP/1.1\r\nhost: x\r\n\r\n",
    "a space in the address": b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n",
}


async def test_h2_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(web: Served, site: Site) -> None:
    for name, request in SMUGGLING.items():
        reply = await exchange(web.port, request)
        assert (name, status(reply)) == (name, 400)
        assert (name, reply.count(b"HTTP/1.1 ")) == (name, 1)
        assert (name, len(reply) < 4096) == (name, True)
    assert (await site.client.get("/jobs")).json() == []


async def test_h3_too_much_of_a_head_is_refused(web: Served) -> None:
    many = b"".join(b"x-%d: y\r\n" % n for n in range(10_000))
    for request, wanted in (
        (b"GET /health HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 200_000 + b"\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\nhost: x\r\n" + b"n" * 200_000 + b": 1\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\nhost: x\r\n" + many + b"\r\n", 431),
        (b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
    ):
        reply = await exchange(web.port, request)
        assert status(reply) == wanted
        assert b"application/problem+json" in reply


async def test_h3_a_head_within_the_limits_is_taken(web: Served) -> None:
    headers = b"".join(b"x-%d: %b\r\n" % (n, b"y" * 100) for n in range(90))
    reply = await exchange(web.port, b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + headers + b"\r\n")

    assert status(reply) == 200


@pytest.mark.parametrize("piece", [100, 40_000])
@pytest.mark.parametrize(("more", "wanted"), [(0, 200), (1, 431)])
async def test_h3_the_limit_of_a_head_is_exact_however_it_arrives(
    web: Served, more: int, wanted: int, piece: int
) -> None:
    begin = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    headers = [(b"host", b"x"), (b"connection", b"close"), (b"a", b"")]
    rest = MAX_HEAD_BYTES + more - sum(len(name) + len(value) for name, value in headers)
    request = begin + b"a: " + b"y" * rest + b"\r\n\r\n"
    reader, writer = await web.connect()
    for at in range(0, len(request), piece):
        writer.write(request[at : at + piece])
        await writer.drain()
    reply = await read_reply(reader)
    writer.close()
    assert reply.status == wanted


@pytest.mark.parametrize("header", [b"ab:cd\r\n", b"a:\r\n", b"a: " + b"y" * 1_000 + b"\r\n"])
async def test_h3_a_head_that_is_too_large_is_refused_before_it_is_complete(web: Served, header: bytes) -> None:
    reader, writer = await web.connect()
    writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n" + header * (20_000 // len(header)))
    reply = await asyncio.wait_for(read_reply(reader), HEAD_SECONDS / 2)
    writer.close()
    assert reply.status == 431


async def test_h3_a_header_that_never_ends_is_cut_before_it_fills_the_memory(web: Served) -> None:
    sent = 0
    reader, writer = await web.connect()
    writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\nx: ")
    try:
        async with asyncio.timeout(20):
            while sent < 50_000_000 and not reader.at_eof():
                writer.write(b"a" * 65_536)
                sent += 65_536
                await writer.drain()
                await asyncio.sleep(0)
    except ConnectionError:
        pass
    finally:
        writer.close()

    assert sent < 10_000_000


@pytest.mark.parametrize("path", ["/events", "/jobs/{}/events"])
async def test_h5_head_of_a_stream_is_answered_at_once_and_holds_no_place(web: Served, site: Site, path: str) -> None:
    job = (await site.submit())["id"]
    reader, writer = await web.connect()
    for _ in range(2):
        writer.write(f"HEAD {path.format(job)} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        reply = await read_reply(reader, head_only=True)
        assert (reply.status, b"text/event-stream" in reply.head) == (200, True)
    assert site.bus.listeners == 0
    writer.close()


async def test_pipelined_requests_are_answered_in_order(web: Served) -> None:
    reader, writer = await web.connect()
    writer.write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n" + HEAD + b"content-length: 14\r\n\r\n" + BODY)
    writer.write(b"GET /jobs HTTP/1.1\r\nhost: x\r\n\r\n")

    assert [(await read_reply(reader)).status for _ in range(3)] == [200, 201, 200]
    writer.close()


@pytest.mark.parametrize("path", [b"/jobs", b"/health", b"/no-such", b"/"])
async def test_h5_head_is_answered_at_once_on_a_connection_that_stays_open(web: Served, path: bytes) -> None:
    reader, writer = await web.connect()
    for _ in range(2):
        writer.write(b"HEAD " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")
        reply = await read_reply(reader, head_only=True)
        assert reply.status in (200, 307, 404)
    writer.write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await read_reply(reader)).status == 200
    writer.close()


async def test_answers_without_a_body_are_sent_at_once(web: Served, site: Site) -> None:
    job = (await site.submit())["id"].encode()
    await site.client.post(f"/jobs/{job.decode()}/cancel")
    etag = (await site.client.get(f"/jobs/{job.decode()}")).headers["etag"].encode()
    reader, writer = await web.connect()
    writer.write(b"GET /jobs/" + job + b" HTTP/1.1\r\nhost: x\r\nif-none-match: " + etag + b"\r\n\r\n")
    assert (await read_reply(reader)).status == 304
    writer.write(b"DELETE /jobs/" + job + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await read_reply(reader)).status == 204
    writer.close()


async def test_h5_connect_and_upgrades_lead_nowhere(web: Served) -> None:
    for request in (
        b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\nconnection: close\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ):
        assert 400 <= status(await exchange(web.port, request)) < 500
    upgrade = (
        b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n"
        b"sec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n"
    )
    assert status(await exchange(web.port, upgrade)) in (200, 400, 426)


async def test_h8_clients_that_go_away_leave_nothing_behind(web: Served, site: Site) -> None:
    for n in range(50):
        _, writer = await web.connect()
        writer.write([HEAD + b"content-length: 14\r\n\r\n{", b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n"][n % 2])
        await writer.drain()
        writer.close()
    await until_true(lambda: not web.connections() and not web.server.server_state.tasks)
    assert site.bus.listeners == 0
    assert (await site.client.get("/jobs")).json() == []
