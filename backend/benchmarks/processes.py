"""Servers as the user starts them: processes of their own, ended by pid."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def server(flows: str, *, data: Path | None = None, env: dict[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """(port, pid) of `job-processor serve` on a disk of its own and these flows."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        file = Path(scratch) / "flows.toml"
        file.write_text(flows)
        directory = data or Path(scratch) / "data"
        command = [sys.executable, "-m", "job_processor.cli", "serve", "--port", "0", "--data-dir", str(directory)]
        environment = {**os.environ, "FLOWS_FILE": str(file), "LOG_LEVEL": "error", **(env or {})}
        with running(command, environment) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "first admin key" in line:
                line = process.stdout.readline()
            yield port_in(line), process.pid


@contextlib.contextmanager
def bare(sink: str | None = None) -> Iterator[tuple[int, int]]:
    """(port, pid) of a Starlette + msgspec handler that stores nothing. ``sink``: where it sends each submission."""
    environment = {**os.environ, **({} if sink is None else {"SINK": sink})}
    with running([sys.executable, "-m", "benchmarks.bare"], environment) as process:
        assert process.stdout is not None
        yield port_in(process.stdout.readline()), process.pid


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process whose standard output can be read; ended with the context. ``environment``: ours when ``None``."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def port_in(line: str) -> int:
    """The port of the address that a server prints."""
    found = re.search(r":(\d+)/", line)
    if found is None:
        raise RuntimeError(f"no address in: {line!r}")
    return int(found[1])


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def thread_cpu(pid: int) -> tuple[float, float]:
    """Microseconds of CPU that a process took until now: of its first thread, and of its other threads."""
    first = others = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end in between; its time is lost.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            nanoseconds = int((task / "schedstat").read_text().split()[0])
            if task.name == str(pid):
                first = nanoseconds
            else:
                others += nanoseconds
    return first / 1000, others / 1000


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
