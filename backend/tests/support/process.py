"""The real command as a process of its own, on a free port of loopback."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from tests.support import command

START_SECONDS = 60.0
_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(slots=True)
class Server:
    process: command.Process
    base: str
    log: Path
    http: aiohttp.ClientSession

    @property
    def port(self) -> int:
        return int(urlsplit(self.base).port or 0)

    def kill(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, seconds: float = 15.0) -> int:
        """The exit code; it must come in time."""
        return await asyncio.to_thread(self.process.wait, seconds)

    async def submit(self, prompt: str) -> str:
        async with self.http.post("/jobs", json={"prompt": prompt}) as reply:
            assert reply.status == 201
            return str((await reply.json())["id"])


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """What a process needs of ours, and what the test gives it; both find the same source."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    paths = [source["PYTHONPATH"] for source in (environment, os.environ) if source.get("PYTHONPATH")]
    return {**kept, **environment, **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})}


async def run(*arguments: str, environment: Mapping[str, str], cwd: Path) -> tuple[int, str]:
    """A command that ends by itself: its exit code and all it said."""
    says, output = command.pipe()
    with output:
        process = command.start(arguments, clean(environment), cwd, output, output)
    with says:
        try:
            said = await asyncio.wait_for(asyncio.to_thread(says.read), START_SECONDS)
            return await asyncio.to_thread(process.wait, START_SECONDS), said
        finally:
            process.kill()


def _prepared(directory: Path, flows: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    if flows:
        (directory / "flows.toml").write_text(flows)
    return directory / "server.log"


@contextlib.asynccontextmanager
async def server(
    directory: Path, flows: str = "", files: tuple[int, int] | None = None, /, **environment: str
) -> AsyncIterator[Server]:
    """``flows``: its flows.toml. ``files``: the soft and the hard limit of open files.

    Whatever the test leaves running is killed at the end.
    """
    log = _prepared(directory, flows)
    limit = () if files is None else (sys.executable, "-c", _LIMITED, str(files[0]), str(files[1]))
    says, output = command.pipe()
    arguments = ("serve", "--port", "0", "--data-dir", str(directory / "data"))
    with log.open("wb") as errors, output:
        process = command.start(arguments, clean(environment), directory, output, errors, limit)
    with says:
        try:
            line = await asyncio.wait_for(asyncio.to_thread(says.readline), START_SECONDS)
            assert line, log.read_text()
            base = "http://" + urlsplit(line.rpartition(" ")[2].strip()).netloc
            async with aiohttp.ClientSession(base, timeout=aiohttp.ClientTimeout(total=30)) as http:
                yield Server(process, base, log, http)
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)
