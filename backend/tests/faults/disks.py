"""A small disk that can be full, and servers on it."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.faults.server import Server

FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 600\ncallback_timeout_seconds = 900\n'
SMALL, LARGE = "6m", "64m"
END_SECONDS = 30.0


@asynccontextmanager
async def session_with(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.base, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


def as_root() -> list[str]:
    """How to mount: on a CI machine by sudo, elsewhere nobody's rights are used without being asked."""
    return ["sudo", "-n"] if os.geteuid() != 0 and os.environ.get("CI") == "true" else []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes, where this user may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        [*as_root(), "mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"NO SMALL DISK HERE (mount: {mounted.stderr.strip()}): a full disk was not tried.")
    yield place
    subprocess.run([*as_root(), "umount", "-l", str(place)], check=True)


async def health(session: aiohttp.ClientSession) -> tuple[int, float]:
    """What /health/ready answers, and what store_up is."""
    async with session.get("/metrics") as response:
        metrics = await response.text()
    [up] = [line for line in metrics.splitlines() if line.startswith("job_processor_store_up ")]
    return await ready(session), float(up.rpartition(" ")[2])


async def within_ten_seconds(session: aiohttp.ClientSession, wanted: tuple[int, float]) -> None:
    """The promise of the docs, so its time is part of what is tested."""
    end = time.monotonic() + 10
    while (found := await health(session)) != wanted:
        assert time.monotonic() < end, f"{found} after ten seconds"
        await asyncio.sleep(0.1)


def fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


async def ready(session: aiohttp.ClientSession) -> int:
    async with session.get("/health/ready") as response:
        return response.status


async def refusal(server: Server) -> str:
    """What a server that must not start says; it ends with 2."""
    already = len(server.log.read_text()) if server.log.exists() else 0
    assert not await server.start(), "it started"
    assert await server.ended(END_SECONDS) == 2
    await server.kill()
    return server.log.read_text()[already:]


async def with_some_jobs(directory: Path) -> Server:
    """A stopped server whose database holds a few hundred kilobytes, all in the main file."""
    server = Server(directory, FLOWS)
    assert await server.start()
    async with session_with(server) as session:
        for n in range(20):
            async with session.post("/jobs", json={"prompt": f"{n} " + "x" * 20_000}) as response:
                assert response.status == 201
    assert await server.stop() == 0
    return server
