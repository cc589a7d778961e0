"""Rows A10, A13.7, A13.12: a real process with few files, with senders of no HTTP, with readers that do not read."""

import asyncio
import json
import signal
import socket
from pathlib import Path

import aiohttp

from job_processor.http.refusals import LINES_A_MINUTE
from tests.http.problems import assert_problem
from tests.http.test_request_head import parsed
from tests.support.process import Server, server
from tests.support.raw import exchange, read_reply
from tests.support.waiting import until, until_true

MOCK = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 3000\n'
HARD = 200
LIVE = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"
EVENTS = b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n"


def limit_of_files(process: int) -> tuple[str, str]:
    """Soft and hard, as the system tells."""
    lines = Path(f"/proc/{process}/limits").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("Max open files")]
    return line.split()[3], line.split()[4]


async def status_of(web: Server, path: str) -> int:
    async with aiohttp.ClientSession() as fresh, fresh.get(web.base + path) as reply:
        await reply.read()
        return reply.status


async def test_a10_more_clients_than_files_leave_a_server_that_answers(tmp_path: Path) -> None:
    async with server(tmp_path, MOCK, (64, HARD)) as web:
        assert limit_of_files(web.process.pid) == (str(HARD), str(HARD))
        page = await status_of(web, "/ui/")
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
        streams = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(3 * HARD)]
        for _, one in streams:
            one.write(EVENTS)
        statuses = [await _status(one) for one, _ in streams]
        assert set(statuses) <= {200, 503, None}
        assert 0 < statuses.count(200) < HARD
        assert statuses.count(503) > 0

        # Who is connected is served, and another address finds a place.
        writer.write(LIVE + b"GET /ui/ HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert [(await read_reply(reader)).status for _ in range(2)] == [200, page]
        other, other_writer = await asyncio.open_connection("127.0.0.1", web.port, local_addr=("127.0.0.2", 0))
        other_writer.write(LIVE)
        assert (await read_reply(other)).status == 200
        for _, one in [*streams, (reader, writer), (other, other_writer)]:
            one.close()

        async def served_again() -> bool:
            return await status_of(web, "/health/live") == 200

        await until(served_again)
        assert await web.submit("a")
        assert "Traceback" not in web.log.read_text()


async def _status(reader: asyncio.StreamReader) -> int | None:
    """``None``: the connection was closed without a word."""
    try:
        return (await read_reply(reader, head_only=True)).status
    except (ConnectionError, asyncio.IncompleteReadError):
        return None


async def test_senders_of_no_http_get_a_problem_and_a_bounded_log_of_json(tmp_path: Path) -> None:
    async with server(tmp_path, MOCK, LOG_FORMAT="json") as web:
        before = len(web.log.read_text().splitlines())
        for request in [
            b"no HTTP\r\n\r\n",
            b"GET / HTTP/2.0\r\n\r\n",
            LIVE.replace(b"host:", b"host: a\r\nhost:"),
        ] * 50:
            assert_problem(parsed(await exchange(web.port, request)), 400)
        for _ in range(50):
            upgrade = b"connection: upgrade, close\r\nupgrade: websocket\r\n\r\n"
            assert await exchange(web.port, LIVE.removesuffix(b"\r\n") + upgrade)
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
        lines = [json.loads(line) for line in web.log.read_text().splitlines()[before:]]

    refused = [line for line in lines if line["event"] == "request_refused"]
    [told] = [line["count"] for line in lines if line["event"] == "requests_refused"]
    assert (len(refused), len(refused) + told) == (LINES_A_MINUTE, 150)
    assert {line["code"] for line in refused} == {"malformed_request", "http_version", "header_twice"}
    assert len(lines) < LINES_A_MINUTE + 10


async def test_a13_12_a_stop_with_readers_that_do_not_read_is_clean_and_logs_no_traceback(tmp_path: Path) -> None:
    async with server(tmp_path, MOCK, LOG_FORMAT="json") as web:
        for _ in range(50):
            await web.submit("\x01" * 4_000)
        stuck = []
        for n in range(20):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            one.connect(("127.0.0.1", web.port))
            one.sendall(b"GET /jobs?limit=50 HTTP/1.1\r\nhost: localhost\r\n\r\n" * 8)
            if n % 2:
                one.sendall(EVENTS)
            stuck.append(one)
        await until_true(lambda: all(_has_come(one) for one in stuck), "the answers have begun")

        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
        for one in stuck:
            one.close()
        said = web.log.read_text()

    assert "Traceback" not in said
    assert "CancelledError" not in said
    assert all(json.loads(line) for line in said.splitlines())


def _has_come(one: socket.socket) -> bool:
    try:
        return bool(one.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False
