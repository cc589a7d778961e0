"""Requests, connections and event streams are freed when they end, not by the garbage collector: a server process
collects rarely (``memory.collect_less``), so what waits for it would keep its memory for minutes."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.raw import read_reply
from tests.support.served import Served, served
from tests.support.site import Site
from tests.support.waiting import until_true

HOST = b"Host: 127.0.0.1\r\n"
JSON = b"Content-Type: application/json\r\n"
SUBMIT = b"POST /jobs HTTP/1.1\r\n" + HOST + JSON + b'Content-Length: 14\r\n\r\n{"prompt":"x"}'
INVALID = b"POST /jobs HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 2\r\n\r\n{}"
LIST = b"GET /jobs HTTP/1.1\r\n" + HOST + b"\r\n"
MISSING = b"GET /jobs/01a2 HTTP/1.1\r\n" + HOST + b"\r\n"
EXPORT = b"GET /jobs/export HTTP/1.1\r\n" + HOST + b"\r\n"
EVENTS = b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n"
REFUSED = b"GET / HTTP/2.0\r\n\r\n"
TOO_LARGE = b"POST /jobs HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 999999999\r\n\r\n{"
TIMES = 10
OURS = ("job_processor.", "uvicorn.", "starlette.")


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """The objects of server code that only the garbage collector frees, by type; filled at the end of the block."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        names = (f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage)
        found.update(name for name in names if name.startswith(OURS))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def ask(web: Served, request: bytes) -> None:
    """A connection with three requests, one after the other, which the client closes."""
    reader, writer = await web.connect()
    for _ in range(3):
        writer.write(request)
        await read_reply(reader)
    writer.close()


async def pipeline(web: Served, request: bytes) -> None:
    reader, writer = await web.connect()
    writer.write(3 * request)
    for _ in range(3):
        await read_reply(reader)
    writer.close()


async def ask_once(web: Served, request: bytes) -> None:
    reader, writer = await web.connect()
    writer.write(request)
    await read_reply(reader)
    writer.close()


async def hang_up(web: Served, request: bytes) -> None:
    """The client disconnects before the response."""
    _, writer = await web.connect()
    writer.write(request)
    await asyncio.sleep(0)
    writer.transport.abort()


async def follow(web: Served, request: bytes) -> None:
    """The client disconnects in the middle of the response."""
    reader, writer = await web.connect()
    writer.write(request)
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def follow_to_the_end(web: Served, request: bytes) -> None:
    reader, writer = await web.connect()
    writer.write(request)
    await reader.readuntil(b"0\r\n\r\n")
    writer.close()


CASES: list[tuple[Callable[[Served, bytes], Awaitable[None]], bytes]] = [
    (ask, SUBMIT),
    (ask, INVALID),
    (ask, LIST),
    (ask, MISSING),
    (pipeline, SUBMIT),
    (pipeline, LIST),
    (ask_once, REFUSED),
    (ask_once, TOO_LARGE),
    (hang_up, SUBMIT),
    (hang_up, LIST),
    (hang_up, EVENTS),
    (follow, EVENTS),
    (follow, EXPORT),
    (follow_to_the_end, EXPORT),
]


@pytest.mark.parametrize(("case", "request_bytes"), CASES)
async def test_nothing_waits_for_the_garbage_collector(
    site: Site, case: Callable[[Served, bytes], Awaitable[None]], request_bytes: bytes
) -> None:
    async with served(site) as web:
        await case(web, request_bytes)
        await until_closed(web)
        with garbage() as left:
            for _ in range(TIMES):
                await case(web, request_bytes)
            await until_closed(web)
    # A few objects may be made once.
    assert {name: count for name, count in left.items() if count >= TIMES} == {}


async def until_closed(web: Served) -> None:
    state = web.server.server_state
    await until_true(lambda: not state.connections and not state.tasks)
