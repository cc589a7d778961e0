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

START_SECONDS = 60.0
# The driver's streaming monitors leave sockets open when a client is closed while they connect, and here a
# warning is an error.
OPTIONS = "serverMonitoringMode=poll"


@dataclass
class MongoServer:
    """A server that speaks MongoDB's protocol. ``name`` says what it is, for people who read the figures."""

    uri: str
    name: str
    process: subprocess.Popen[bytes] | None = None
    directory: Path | None = None
    command: list[str] = field(default_factory=list)

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

    def stop(self) -> None:
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
    while True:
        try:
            with pymongo.MongoClient[dict[str, object]](server.uri, serverSelectionTimeoutMS=1000) as client:
                client.admin.command("ping")
                return
        except PyMongoError:
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
