"""The processes of a deployment: two `api`, three `worker`, one database, and what is between them."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import aiohttp
import pymongo

from job_processor.settings import TABLE
from tests import mongo_server
from tests.faults.load import FLOWS
from tests.faults.mongo_proxy import MongoProxy
from tests.faults.server import SECRET
from tests.mongo_server import MongoServer, free_port
from tests.support import command

START_SECONDS = 180.0


class Process:
    """One `job-processor` process that may be killed, stopped and started again."""

    def __init__(self, arguments: list[str], environment: dict[str, str], directory: Path, name: str) -> None:
        self._arguments = arguments
        self._environment = environment
        self._directory = directory
        self.name = name
        self._process: command.Process | None = None
        self._said_before = 0

    @property
    def _log(self) -> Path:
        return self._directory / f"{self.name}.log"

    def start(self) -> None:
        self._said_before = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = command.start(self._arguments, self._environment, self._directory, log, log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self._process is not None
        await asyncio.to_thread(self._process.wait)

    async def at_work(self) -> None:
        """Wait until it says that it has started, or has ended: before that a SIGTERM finds nobody who handles it."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                if not self.alive or b"Job Processor " in self._log.read_bytes()[self._said_before :]:
                    return
                await asyncio.sleep(0.05)

    async def start_as_a_service(self) -> None:
        """Start it until it stays: a start to which the database refuses its rights ends with words, and what looks
        after services (systemd, Docker, Kubernetes) starts it again."""
        async with asyncio.timeout(START_SECONDS):
            self.start()
            await self.at_work()
            while not self.alive:
                assert b"The database refuses" in self._log.read_bytes()[self._said_before :]
                self.start()
                await self.at_work()

    async def end(self) -> int:
        """SIGTERM; the exit code. One that does not end in 20 seconds is killed."""
        assert self._process is not None
        await self.at_work()
        self._process.terminate()
        try:
            return await asyncio.to_thread(self._process.wait, 20)
        except subprocess.TimeoutExpired:
            await self.kill()
            return -signal.SIGKILL


class OneNode:
    """A database process behind the proxy; killed and started again on the same data."""

    def __init__(self, server: MongoServer) -> None:
        self._server = server
        self.name = server.name
        self.proxy: MongoProxy | None = None

    async def start(self, database: str) -> str:
        self.proxy = MongoProxy(self._server.address)
        await self.proxy.start()
        # A real node that steps down says so at once on the connection that watches it. The proxy's errors are told
        # on the one that asked alone, so the driver must look for itself instead of waiting to be told.
        return f"{self.proxy.uri.replace('/?', f'/{database}?')}"

    async def kill_primary(self) -> None:
        await asyncio.to_thread(self._server.kill)
        await asyncio.to_thread(self._server.start_again)

    async def stop(self) -> None:
        if self.proxy is not None:
            await self.proxy.stop()
        self._server.stop()


class ThreeNodes:
    """A replica set of three real `mongod` on loopback, without a proxy: the drivers must see every node."""

    proxy: MongoProxy | None = None

    def __init__(self, binary: str) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="jp-replica-set-"))
        self._ports = [free_port() for _ in range(3)]
        self._nodes: dict[int, subprocess.Popen[bytes]] = {}
        self._binary = binary
        self.name = "three mongod"

    @property
    def _uri(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        return f"mongodb://{hosts}/?replicaSet=rs0"

    def _spawn(self, port: int) -> None:
        data = self._root / str(port)
        data.mkdir(exist_ok=True)
        options = ["--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--replSet", "rs0", "--quiet"]
        self._nodes[port] = subprocess.Popen(
            [self._binary, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def start(self, database: str) -> str:
        def up() -> str:
            for port in self._ports:
                self._spawn(port)
            first = f"mongodb://127.0.0.1:{self._ports[0]}/?directConnection=true&serverSelectionTimeoutMS=60000"
            members = [{"_id": n, "host": f"127.0.0.1:{port}"} for n, port in enumerate(self._ports)]
            with pymongo.MongoClient[dict[str, object]](first) as client:
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            with pymongo.MongoClient[dict[str, object]](self._uri, serverSelectionTimeoutMS=60_000) as client:
                client.admin.command("ping")
                return str(client.admin.command("buildInfo")["version"])

        self.name = f"three mongod, version {await asyncio.to_thread(up)}"
        return self._uri.replace("/?", f"/{database}?")

    async def kill_primary(self) -> None:
        def killed() -> None:
            with pymongo.MongoClient[dict[str, object]](self._uri, serverSelectionTimeoutMS=60_000) as client:
                client.admin.command("ping")
                assert client.primary is not None
                port = client.primary[1]
            self._nodes[port].kill()
            self._nodes[port].wait()
            # Started again at once it would be back before the others miss it, and nothing would be elected.
            with pymongo.MongoClient[dict[str, object]](self._uri, serverSelectionTimeoutMS=60_000) as client:
                client.admin.command("ping")
                assert client.primary is not None
                assert client.primary[1] != port
            self._spawn(port)

        await asyncio.to_thread(killed)

    async def stop(self) -> None:
        for node in self._nodes.values():
            with contextlib.suppress(ProcessLookupError):
                node.terminate()
        for node in self._nodes.values():
            await asyncio.to_thread(node.wait)
        shutil.rmtree(self._root, ignore_errors=True)


def database_at_hand() -> OneNode | ThreeNodes:
    """Three nodes where there is a `mongod`, one process of the stand-in elsewhere; the test skips without either."""
    mongod = shutil.which("mongod")
    if mongod is not None:
        return ThreeNodes(mongod)
    server = mongo_server.start_own()
    if server is None:
        mongo_server.absent()
    return OneNode(server)


class Cluster:
    """Everything at work. ``bases``: the addresses of the APIs."""

    def __init__(self, database: OneNode | ThreeNodes, directory: Path) -> None:
        self.database = database
        self._directory = directory
        self.apis: list[Process] = []
        self.workers: list[Process] = []
        self.bases: list[str] = []

    async def start(self) -> None:
        uri = await self.database.start("failover")
        ports = [free_port(), free_port()]
        self.bases = [f"http://127.0.0.1:{port}" for port in ports]
        (self._directory / "flows.toml").write_text(FLOWS, encoding="utf-8")
        ours = {s.name for s in TABLE}
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "MONGODB_URI": uri,
            "WEBHOOK_SECRET": SECRET,
            "PUBLIC_URL": self.bases[0],
            "LOG_LEVEL": "warning",
        }
        for n, port in enumerate(ports):
            self.apis.append(Process(["api", "--port", str(port)], environment, self._directory, f"api{n}"))
        for n in range(3):
            named = {**environment, "WORKER_NAME": f"worker{n}"}
            self.workers.append(Process(["worker"], named, self._directory, f"worker{n}"))
        for process in (*self.apis, *self.workers):
            process.start()
        for base in self.bases:
            await self.ready(base)

    async def ready(self, base: str) -> None:
        """Wait until this API takes jobs."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession(base) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get("/health/ready") as response:
                        if response.status == 200:
                            return
                assert all(api.alive for api in self.apis), self.logs()
                await asyncio.sleep(0.05)

    async def stop(self) -> list[int]:
        """The exit codes of all processes."""
        if self.database.proxy is not None:
            self.database.proxy.clear()
        codes = await asyncio.gather(*(p.end() for p in (*self.workers, *self.apis) if p.alive))
        await self.database.stop()
        return list(codes)

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in self._directory.glob("*.log")
        )

    def healthy(self) -> bool:
        """Did all processes live through it that were not killed on purpose?"""
        return all(process.alive for process in (*self.apis, *self.workers))
