"""A lingering close: after a refusal the rest of the body is read and thrown away, up to a bound."""

import asyncio
import contextlib

import pytest

from job_processor.http import lingering as lingering_rules
from job_processor.http import protocol
from tests.http.connections import HEAD, status, web
from tests.support.raw import exchange, read_reply
from tests.support.served import Served, served
from tests.support.site import SECRET, Site
from tests.support.waiting import until_true

__all__ = ["web"]


async def test_a_body_that_is_refused_unread_closes_the_connection(web: Served) -> None:
    reply = await exchange(web.port, HEAD + b"content-length: 2000000\r\n\r\n", b"x" * 2_000_000)

    assert status(reply) == 413
    assert b"connection: close" in reply.lower()


UNREAD = HEAD + b"content-length: 100000000\r\n\r\n"


async def lingering(web: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, protocol.GuardedProtocol]:
    """A connection that got its 413 and whose body is still to come."""
    reader, writer = await web.connect()
    writer.write(UNREAD)
    reply = await read_reply(reader)
    assert (reply.status, b"connection: close" in reply.head.lower()) == (413, True)
    [connection] = web.connections()
    assert not connection.transport.is_closing()
    return reader, writer, connection


async def test_after_a_refusal_the_rest_is_read_on_and_thrown_away_up_to_a_bound(
    web: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering_rules, "MAX_BYTES", 5_000_000)
    reader, writer, connection = await lingering(web)
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 50_000_000 and not reader.at_eof():
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536
            # Nothing of it is kept.
            assert len(connection.cycle.body) == 0
            await asyncio.sleep(0)

    assert 5_000_000 < sent < 50_000_000
    await until_true(lambda: not web.connections())
    writer.close()


async def test_after_a_refusal_the_connection_ends_with_the_body(web: Served) -> None:
    reader, writer = await web.connect()
    writer.write(HEAD + b"content-length: 2000000\r\n\r\n")
    assert (await read_reply(reader)).status == 413
    # What follows is a request, and is not answered: the answer before said that it is the last one.
    writer.write(b"x" * 2_000_000 + b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")

    assert await asyncio.wait_for(reader.read(), 20) == b""
    await until_true(lambda: not web.connections())
    writer.close()


@pytest.mark.parametrize(
    "seconds", [lingering_rules.IDLE_SECONDS, lingering_rules.SECONDS], ids=["nothing comes", "it never ends"]
)
async def test_after_a_refusal_nobody_is_waited_for_for_long(web: Served, seconds: float) -> None:
    reader, writer, connection = await lingering(web)
    began = connection._lingering.last_at
    if seconds == lingering_rules.SECONDS:
        # Something came just now.
        connection._lingering.last_at = began + seconds
    connection.check_deadline(began + seconds - 0.001)
    assert not connection.transport.is_closing()
    connection.check_deadline(began + seconds + 0.001)

    # No second answer.
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_what_is_no_chunk_after_a_refusal_ends_the_connection_without_another_answer(web: Served) -> None:
    reader, writer = await web.connect()
    writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n200000\r\n" + b"x" * 0x200000 + b"\r\n")
    assert (await read_reply(reader)).status == 413
    writer.write(b"no chunk\r\n")

    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


@pytest.mark.parametrize("path", [b"/jobs", b"/webhook/callback"])
async def test_who_asks_before_sending_is_refused_at_once_and_never_told_to_go_on(web: Served, path: bytes) -> None:
    reader, writer = await web.connect()
    writer.write(
        b"POST " + path + b" HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"x-webhook-secret: " + SECRET.encode() + b"\r\ncontent-length: 100000000\r\nexpect: 100-continue\r\n\r\n"
    )

    reply = await read_reply(reader)
    assert (reply.status, reply.head[:12]) == (413, b"HTTP/1.1 413")
    assert b"problem+json" in reply.head
    writer.close()


async def test_an_answer_to_a_body_that_never_came_whole_is_the_only_one(web: Served) -> None:
    """A 401 comes at once and leaves the connection open; the rest of the body is then waited for in vain."""
    reader, writer = await web.connect()
    writer.write(b"POST /webhook/callback HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nx")
    assert (await read_reply(reader)).status == 401
    [connection] = web.connections()
    connection.check_deadline(asyncio.get_running_loop().time() + protocol.BODY_SECONDS + 1)

    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_a_stop_waits_for_nobodys_refused_body(site: Site) -> None:
    async with served(site) as web:
        reader, writer, _ = await lingering(web)
        web.server.should_exit = True
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
