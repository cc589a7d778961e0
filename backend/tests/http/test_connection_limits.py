"""Row A10: connections and streams stay below the limit of open files, and no address takes all of them."""

import asyncio
import errno
import resource
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.staticfiles import StaticFiles

from job_processor.core.proxies import Proxies, read
from job_processor.http import connection_limits
from job_processor.http.connection_limits import Limits, Slots, address_group, limits
from job_processor.http.server import SEND_BUFFER_BYTES, TCP_USER_TIMEOUT_MS
from tests.http.problems import assert_problem
from tests.http.test_request_head import parsed
from tests.support.raw import RawReply, read_reply
from tests.support.served import Served, served
from tests.support.site import open_site
from tests.support.waiting import until_true

LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
EVENTS = b"GET /events HTTP/1.1\r\nhost: x\r\n"


@given(st.integers(1, 2_000_000))
def test_a_part_of_the_open_files_is_never_given_to_clients(descriptors: int) -> None:
    made = limits(descriptors, Proxies())
    assert 1 <= made.connections <= connection_limits.MAX_CONNECTIONS
    assert descriptors < 4 or made.connections + made.spare_connections < descriptors
    assert 1 <= made.streams <= made.connections
    assert 1 <= made.streams_per_address <= made.streams
    assert made.connections_per_address <= made.connections
    if descriptors >= 8:
        # One address alone leaves room for others.
        assert made.streams_per_address < made.streams
        assert made.connections_per_address < made.connections


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=60), st.integers(1, 8), st.integers(1, 8))
def test_places_are_given_out_and_taken_back(steps: Sequence[tuple[bool, str]], total: int, each: int) -> None:
    counted, model = Slots(total, each), dict.fromkeys("abc", 0)
    for takes, who in steps:
        if takes:
            free = sum(model.values()) < total and model[who] < each
            assert counted.acquire(who) is free
            model[who] += free
        elif model[who]:
            counted.release(who)
            model[who] -= 1
        assert counted.in_use == sum(model.values())


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_whom_an_address_stands_for(address: str, whose: str) -> None:
    assert address_group(address) == whose


def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(500, hard), hard))
    try:
        assert connection_limits.raise_descriptors() == hard
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


FEW = Limits(connections=8, connections_per_address=6, spare_connections=4, streams=4, streams_per_address=2)


@pytest.fixture
async def few(tmp_path: Path) -> AsyncIterator[Served]:
    """A server of 8 connections, 6 for an address, and 4 streams, 2 for an address."""
    async with open_site(tmp_path, limits=FEW) as site, served(site) as made:
        yield made


async def open_from(address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


async def test_one_address_cannot_take_all_connections(few: Served) -> None:
    mine = [await open_from("127.0.0.2", few.port) for _ in range(6)]
    await until_true(lambda: few.server.shared.slots.in_use == 6)
    reader, writer = await open_from("127.0.0.2", few.port)
    refused = parsed(await asyncio.wait_for(reader.read(), 20))
    assert assert_problem(refused, 503)["code"] == "too_many_connections"
    assert int(refused.headers["retry-after"]) > 0
    writer.close()

    other, other_writer = await open_from("127.0.0.3", few.port)
    other_writer.write(LIVE)
    assert (await read_reply(other)).status == 200
    for reader, writer in mine:
        writer.write(LIVE)
        assert (await read_reply(reader)).status == 200
        writer.close()
    other_writer.close()
    await until_true(lambda: few.server.shared.slots.in_use == 0)


async def test_connections_beyond_those_that_are_told_are_closed_without_a_word(few: Served) -> None:
    opened = [await open_from(f"127.0.0.{n}", few.port) for n in range(2, 30)]
    answers = [await asyncio.wait_for(reader.read(), 20) for reader, _ in opened[8:]]
    assert {answer[:12] for answer in answers} <= {b"HTTP/1.1 503", b""}
    assert b"" in answers
    assert len(few.connections()) <= FEW.connections + FEW.spare_connections
    for _, writer in opened:
        writer.close()


async def event_stream(address: str, port: int, *more: bytes) -> tuple[RawReply, asyncio.StreamWriter]:
    reader, writer = await open_from(address, port)
    writer.write(EVENTS + b"".join(more) + b"\r\n")
    return await read_reply(reader), writer


async def test_one_address_cannot_take_all_streams(few: Served) -> None:
    held = [await event_stream("127.0.0.2", few.port) for _ in range(2)]
    assert [reply.status for reply, _ in held] == [200, 200]
    refused, refused_writer = await event_stream("127.0.0.2", few.port)
    assert (refused.status, b"too_many_streams" in refused.body) == (503, True)
    other, other_writer = await event_stream("127.0.0.3", few.port)
    assert other.status == 200

    held[0][1].close()
    refused_writer.close()
    await until_true(lambda: len(few.connections()) == 2)
    again, again_writer = await event_stream("127.0.0.2", few.port)
    assert again.status == 200
    for writer in (held[1][1], other_writer, again_writer):
        writer.close()


async def test_behind_a_proxy_each_of_its_people_has_streams_of_his_own(tmp_path: Path) -> None:
    proxied = replace(FEW, proxies=Proxies(read("127.0.0.1")[0]))
    async with open_site(tmp_path, limits=proxied) as site, served(site) as web:
        statuses = []
        writers = []
        for who in ("198.51.100.1", "198.51.100.1", "198.51.100.1", "203.0.113.1"):
            reply, writer = await event_stream("127.0.0.1", web.port, f"x-forwarded-for: {who}\r\n".encode())
            statuses.append(reply.status)
            writers.append(writer)
        assert statuses == [200, 200, 503, 200]
        # Somebody else's word does not count: three times the same address.
        for n, status in enumerate((200, 503)):
            reply, writer = await event_stream("127.0.0.2", web.port, f"x-forwarded-for: 192.0.2.{n}\r\n".encode())
            assert reply.status == status
            writers.append(writer)
        for writer in writers:
            writer.close()


async def test_a_trusted_proxy_may_have_all_connections_and_nobody_else(tmp_path: Path) -> None:
    proxied = replace(FEW, proxies=Proxies(read("127.0.0.1")[0]))
    async with open_site(tmp_path, limits=proxied) as site, served(site) as web:
        opened = [await open_from("127.0.0.1", web.port) for _ in range(FEW.connections)]
        await until_true(lambda: web.server.shared.slots.in_use == FEW.connections)
        reader, writer = await open_from("127.0.0.2", web.port)
        assert (await read_reply(reader)).status == 503
        for one in (writer, *(writer for _, writer in opened)):
            one.close()


async def test_what_the_kernel_keeps_for_a_reader_is_bounded_in_bytes_and_in_time(few: Served) -> None:
    reader, writer = await few.connect()
    writer.write(LIVE)
    await read_reply(reader)
    [connection] = few.connections()
    taken = connection.transport.get_extra_info("socket")
    # Linux takes twice what it is told.
    assert taken.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
    assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == TCP_USER_TIMEOUT_MS
    writer.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_no_more_files_is_a_503_and_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    page = tmp_path / "ui"
    page.mkdir()
    (page / "index.html").write_text("page")

    def none_left(*_: object, **__: object) -> None:
        raise OSError(number, "Too many open files")

    async with open_site(tmp_path / "data", page=page) as site:
        monkeypatch.setattr(StaticFiles, "lookup_path", none_left)
        monkeypatch.setattr(Path, "read_text", none_left)
        for path in ("/ui/", "/ui/favicon.svg"):
            reply = await site.client.get(path)
            assert assert_problem(reply, 503)["code"] == "too_many_files"
            assert reply.headers["retry-after"]
