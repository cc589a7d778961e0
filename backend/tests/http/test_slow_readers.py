"""Clients that do not read their answers: cut, and within a bound of memory together."""

import asyncio
import socket
from typing import cast

from job_processor.http import sending
from job_processor.http.budget import Budget
from tests.http.connections import web
from tests.support.raw import read_reply
from tests.support.served import Served
from tests.support.site import Site
from tests.support.waiting import until_true

__all__ = ["web"]


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
