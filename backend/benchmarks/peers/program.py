"""A peer is a program with three commands; `front.py` says what each does. The address of its database, and of the sink
that jobs are dispatched to, are in the environment.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from benchmarks.peers import servers
from benchmarks.peers.contender import Measures
from benchmarks.peers.load import submissions, trips

# Filling a queue with 100,000 jobs is the longest part.
DRAIN_SECONDS = 300
_PYTHON = Path(sys.prefix) / "peers/bin/python"
_BULLMQ = Path(__file__).parent / "bullmq"


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: list[str]
    # What the command needs beside the database, and how to get it.
    needs: Path
    database: Callable[[], contextlib.AbstractContextManager[str]]
    database_missing: Callable[[], str | None]

    def missing(self) -> str | None:
        if not self.needs.exists():
            return "its packages are not installed (make bench-peers does it)"
        return self.database_missing()

    @contextlib.contextmanager
    def running(self) -> Iterator[Measures]:
        with self.database() as url:
            yield _Measures(self.command, {**os.environ, "DATABASE_URL": url})


@dataclass(frozen=True, slots=True)
class _Measures:
    command: list[str]
    environment: dict[str, str]

    def accept(self, seconds: float) -> float:
        with self._serving() as port:
            return submissions(port, seconds)

    def drain(self, waiting: int, jobs: int) -> float:
        command = [*self.command, "drain", str(waiting), str(jobs)]
        done = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=DRAIN_SECONDS, check=True
        )
        return float(done.stdout)

    def round_trip(self, seconds: float) -> float:
        sink_port = processes.free_port()
        environment = {**self.environment, "SINK": f"http://127.0.0.1:{sink_port}/"}
        # A process for HTTP and one for the jobs, as their guides say.
        with self._serving() as port, processes.running([*self.command, "work"], environment):
            return trips(port, sink_port, seconds)

    @contextlib.contextmanager
    def _serving(self) -> Iterator[int]:
        with processes.running([*self.command, "serve"], self.environment) as process:
            assert process.stdout is not None
            yield processes.port_in(process.stdout.readline())


def all_peers() -> list[Program]:
    return [
        Program(
            "FastAPI + PgQueuer, PostgreSQL",
            [str(_PYTHON), "-m", "benchmarks.peers.with_pgqueuer"],
            _PYTHON,
            servers.postgres,
            servers.postgres_missing,
        ),
        Program(
            "FastAPI + arq, Redis",
            [str(_PYTHON), "-m", "benchmarks.peers.with_arq"],
            _PYTHON,
            servers.redis,
            servers.redis_missing,
        ),
        Program(
            "Node + BullMQ, Redis",
            [str(Path(sys.prefix) / "bin/node"), str(_BULLMQ / "main.mjs")],
            _BULLMQ / "node_modules/bullmq",
            servers.redis,
            servers.redis_missing,
        ),
    ]
