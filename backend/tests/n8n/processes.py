"""Processes that a test starts and always ends, and waiting for conditions instead of for time."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.support import command


class NotInTimeError(AssertionError):
    """A condition did not come true by its deadline."""


async def until(what: str, condition: Callable[[], Awaitable[bool]], seconds: float, pause: float = 0.25) -> float:
    """Wait until ``condition`` holds; the seconds it took."""
    began = time.monotonic()
    while not await condition():
        if time.monotonic() - began > seconds:
            raise NotInTimeError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(pause)
    return time.monotonic() - began


def free_ports(count: int) -> int:
    """The first of ``count`` neighbouring loopback ports that nobody listens on."""
    for _ in range(100):
        with contextlib.ExitStack() as held:
            first = held.enter_context(_bound(0)).getsockname()[1]
            try:
                for offset in range(1, count):
                    held.enter_context(_bound(first + offset))
            except (OSError, OverflowError):
                continue
            return int(first)
    raise RuntimeError("no free neighbouring ports")


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    try:
        sock.bind(("127.0.0.1", port))
    except BaseException:
        sock.close()
        raise
    return sock


@dataclass(slots=True)
class Process:
    """One process in a session of its own, so that its children end with it. Output goes to ``log``."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    _running: command.Process | None = None

    def start(self) -> None:
        assert self._running is None, "started already"
        with self.log.open("ab") as out:
            self._running = self._begin({**os.environ, **self.environment}, out)

    def _begin(self, environment: Mapping[str, str], out: IO[bytes]) -> command.Process:
        return subprocess.Popen(
            self.arguments,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def kill(self) -> None:
        """SIGKILL, to it and its children: what a power cut or the kernel's memory killer does."""
        self._end(signal.SIGKILL, seconds=10)

    def stop(self, seconds: float = 45) -> None:
        """SIGTERM, and SIGKILL if it is not heeded in time."""
        self._end(signal.SIGTERM, seconds)

    def _end(self, sent: signal.Signals, seconds: float) -> None:
        process, self._running = self._running, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        # It led a process group of its own: whatever it left behind goes too.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(slots=True)
class Command(Process):
    """`job-processor` with these arguments."""

    def _begin(self, environment: Mapping[str, str], out: IO[bytes]) -> command.Process:
        return command.start(self.arguments, environment, Path.cwd(), out, out)
