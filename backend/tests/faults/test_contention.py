"""Others get in the way: a program that holds the database's write lock, and a process without file descriptors."""

import asyncio
import os
import resource
from pathlib import Path

import aiohttp
import apsw

from tests.faults.server import Server

FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 600\ncallback_timeout_seconds = 900\n'
CLIENTS = 20
ANSWER_SECONDS = 30.0
"""Far below what it would take if one refused client after the other waited for the lock."""


async def _submit(session: aiohttp.ClientSession, n: int) -> int:
    async with session.post("/jobs", json={"prompt": f"job {n}"}) as response:
        if response.status == 503:
            assert response.headers["retry-after"].isdigit()
        return response.status


async def test_a_held_write_lock_is_a_503_for_all_in_bounded_time_and_over_when_it_is_let_go(tmp_path: Path) -> None:
    server = Server(tmp_path, FLOWS)
    assert await server.start()
    other = apsw.Connection(str(server.database))
    # The server writes too (its heartbeat): the lock is waited for, not stolen.
    other.set_busy_timeout(5000)
    try:
        async with aiohttp.ClientSession(server.base) as session:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(ANSWER_SECONDS):
                said = await asyncio.gather(*(_submit(session, n) for n in range(CLIENTS)))
            assert said == [503] * CLIENTS
            async with session.get("/jobs") as response:
                assert (await response.json(), response.status) == ([], 200)

            other.execute("ROLLBACK")
            assert await _submit(session, 99) == 201
        assert server.alive
    finally:
        other.close()
        assert await server.stop() == 0


async def test_without_file_descriptors_nothing_is_acknowledged_falsely_and_it_goes_on_afterwards(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, FLOWS)
    assert await server.start()
    assert server.process is not None
    pid = server.process.pid
    try:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 10, hard))
        acknowledged: list[str] = []

        async def client(n: int) -> None:
            try:
                async with (
                    aiohttp.ClientSession(server.base, timeout=aiohttp.ClientTimeout(total=5)) as session,
                    session.post("/jobs", json={"prompt": f"job {n}"}) as response,
                ):
                    if response.status == 201:
                        acknowledged.append((await response.json())["id"])
                        # Keeps its connection: that is what uses them up.
                        await asyncio.Event().wait()
            except (aiohttp.ClientError, TimeoutError):
                return

        clients = [asyncio.create_task(client(n)) for n in range(40)]
        _, waiting = await asyncio.wait(clients, timeout=8)
        assert waiting, "nobody got through"
        for one in waiting:
            one.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))

        assert 0 < len(acknowledged) < 40
        async with aiohttp.ClientSession(server.base) as session:
            for job_id in acknowledged:
                async with session.get(f"/jobs/{job_id}") as response:
                    assert response.status == 200
            assert await _submit(session, 99) == 201
        assert server.alive
    finally:
        assert await server.stop() == 0
