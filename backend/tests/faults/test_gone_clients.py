"""Clients that send many requests behind each other and leave in the middle of the answers."""

import asyncio
import contextlib
import random
import socket
import struct
from pathlib import Path

import aiohttp
import pytest

from tests.faults.server import Server

REQUESTS = b"GET /jobs?limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20
RESET = struct.pack("ii", 1, 0)


async def _leaves(base: str, after: float) -> None:
    """Ask twenty times at once, read a little, and break the connection off."""
    host, _, port = base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sock = writer.get_extra_info("socket")
    assert isinstance(sock.family, socket.AddressFamily)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.write(REQUESTS)
    with contextlib.suppress(ConnectionError):
        await reader.read(1)
        await asyncio.sleep(after)  # Not synchronisation: each leaves at another moment of its answers.
    writer.close()


@pytest.mark.timeout(120)
async def test_who_leaves_between_answers_is_no_fault_of_the_server(tmp_path: Path) -> None:
    rng = random.Random(5)
    server = Server(tmp_path, "")
    assert await server.start()
    try:
        async with aiohttp.ClientSession(server.base) as session:
            for n in range(40):
                job = {"prompt": f"{n} " + "x" * 4000, "delaySeconds": 3600}
                async with session.post("/jobs", json=job) as response:
                    assert response.status == 201
            for _ in range(10):
                await asyncio.gather(*(_leaves(server.base, rng.uniform(0, 0.02)) for _ in range(5)))
            async with session.get("/health") as response:
                assert response.status == 200
        assert await server.stop() == 0
    finally:
        if server.process is not None:
            await server.kill()

    assert server.log.read_text() == ""
