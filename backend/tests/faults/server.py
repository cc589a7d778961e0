"""The real server as a process of its own, which a test may kill, freeze and start again on the same data."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.support import command

SECRET = "dev-secret-key"
START_SECONDS = 30.0


@dataclass(slots=True)
class Server:
    """One data directory and whoever serves it. Standard error goes to ``server.log`` beside the data.

    ``flows``: the content of its flows.toml; empty: there is none. ``port``: 0 for a free one at each start.
    """

    directory: Path
    flows: str
    environment: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None
    port: int = 0
    process: command.Process | None = None
    base: str = ""
    _says: IO[str] | None = None

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    @property
    def database(self) -> Path:
        return self.data_directory / "jobs.db"

    @property
    def data_directory(self) -> Path:
        return self.data or self.directory / "data"

    async def start(self, failpoints: str = "", before: Sequence[str] = ()) -> bool:
        """True when it listens, False when it has ended first. ``before``: a command that starts it (strace)."""
        assert self.process is None, "started already"
        if self.flows:
            (self.directory / "flows.toml").write_text(self.flows, encoding="utf-8")
        says = self._spawn(failpoints, before)
        async with asyncio.timeout(START_SECONDS):
            line = await asyncio.to_thread(says.readline)
        if not line:
            # Its end of the pipe closes some time before there is an exit code.
            assert await self.ended(START_SECONDS) is not None, "it closed its output and lives"
            return False
        self.base = "http://" + urlsplit(line.rpartition(" ")[2]).netloc
        return True

    def _spawn(self, failpoints: str, before: Sequence[str]) -> IO[str]:
        arguments = ["serve", "--port", str(self.port), "--data-dir", str(self.data_directory)]
        environment = {**_without_settings(), "LOG_LEVEL": "warning", **self.environment, "FAILPOINTS": failpoints}
        self._says, stdout = command.pipe()
        with self.log.open("ab") as log, stdout:
            self.process = command.start(arguments, environment, self.directory, stdout, log, before)
        return self._says

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """A signal to the server, and to what it was started by."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    async def ended(self, seconds: float) -> int | None:
        """The exit code when it ends by itself within this time (negative: the signal), else ``None``."""
        assert self.process is not None
        try:
            return await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            return None

    async def kill(self) -> int:
        """SIGKILL if it still lives; the exit code either way."""
        self.send(signal.SIGKILL)
        code = await self.ended(30)
        assert code is not None
        self._forget()
        return code

    async def stop(self, seconds: float = 20) -> int:
        """SIGTERM; the exit code. One that does not end in time is killed and told as -9."""
        self.send(signal.SIGTERM)
        code = await self.ended(seconds)
        return await self.kill() if code is None else self._forgotten(code)

    def _forgotten(self, code: int) -> int:
        self._forget()
        return code

    def _forget(self) -> None:
        assert self._says is not None
        self._says.close()
        self._says = self.process = None


def _without_settings() -> dict[str, str]:
    """Our own environment without anything that would change the server under test."""
    from job_processor.settings import TABLE

    ours = {s.name for s in TABLE} | {f"{s.name}_FILE" for s in TABLE}
    return {name: value for name, value in os.environ.items() if name not in ours}
