"""Where MongoDB tests get their server from: one for the whole run, started when first asked for.

In this order: ``MONGODB_TEST_URI``; a ``mongod`` on PATH, started as a single-node replica set; the
stand-in ``secantusd-rs`` (requirements/mongo-test.txt). With none of them the tests skip and say so, and
with ``CI=true`` they fail.
"""

import atexit
import functools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pymongo
import pytest
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

START_SECONDS = 60.0
# The driver's streaming monitors leave sockets open when a client is closed while they connect, and here a
# warning is an error.
OPTIONS = "serverMonitoringMode=poll"
RESTARTED_AFTER = 100
"""Databases taken back after which the stand-in is started again. It remembers 10,000 retryable writes, and looks
through all of them at each further one: the write takes four times as long."""


@dataclass
class MongoServer:
    """A server that speaks MongoDB's protocol. ``name`` says what it is, for people who read the figures."""

    uri: str
    name: str
    process: subprocess.Popen[bytes] | None = None
    directory: Path | None = None
    command: list[str] = field(default_factory=list)
    _lent: int = 0
    _empty: list[str] = field(default_factory=list)
    _taken_back: int = 0
    _client: pymongo.MongoClient[dict[str, object]] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the node that takes writes."""
        with pymongo.MongoClient[dict[str, object]](self.uri) as client:
            client.admin.command("ping")
            address = client.address
        assert address is not None
        return address

    def database(self) -> str:
        """A name for a database that no other test uses."""
        return f"t_{secrets.token_hex(6)}"

    def drop(self, database: str) -> None:
        with pymongo.MongoClient[dict[str, object]](self.uri) as client:
            client.drop_database(database)

    def lend(self) -> str:
        """The name of a database without documents, for one user until ``take_back``. It may have collections and
        indexes from users before."""
        if self._taken_back >= RESTARTED_AFTER and not self._lent and self.name.startswith("stand-in"):
            self._restart()
        self._lent += 1
        return self._empty.pop() if self._empty else self.database()

    def take_back(self, database: str) -> None:
        """Empty a database that was lent, for the next user: to drop it, and make all collections and indexes again,
        costs several times as much."""
        if self._client is None:
            self._client = pymongo.MongoClient(self.uri)
        collections = self._client[database]
        for name in collections.list_collection_names():
            # That the store's commands were tried on this server stays known.
            collections[name].delete_many({"_id": {"$ne": "format"}} if name == "meta" else {})
        self._empty.append(database)
        self._lent -= 1
        self._taken_back += 1

    def kill(self) -> None:
        """The database process dies as by a power switch; only a server that we started can be killed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def start_again(self) -> None:
        """The same data, the same port."""
        assert self.process is not None
        self.process = _spawn(self.command, self.directory)
        _wait_until_writable(self)

    def _restart(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=20)
        self.start_again()
        self._taken_back = 0

    def stop(self) -> None:
        if self._client is not None:
            for database in self._empty if self.process is None else ():
                self._client.drop_database(database)
            self._client.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)


def start() -> MongoServer | None:
    """A server of one's own (``kill`` works), or the one of ``MONGODB_TEST_URI``; ``None``: there is none."""
    uri = os.environ.get("MONGODB_TEST_URI")
    if uri:
        joint = "&" if "?" in uri else "?" if uri.count("/") > 2 else "/?"
        return _named(MongoServer(f"{uri}{joint}{OPTIONS}", "MongoDB at MONGODB_TEST_URI"))
    return start_own()


def start_own() -> MongoServer | None:
    """A server process that this run may kill and start again."""
    mongod = shutil.which("mongod")
    if mongod is not None:
        return _start_mongod(mongod)
    stand_in = Path(sys.executable).parent / "secantusd-rs"
    if stand_in.exists():
        return _start_stand_in(str(stand_in))
    return None


@functools.cache
def shared() -> MongoServer | None:
    """The server that all tests of this run share, each with a database of its own."""
    server = start()
    if server is not None:
        atexit.register(server.stop)
    return server


def require() -> MongoServer:
    """The shared server; where there is none the test skips, and with ``CI=true`` it fails."""
    server = shared()
    if server is None:
        absent()
    return server


def absent() -> NoReturn:
    why = (
        "NO SERVER SPEAKS MONGODB HERE: set MONGODB_TEST_URI, put mongod on PATH, "
        "or install requirements/mongo-test.txt. Nothing was proven about MongoDB."
    )
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def describe() -> str:
    """One line for the head of a test run."""
    server = shared()
    return "MongoDB tests: " + ("SKIPPED, no server at hand" if server is None else server.name)


def _start_mongod(binary: str) -> MongoServer:
    directory = Path(tempfile.mkdtemp(prefix="jp-mongod-"))
    port = free_port()
    command = [
        binary,
        *("--dbpath", str(directory)),
        *("--port", str(port)),
        *("--bind_ip", "127.0.0.1"),
        *("--replSet", "rs0"),
        *("--oplogSize", "128"),
        "--quiet",
    ]
    server = MongoServer(f"mongodb://127.0.0.1:{port}/?replicaSet=rs0&{OPTIONS}", "mongod", None, directory, command)
    server.process = _spawn(command, directory)
    with pymongo.MongoClient[dict[str, object]](f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
    _wait_until_writable(server)
    return _named(server)


def _start_stand_in(binary: str) -> MongoServer:
    directory = Path(tempfile.mkdtemp(prefix="jp-mongo-stand-in-"))
    port = free_port()
    command = [
        binary,
        *("--port", str(port)),
        *("--storage-path", str(directory / "data")),
        *("--cache-size", "256M"),
        *("--log-file-max", "64MB"),
        # Without it the stand-in loses acknowledged writes when it is killed.
        "--sync-on-commit",
    ]
    server = MongoServer(f"mongodb://127.0.0.1:{port}/?{OPTIONS}", "stand-in", None, directory, command)
    server.process = _spawn(command, directory)
    _wait_until_writable(server)
    return _named(server)


def _spawn(command: list[str], directory: Path | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _wait_until_writable(server: MongoServer) -> None:
    until = time.monotonic() + START_SECONDS
    (address,) = parse_uri(server.uri)["nodelist"]
    while True:
        try:
            # The driver would wait half a second before it tries again.
            socket.create_connection(address, timeout=1).close()
            with pymongo.MongoClient[dict[str, object]](server.uri, serverSelectionTimeoutMS=1000) as client:
                client.admin.command("ping")
                return
        except (OSError, PyMongoError):
            time.sleep(0.02)
            if time.monotonic() > until or (server.process is not None and server.process.poll() is not None):
                raise


def _named(server: MongoServer) -> MongoServer:
    with pymongo.MongoClient[dict[str, object]](server.uri) as client:
        build = client.admin.command("buildInfo")
    version = build.get("version")
    if "secantusVersion" in build:
        server.name = f"stand-in secantusd-rs {build['secantusVersion']} (says {version}; NOT MongoDB)"
    else:
        server.name = f"{server.name}, version {version}"
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
