"""How much memory a running server takes, and the processes that it started."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.server import Server
from tests.support.background import Background

EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory in MiB of the server and of what it started, in which quarter of the run."""

    quarter: int
    server: float
    children: float


def memory_mib(pid: int) -> float:
    """Resident memory of a process; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return 0.0 if found is None else int(found[1]) / 1024


def children(pid: int) -> list[int]:
    """The processes that a process started and that still live, theirs included."""
    found = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in tasks.read_text().split()]
    return [*found, *(grandchild for child in found for grandchild in children(child))]


class Watch(Background):
    def __init__(self, server: Server, quarter: Callable[[], int]) -> None:
        self._server = server
        self._quarter = quarter
        self.samples: list[Sample] = []

    async def _run(self) -> None:
        while True:
            process = self._server.process
            if process is not None and (server := memory_mib(process.pid)):
                others = sum(memory_mib(pid) for pid in children(process.pid))
                self.samples.append(Sample(self._quarter(), server, others))
            await asyncio.sleep(EVERY_SECONDS)
