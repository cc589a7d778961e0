"""n8n in queue mode, as in production: main, a webhook process, two workers, PostgreSQL and Redis, all supervised."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.n8n.processes import Process, free_ports, until
from tests.n8n.real_n8n import SCRIPT, RealN8n

from .servers import Postgres, Redis

WORKERS = ("worker-1", "worker-2")
PORTS_A_PROCESS = 3


@dataclass(slots=True)
class QueueN8n:
    """``environment`` has N8N_TOKEN, WEBHOOK_SECRET and PUBLIC_URL. Each process has a folder of its own, as in a
    container; one that ends is started again after a second, as by a supervisor."""

    folder: Path
    environment: Mapping[str, str]
    postgres: Postgres = field(init=False)
    redis: Redis = field(init=False)
    main: RealN8n = field(init=False)
    processes: dict[str, Process] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    """By name: how often a process ended, but for those that a test killed."""
    _webhook_port: int = 0
    _supervisor: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.postgres, self.redis = Postgres(), Redis(self.folder / "redis")
        names = ("main", "webhook", *WORKERS)
        first = free_ports(PORTS_A_PROCESS * len(names))
        ports = {name: first + PORTS_A_PROCESS * n for n, name in enumerate(names)}
        shared = {
            **self.environment,
            **self.postgres.environment,
            **self.redis.environment,
            "EXECUTIONS_MODE": "queue",
            "N8N_DISABLE_PRODUCTION_MAIN_PROCESS": "true",
            "N8N_WEBHOOK_URL": f"http://127.0.0.1:{ports['webhook']}/",
            "QUEUE_HEALTH_CHECK_ACTIVE": "true",
        }
        self._webhook_port = ports["webhook"]
        self.main = RealN8n(self.folder / "main", ports["main"], shared)
        self.processes["main"] = self.main.process
        for name, port in ports.items():
            if name == "main":
                continue
            home = self.folder / name
            home.mkdir(parents=True, exist_ok=True)
            own = {
                "N8N_USER_FOLDER": str(home),
                "N8N_PORT": str(port),
                "QUEUE_HEALTH_CHECK_PORT": str(port + 2),
            }
            command = ["webhook"] if name == "webhook" else ["worker", "--concurrency=10"]
            self.processes[name] = Process([str(SCRIPT), "cli", *command], {**shared, **own}, home / "n8n.log")

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self._webhook_port}/webhook/job-processor"

    async def start(self) -> None:
        await asyncio.to_thread(self.postgres.make)
        await self.postgres.start()
        await self.redis.start()
        await asyncio.to_thread(self.main.setup)
        for process in self.processes.values():
            process.start()
        await until("n8n's main process answers", self._main_is_up, seconds=240)
        await self.main.make_api_key()
        await until("the webhook process refuses a wrong token", self.takes_jobs, seconds=240)
        self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        for process in (*self.processes.values(), self.redis.process):
            await asyncio.to_thread(process.kill)
        await asyncio.to_thread(self.postgres.remove)

    async def kill(self, name: str) -> None:
        """SIGKILL; its supervisor starts it again."""
        self.ended[name] -= 1
        await asyncio.to_thread(self.processes[name].kill)

    async def takes_jobs(self) -> bool:
        return await _status(self.webhook_url, {"x-n8n-token": "are you there?"}) == 403

    async def _main_is_up(self) -> bool:
        process = self.processes["main"]
        assert process.alive, process.tail()
        return await _status(f"{self.main.url}/healthz/readiness") == 200

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(1)
            for name, process in self.processes.items():
                if process.alive:
                    continue
                self.ended[name] += 1
                # Its children may be there still.
                await asyncio.to_thread(process.kill)
                process.start()


async def _status(url: str, headers: Mapping[str, str] | None = None) -> int | None:
    async with ClientSession(timeout=ClientTimeout(total=10), trust_env=False) as client:
        try:
            verb = client.get(url) if headers is None else client.post(url, json={}, headers=headers)
            async with verb as response:
                return response.status
        except (ClientError, TimeoutError):
            return None
