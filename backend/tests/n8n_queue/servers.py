"""PostgreSQL and Redis as processes of a test's own: free ports, folders of their own, gone with the test."""

import asyncio
import glob
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.n8n.processes import Process, free_ports, until

_POSTGRES_USER = "postgres"


def _program(name: str) -> str | None:
    return shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)


def are_installed() -> bool:
    return None not in (_program("postgres"), _program("initdb"), shutil.which("redis-server"))


def _as_postgres(*command: str) -> list[str]:
    """PostgreSQL will not run as root."""
    return ["runuser", "-u", _POSTGRES_USER, "--", *command] if os.geteuid() == 0 else list(command)


@dataclass(slots=True)
class Postgres:
    """In a folder that its own user may reach: those of pytest are for their owner alone."""

    port: int = field(default_factory=lambda: free_ports(1))
    folder: Path = field(init=False)
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jp-postgres-"))
        data = self.folder / "data"
        postgres = _program("postgres")
        assert postgres is not None
        sockets = f"unix_socket_directories={self.folder}"
        command = [postgres, "-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), "-c", sockets]
        self.process = Process(_as_postgres(*command), {}, self.folder / "postgres.log")

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, _POSTGRES_USER)
        initdb = _program("initdb")
        assert initdb is not None
        command = _as_postgres(
            initdb, "-D", str(self.folder / "data"), "-U", "n8n", "-A", "trust", "-E", "UTF8", "--locale=C"
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr

    async def start(self) -> None:
        self.process.start()
        await until("PostgreSQL listens", self._listens, seconds=60)

    async def _listens(self) -> bool:
        assert self.process.alive, self.process.tail()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def remove(self) -> None:
        self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DB_TYPE": "postgresdb",
            "DB_POSTGRESDB_HOST": "127.0.0.1",
            "DB_POSTGRESDB_PORT": str(self.port),
            "DB_POSTGRESDB_DATABASE": "postgres",
            "DB_POSTGRESDB_USER": "n8n",
            "DB_POSTGRESDB_PASSWORD": "any",
        }


@dataclass(slots=True)
class Redis:
    """With its append-only file, as a queue needs it: what was acknowledged is there after a kill, but for a second."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1))
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command = ["redis-server", *where, "--appendonly", "yes", "--daemonize", "no"]
        self.process = Process(command, {}, self.folder.with_suffix(".log"))

    async def start(self) -> None:
        self.process.start()
        await until("Redis answers", self._answers, seconds=60, pause=0.05)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"PING\r\n")
            said = await reader.readline()
            writer.close()
        except OSError:
            return False
        return said == b"+PONG\r\n"

    @property
    def environment(self) -> dict[str, str]:
        return {"QUEUE_BULL_REDIS_HOST": "127.0.0.1", "QUEUE_BULL_REDIS_PORT": str(self.port)}
