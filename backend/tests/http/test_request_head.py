"""Rows A13.4, A13.6, A13.7: a head that could be understood in two ways is refused, in words, once, and in its turn."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.http import bounded_reading, protocol, refusals, request_head
from job_processor.http.problems import RequestRefused
from tests.http.problems import CANARY, assert_problem
from tests.support.asgi import Reply
from tests.support.raw import exchange, read_reply
from tests.support.served import Served, served
from tests.support.site import SECRET, Site
from tests.support.waiting import until_true

BODY = b'{"prompt":"a"}'
LENGTH = b"content-length: 14\r\n"
JSON = b"content-type: application/json\r\n"
TOKEN = b"authorization: Bearer x\r\n"
PROOF = b"x-webhook-secret: " + SECRET.encode() + b"\r\n"
CHUNKS = b"\r\ne\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.fixture
async def web(site: Site) -> AsyncIterator[Served]:
    async with served(site) as made:
        yield made


def get(*headers: bytes, target: bytes = b"/health/live", version: bytes = b"1.1") -> bytes:
    return b"GET " + target + b" HTTP/" + version + b"\r\n" + b"".join(headers) + b"connection: close\r\n\r\n"


def post(*headers: bytes, body: bytes = BODY, path: bytes = b"/jobs") -> bytes:
    end = b"" if body.startswith(b"\r\n") else b"\r\n"
    return b"POST " + path + b" HTTP/1.1\r\nhost: x\r\n" + b"".join(headers) + b"connection: close\r\n" + end + body


TE = b"transfer-encoding: "
REFUSED: dict[str, tuple[bytes, int]] = {
    "two hosts": (get(b"host: evil\r\n", b"host: localhost\r\n"), 400),
    "two equal hosts": (get(b"host: x\r\n", b"Host: x\r\n"), 400),
    "no host": (get(), 400),
    "two hosts in one": (get(b"host: a,b\r\n"), 400),
    "a host with a space": (get(b"host: a b\r\n"), 400),
    "a host with a path": (get(b"host: a/b\r\n"), 400),
    "a host with a user": (get(b"host: u@x\r\n"), 400),
    "a foreign target": (get(b"host: x\r\n", target=b"http://evil.example/jobs"), 400),
    "a foreign port": (get(b"host: x\r\n", target=b"http://x:1/jobs"), 400),
    "a target with a user": (get(b"host: x\r\n", target=b"http://u@x/jobs"), 400),
    "a target of another scheme": (get(b"host: x\r\n", target=b"ftp://x/jobs"), 400),
    "a target without a path": (get(b"host: x\r\n", target=b"jobs"), 400),
    "an asterisk": (get(b"host: x\r\n", target=b"*"), 400),
    "HTTP/2.0": (get(b"host: x\r\n", version=b"2.0"), 400),
    "HTTP/0.9": (get(b"host: x\r\n", version=b"0.9"), 400),
    "HTTP/1.2": (get(b"host: x\r\n", version=b"1.2"), 400),
    "HTTP/3.0": (get(b"host: x\r\n", version=b"3.0"), 400),
    "gzip, chunked": (post(JSON, TE + b"gzip, chunked\r\n", body=CHUNKS), 501),
    "gzip and chunked": (post(JSON, TE + b"gzip\r\n", TE + b"chunked\r\n", body=CHUNKS), 501),
    "an unknown coding": (post(JSON, TE + b"x-secret;q=1, chunked\r\n", body=CHUNKS), 501),
    "identity, chunked": (post(JSON, TE + b"identity, chunked\r\n", body=CHUNKS), 501),
    "chunked twice": (post(JSON, TE + b"chunked, chunked\r\n", body=CHUNKS), 400),
    "chunked in two headers": (post(JSON, TE + b"chunked\r\n", TE + b"chunked\r\n", body=CHUNKS), 400),
    "chunked not last": (post(JSON, TE + b"chunked, gzip\r\n", body=CHUNKS), 400),
    "identity": (post(JSON, TE + b"identity\r\n", LENGTH), 400),
    "chunked of HTTP/1.0": (b"POST /jobs HTTP/1.0\r\n" + JSON + TE + b"chunked\r\n" + CHUNKS, 400),
    "two content types": (post(LENGTH, JSON, b"content-type: text/plain\r\n"), 400),
    "two equal content types": (post(LENGTH, JSON, JSON), 400),
    "two keys": (post(LENGTH, JSON, b"idempotency-key: a\r\n", b"Idempotency-Key: b\r\n"), 400),
    "two secrets": (post(LENGTH, JSON, PROOF, PROOF, path=b"/webhook/callback"), 400),
    "a wrong secret and a right one": (
        post(LENGTH, JSON, b"x-webhook-secret: a\r\n", PROOF, path=b"/webhook/callback"),
        400,
    ),
    "two tokens": (post(LENGTH, JSON, TOKEN, TOKEN, path=b"/webhook/callback"), 400),
    "two origins": (post(LENGTH, JSON, b"origin: http://x\r\n", b"origin: http://evil\r\n"), 400),
    "two sites": (post(LENGTH, JSON, b"sec-fetch-site: cross-site\r\n", b"sec-fetch-site: none\r\n"), 400),
    "no HTTP": (b"\x16\x03\x01 " + CANARY.encode() + b"\r\n\r\n", 400),
    "a head that is too large": (get(b"host: x\r\n", b"x: " + CANARY.encode() + b"a" * 20_000 + b"\r\n"), 431),
    "an address that is too long": (get(b"host: x\r\n", target=b"/" + b"a" * 9_000), 414),
}
TAKEN = {
    "an absolute target": get(b"host: x\r\n", target=b"http://x/health/live"),
    "an absolute target in capitals": get(b"host: x:1\r\n", target=b"HTTP://X:1/health/live"),
    "an IPv6 host": get(b"host: [::1]:3000\r\n"),
    "HTTP/1.0 without a host": b"GET /health/live HTTP/1.0\r\n\r\n",
    "Chunked": post(JSON, TE + b"Chunked\r\n", body=CHUNKS),
    "lists in two headers": get(b"host: x\r\n", b"accept: a\r\n", b"accept: b\r\n", b"prefer: wait=0\r\n" * 2),
    "an upgrade": get(b"host: x\r\n", b"upgrade: websocket\r\n").replace(b"close", b"upgrade, close"),
}


def parsed(reply: bytes) -> Reply:
    """One whole answer, and nothing behind it."""
    begin, _, body = reply.partition(b"\r\n\r\n")
    lines = begin.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert int(headers["content-length"]) == len(body)
    return Reply(int(lines[0].split(" ")[1]), headers, body)


@pytest.mark.parametrize("name", REFUSED)
async def test_what_could_be_understood_in_two_ways_is_refused_with_a_problem(
    web: Served, site: Site, name: str
) -> None:
    request, wanted = REFUSED[name]

    reply = parsed(await exchange(web.port, request))

    assert_problem(reply, wanted)
    assert reply.headers["connection"] == "close"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert (await site.client.get("/jobs")).json() == []


@pytest.mark.parametrize("name", TAKEN)
async def test_what_is_unusual_and_clear_is_taken(web: Served, name: str) -> None:
    assert (await exchange(web.port, TAKEN[name]))[9:12] in (b"200", b"201")


NAMES = st.sampled_from([b"host", b"content-type", b"x-webhook-secret", b"authorization", b"accept", b"x-other"])


@given(st.lists(st.tuples(NAMES, st.sampled_from([b"a", b"b"])), max_size=6))
def test_no_order_and_no_distance_hides_a_second_one(headers: list[tuple[bytes, bytes]]) -> None:
    names = [name for name, _ in headers]
    clear = names.count(b"host") == 1 and all(
        names.count(name) <= 1 for name in names if name in request_head.SINGLETON_HEADERS
    )
    expected = contextlib.nullcontext() if clear else pytest.raises(RequestRefused)
    with expected:
        request_head.check("1.1", "GET", b"/", headers)


# --- an error is said in its turn, and never in the middle of an answer ----------------------------

GARBAGE = {
    "no HTTP": b"\x00\x01\x02\r\n\r\n",
    "two hosts": get(b"host: a\r\n", b"host: b\r\n"),
    "a body of no chunks": b"POST /jobs HTTP/1.1\r\nhost: x\r\n" + JSON + TE + b"chunked\r\n\r\nzz\r\n",
}
LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize("ahead", [1, 3])
@pytest.mark.parametrize("name", GARBAGE)
async def test_what_was_sent_before_is_answered_first(web: Served, name: str, ahead: int) -> None:
    reader, writer = await web.connect()
    writer.write(LIVE * ahead + GARBAGE[name])

    assert [(await read_reply(reader)).status for _ in range(ahead + 1)] == [200] * ahead + [400]
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_what_is_no_http_behind_a_held_request_ends_the_wait(web: Served, site: Site) -> None:
    job = (await site.submit())["id"]
    reader, writer = await web.connect()
    writer.write(f"GET /jobs/{job} HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\n\r\n".encode())
    await until_true(lambda: site.bus.listeners == 1, "the request is held")
    writer.write(b"no HTTP\r\n\r\n")

    first, second = await read_reply(reader), await read_reply(reader)
    assert (first.status, second.status) == (200, 400)
    writer.close()


@pytest.mark.parametrize(
    ("framing", "more"),
    [
        (b"content-length: 10\r\n", b""),
        (TE + b"chunked\r\n", b""),
        (TE + b"chunked\r\n", b"no chunk\r\n"),
        (TE + b"chunked\r\n", b"1;" + b"a" * 100_000),
    ],
    ids=["half a body, late", "half a chunk, late", "no chunk", "too much beside the body"],
)
async def test_no_error_is_written_into_an_answer_that_has_begun(
    web: Served, site: Site, framing: bytes, more: bytes
) -> None:
    reader, writer = await web.connect()
    writer.write(b"GET /events HTTP/1.1\r\nhost: x\r\n" + framing + b"\r\n")
    await reader.readuntil(b"event: hello")
    [connection] = web.connections()
    if more:
        writer.write(more)
    else:
        connection.check_deadline(asyncio.get_running_loop().time() + protocol.BODY_SECONDS + 1)

    rest = await asyncio.wait_for(reader.read(), 20)
    assert b"HTTP/1.1" not in rest
    assert not rest.endswith(b"0\r\n\r\n"), "it broke off: it must not look whole"
    await until_true(lambda: site.bus.listeners == 0, "the stream has ended")
    writer.close()


@pytest.mark.parametrize("behind", [LIVE, b"no HTTP\r\n\r\n"], ids=["a request", "no HTTP"])
async def test_a_stream_ends_with_its_connection_also_when_something_was_sent_behind_it(
    web: Served, site: Site, behind: bytes
) -> None:
    reader, writer = await web.connect()
    writer.write(b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n" + behind)
    await reader.readuntil(b"event: hello")
    writer.transport.abort()
    made = 0
    while web.connections():
        # Nothing is read behind a request that is answered: the end shows when something is written.
        await site.submit()
        made += 1
        await asyncio.sleep(0.02)
        assert made < 500
    await until_true(lambda: site.bus.listeners == 0, "the stream has ended")


async def test_more_requests_than_may_wait_are_refused_behind_the_answers_to_the_others(web: Served) -> None:
    reader, writer = await web.connect()
    writer.write(LIVE * 400)
    statuses = [(await read_reply(reader)).status for _ in range(bounded_reading.MAX_PIPELINED + 1)]
    for _ in itertools.count():
        statuses.append((await read_reply(reader)).status)
        if statuses[-1] != 200:
            break
    assert statuses[-1] == 503
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_an_upgrade_is_passed_over_and_what_follows_is_a_request(web: Served) -> None:
    reader, writer = await web.connect()
    upgrade = b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    writer.write(upgrade + LIVE + upgrade + LIVE)
    assert [(await read_reply(reader)).status for _ in range(4)] == [200] * 4
    writer.close()


# --- the log ---------------------------------------------------------------------------------------


def test_refusals_are_written_down_and_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    log = refusals.RefusalLog(lambda: now)
    ids = {log.note(refusals.not_http(), "192.0.2.1") for _ in range(1_000)}
    assert len(ids) == 1_000
    assert len(capsys.readouterr().out.splitlines()) == refusals.LINES_A_MINUTE

    now = 61.0
    log.note(refusals.not_http(), "192.0.2.1")
    told, again = capsys.readouterr().out.splitlines()
    assert f"count={1_000 - refusals.LINES_A_MINUTE}" in told
    assert "request_refused" in again


async def test_a_refusal_of_the_transport_is_found_in_the_log_by_its_id(
    web: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = await exchange(web.port, b"no HTTP\r\n\r\n")
    said = capsys.readouterr()
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["requestId"] in said.out + said.err
