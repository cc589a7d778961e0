"""PostgreSQL and Redis for the peers: on loopback, with a password, in directories of their own on the disk that the
product's data is on, each write synced before its answer; stopped with the context.
"""

import contextlib
import glob
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.processes import free_port

START_SECONDS = 30.0
# PostgreSQL does not run as root.
_POSTGRES_USER = "postgres"
# What guides to PostgreSQL recommend first: more memory than its default of 1996, and checkpoints that are rare.
# fsync and synchronous_commit are its defaults, named because the comparison depends on them.
_POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "listen_addresses": "127.0.0.1",
}
# appendfsync always: a command is answered after its sync. No snapshots and no rewriting of the log meanwhile.
_REDIS_SETTINGS = 'bind 127.0.0.1\nappendonly yes\nappendfsync always\nsave ""\nauto-aof-rewrite-percentage 0\n'


def postgres_missing() -> str | None:
    if None in (_postgres_program(name) for name in ("postgres", "initdb", "pg_isready")):
        return "PostgreSQL is not installed (Debian: postgresql)"
    here = Path.cwd()
    if os.geteuid() == 0 and not all(folder.stat().st_mode & 0o001 for folder in (here, *here.parents)):
        return f"the user {_POSTGRES_USER}, whom root runs PostgreSQL as, cannot enter {here}"
    return None


def redis_missing() -> str | None:
    return None if shutil.which("redis-server") else "Redis is not installed (Debian: redis-server)"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    port, password = free_port(), secrets.token_hex(16)
    user = _POSTGRES_USER if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        folder = Path(scratch)
        secret = folder / "password"
        secret.write_text(password)
        if user is not None:
            shutil.chown(folder, user, user)
            shutil.chown(secret, user, user)
        data = folder / "data"
        made = subprocess.run(
            [
                *_program("initdb"),
                "-D",
                str(data),
                "-U",
                "bench",
                "-A",
                "scram-sha-256",
                f"--pwfile={secret}",
                "-E",
                "UTF8",
                "--locale=C",
            ],
            user=user,
            group=user,
            cwd="/",
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        settings = {**_POSTGRES_SETTINGS, "port": str(port), "unix_socket_directories": str(folder)}
        command = [*_program("postgres"), "-D", str(data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        ready = [*_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        with _started(command, folder / "log", lambda: subprocess.run(ready).returncode == 0, user=user):
            yield f"postgresql://bench:{password}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis server."""
    port, password = free_port(), secrets.token_hex(16)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        folder = Path(scratch)
        settings = folder / "redis.conf"
        settings.touch(0o600)
        settings.write_text(f"{_REDIS_SETTINGS}port {port}\nrequirepass {password}\ndir {folder}\n")
        with _started(["redis-server", str(settings)], folder / "log", lambda: _listens(port)):
            yield f"redis://:{password}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def _started(command: list[str], log: Path, ready: Callable[[], bool], user: str | None = None) -> Iterator[None]:
    # In a session of its own, so that Ctrl+C reaches it through here alone, after its clients are gone.
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, user=user, group=user, cwd="/", start_new_session=True
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} did not start: {log.read_text()}")
            time.sleep(0.05)
        yield
    finally:
        # PostgreSQL: end the sessions and stop; Redis: stop.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _postgres_program(name: str) -> str | None:
    # Debian keeps them out of the path.
    return shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)


def _program(name: str) -> list[str]:
    found = _postgres_program(name)
    return [] if found is None else [found]
