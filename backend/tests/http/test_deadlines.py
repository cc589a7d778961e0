"""Row H1: what arrives too slowly is cut at its deadline, and not before."""

import asyncio
from collections.abc import Callable

import pytest

from job_processor.core.job import Job
from job_processor.http import protocol
from tests.http.connections import HEAD, status, web
from tests.support.raw import exchange, read_reply
from tests.support.served import Served
from tests.support.site import Site
from tests.support.waiting import until_true

__all__ = ["web"]
SLOW: dict[str, tuple[bytes, Callable[[], float]]] = {
    "nothing at all": (b"", lambda: protocol.HEAD_SECONDS),
    "half a request line": (b"GET /hea", lambda: protocol.HEAD_SECONDS),
    "half a head": (b"GET /health HTTP/1.1\r\nhost: x\r\nx", lambda: protocol.HEAD_SECONDS),
    "half a body": (HEAD + b"content-length: 14\r\n\r\n{", lambda: protocol.BODY_SECONDS),
    "no body": (HEAD + b"content-length: 14\r\n\r\n", lambda: protocol.BODY_SECONDS),
    "half a chunk": (HEAD + b"transfer-encoding: chunked\r\n\r\ne\r\n{", lambda: protocol.BODY_SECONDS),
}


@pytest.mark.parametrize("name", SLOW)
async def test_h1_what_arrives_too_slowly_is_cut_at_its_deadline_and_not_before(web: Served, name: str) -> None:
    sent, limit = SLOW[name]
    reader, writer = await web.connect()
    writer.write(sent)
    await until_true(lambda: len(web.connections()) == 1)
    [connection] = web.connections()
    await until_true(lambda: _received(connection, sent))
    began = connection._reading_since
    assert began is not None

    connection.check_deadline(began + limit() - 0.001)
    assert not connection.transport.is_closing()
    connection.check_deadline(began + limit() + 0.001)

    reply = await asyncio.wait_for(reader.read(), 20)
    assert status(reply) == 408
    assert b"application/problem+json" in reply
    writer.close()


def _received(connection: protocol.GuardedProtocol, sent: bytes) -> bool:
    """Has the parser come as far as what was sent goes?"""
    if b"\r\n\r\n" in sent:
        return not connection._in_head
    return connection._unparsed_bytes == len(sent)


async def test_h1_a_drip_of_bytes_does_not_move_the_deadline(web: Served) -> None:
    reader, writer = await web.connect()
    writer.write(b"GET /health HTTP/1.1\r\n")
    await until_true(lambda: len(web.connections()) == 1)
    [connection] = web.connections()
    await until_true(lambda: connection._unparsed_bytes > 0)
    began = connection._reading_since
    for byte in b"x-slow: y":
        writer.write(bytes([byte]))
        await writer.drain()
    assert connection._reading_since == began
    writer.close()
    await reader.read()


async def test_h1_the_sweep_finds_what_is_too_slow(web: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.0)

    reply = await exchange(web.port, b"GET /health HTTP/1.1\r\n")

    assert status(reply) == 408


async def test_an_answer_that_takes_long_is_not_cut(web: Served, site: Site) -> None:
    """Deadlines are for what clients send; a stream may be open for hours."""
    reader, writer = await web.connect()
    writer.write(b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"event: hello")
    [connection] = web.connections()

    connection.check_deadline(asyncio.get_running_loop().time() + 10**6)

    assert not connection.transport.is_closing()
    await site.submit()
    await asyncio.wait_for(reader.readuntil(b"event: job"), 20)
    writer.close()


async def test_a_connection_is_used_again_and_its_deadline_starts_anew(web: Served) -> None:
    reader, writer = await web.connect()
    for _ in range(3):
        writer.write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await read_reply(reader)).status == 200
        [connection] = web.connections()
        connection.check_deadline(asyncio.get_running_loop().time() + 60)
    writer.close()


async def test_h1_half_a_head_behind_a_whole_request_has_a_deadline_too(web: Served) -> None:
    reader, writer = await web.connect()
    writer.write(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET /hea")
    assert (await read_reply(reader)).status == 200
    [connection] = web.connections()

    connection.check_deadline(asyncio.get_running_loop().time() + protocol.HEAD_SECONDS + 1)

    assert status(await asyncio.wait_for(reader.read(), 20)) == 408
    writer.close()


@pytest.mark.parametrize(
    "behind", [HEAD + b"content-length: 14\r\n\r\n{", HEAD + b"content-length"], ids=["half a body", "half a head"]
)
async def test_h1_the_first_of_two_requests_is_not_cut_for_what_is_late_of_the_second(
    web: Served, site: Site, monkeypatch: pytest.MonkeyPatch, behind: bytes
) -> None:
    job = (await site.submit())["id"]
    may_read = asyncio.Event()
    get = site.store.get

    async def slow(job_id: str) -> Job | None:
        await may_read.wait()
        return await get(job_id)

    monkeypatch.setattr(site.store, "get", slow)
    reader, writer = await web.connect()
    writer.write(f"GET /jobs/{job} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await until_true(lambda: len(web.connections()) == 1 and web.connections()[0].cycle is not None)
    writer.write(behind)
    [connection] = web.connections()
    await until_true(lambda: connection._reading_since is not None)

    connection.check_deadline(asyncio.get_running_loop().time() + protocol.BODY_SECONDS + 10)
    assert not connection.transport.is_closing()
    may_read.set()

    assert (await read_reply(reader)).status == 200
    connection.check_deadline(asyncio.get_running_loop().time() + 2 * protocol.BODY_SECONDS + 20)
    assert status(await asyncio.wait_for(reader.read(), 20)) == 408
    writer.close()


async def test_h1_a_wait_ends_with_half_of_the_next_request_whose_deadline_counts_from_then(
    web: Served, site: Site
) -> None:
    job = (await site.submit())["id"]
    reader, writer = await web.connect()
    writer.write(f"GET /jobs/{job} HTTP/1.1\r\nhost: x\r\nprefer: wait=45\r\n\r\n".encode())
    await until_true(lambda: site.bus.listeners == 1)
    writer.write(HEAD + b"content-length: 14\r\n\r\n{")

    first = await read_reply(reader)
    assert (first.status, b'"PENDING"' in first.body) == (200, True)
    [connection] = web.connections()
    connection.check_deadline(asyncio.get_running_loop().time() + protocol.BODY_SECONDS + 10)
    assert status(await asyncio.wait_for(reader.read(), 20)) == 408
    writer.close()


async def test_a_long_body_has_time_as_long_as_it_keeps_up_its_rate(web: Served, site: Site) -> None:
    reader, writer = await web.connect()
    body = b'{"prompt":"a"}\n' + b" " * (4 * protocol.STREAMED_BYTES_PER_SECOND - 15)
    head = b"POST /batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
    writer.write(head + b"content-length: 50000000\r\n\r\n" + body)
    await until_true(lambda: site.context.batch_bytes.total == len(body), "so much has been taken")
    [connection] = web.connections()
    began = connection._reading_since
    assert began is not None

    connection.check_deadline(began + protocol.BODY_SECONDS + 3.999)
    assert not connection.transport.is_closing()
    connection.check_deadline(began + protocol.BODY_SECONDS + 4.001)

    assert status(await asyncio.wait_for(reader.read(), 20)) == 408
    await until_true(lambda: site.context.batch_bytes.total == 0, "it is given back")
    assert (await site.client.get("/jobs")).json() == []
    writer.close()
