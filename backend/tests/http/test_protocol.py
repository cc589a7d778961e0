"""Rows H1, H2, H3, H5, H8: what is not HTTP, or takes too long to be, is cut with few words."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from job_processor.core.job import Job
from job_processor.http import lingering as lingering_rules
from job_processor.http import protocol, sending
from job_processor.http.budget import Budget
from tests.support.raw import exchange, read_reply
from tests.support.served import Served, served
from tests.support.site import SECRET, Site
from tests.support.waiting import until_true

BODY = b'{"prompt":"a"}'
HEAD = b"POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.fixture
async def web(site: Site) -> AsyncIterator[Served]:
    async with served(site) as made:
        yield made


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1]) if reply else 0


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


class Waits:
    """A transport of which nothing matters but how much of what was written waits."""

    waiting = 0
    aborted = False

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True


def sending_over(transport: Waits, budget: Budget) -> sending.WriteBuffer:
    return sending.WriteBuffer(cast(asyncio.Transport, transport), budget)


def test_who_takes_nothing_of_what_is_sent_is_stuck_and_who_takes_a_little_is_not() -> None:
    transport = Waits()
    taking = sending_over(transport, Budget())

    def is_stuck(waiting: int, second: float) -> bool:
        transport.waiting = waiting
        return taking.is_stuck(second)

    for second in range(100):
        assert not is_stuck(0, second)
    for second in range(100, 300):
        # It takes a little every ten seconds, and more comes.
        assert not is_stuck(50_000 - 1_000 * (second // 10 % 2), second)
    assert not is_stuck(30_000, 300)
    waits = [is_stuck(60_000 + second, 301 + second) for second in range(int(sending.WRITE_TIMEOUT_SECONDS) + 1)]
    assert waits == [False] * int(sending.WRITE_TIMEOUT_SECONDS) + [True]


def test_those_for_whom_most_waits_are_cut_when_all_together_is_too_much() -> None:
    budget = Budget(1_000)
    everyone = [Waits() for _ in range(12)]
    for n, one in enumerate(everyone):
        one.waiting = 300 if n < 3 else 50
        sending_over(one, budget).count()
    assert any(one.aborted for one in everyone[:3])
    assert not any(one.aborted for one in everyone[3:])
    assert budget.total <= 1_000


async def test_readers_that_do_not_read_are_cut_and_their_answers_let_go(web: Served, site: Site) -> None:
    for _ in range(60):
        await site.submit("\x01" * 4_000)
    stuck = [await web.connect() for _ in range(20)]
    for reader, writer in stuck:
        # The client's own buffer is no excuse: it takes a little and then nothing.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that does not read
        for _ in range(8):
            writer.write(b"GET /jobs?limit=60 HTTP/1.1\r\nhost: x\r\n\r\n")
    await until_true(lambda: len(web.connections()) == 20)
    await until_true(lambda: all(c.transport.get_write_buffer_size() > 0 for c in web.connections()))

    now = asyncio.get_running_loop().time()
    for connection in web.connections():
        connection.check_deadline(now)
        connection.check_deadline(now + sending.WRITE_TIMEOUT_SECONDS + 1)

    await until_true(lambda: not web.connections())
    for _, writer in stuck:
        writer.close()


async def test_the_answers_that_nobody_takes_have_a_bound_together(web: Served, site: Site) -> None:
    for _ in range(60):
        await site.submit("\x01" * 4_000)
    unsent = web.server.shared.unsent
    unsent.limit = 4_000_000
    stuck = [await web.connect() for _ in range(20)]
    for reader, writer in stuck:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that does not read
        writer.write(b"GET /jobs?limit=60 HTTP/1.1\r\nhost: x\r\n\r\n" * 8)
    await until_true(lambda: unsent.peak > unsent.limit and len(web.connections()) < 20, "some are cut")
    assert unsent.total <= unsent.limit

    reader, writer = await web.connect()
    writer.write(b"GET /jobs?limit=60 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert len((await read_reply(reader)).body) > 500_000
    writer.close()
    for _, one in stuck:
        one.close()
    await until_true(lambda: not web.connections())
    assert unsent.total == 0


async def test_the_next_answer_is_made_when_the_one_before_is_taken(web: Served, site: Site) -> None:
    for _ in range(60):
        await site.submit("\x01" * 4_000)
    reader, writer = await web.connect()
    transport = reader._transport  # type: ignore[attr-defined]
    transport.pause_reading()
    writer.write(b"GET /jobs?limit=60 HTTP/1.1\r\nhost: x\r\n\r\n" * 5)
    await until_true(lambda: any(c._next_request_deferred for c in web.connections()))
    [connection] = web.connections()
    assert connection._unanswered_requests == 4
    transport.resume_reading()

    assert [(await read_reply(reader)).status for _ in range(5)] == [200] * 5
    writer.close()


async def test_a_connection_that_is_to_close_and_whose_answer_is_not_taken_is_cut_too(web: Served, site: Site) -> None:
    for _ in range(60):
        await site.submit("\x01" * 4_000)
    reader, writer = await web.connect()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that does not read
    writer.write(b"GET /jobs?limit=60 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    await until_true(lambda: any(c.transport.is_closing() for c in web.connections()), "it is answered")
    [connection] = web.connections()
    assert connection.transport.get_write_buffer_size() > 0

    now = asyncio.get_running_loop().time()
    connection.check_deadline(now)
    connection.check_deadline(now + sending.WRITE_TIMEOUT_SECONDS + 1)

    await until_true(lambda: not web.connections())
    writer.close()


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


async def test_h8_clients_that_go_away_leave_nothing_behind(web: Served, site: Site) -> None:
    for n in range(50):
        _, writer = await web.connect()
        writer.write([HEAD + b"content-length: 14\r\n\r\n{", b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n"][n % 2])
        await writer.drain()
        writer.close()
    await until_true(lambda: not web.connections() and not web.server.server_state.tasks)
    assert site.bus.listeners == 0
    assert (await site.client.get("/jobs")).json() == []


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
