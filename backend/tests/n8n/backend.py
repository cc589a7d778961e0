"""Our own backend as a real process, and the few calls the scenarios make."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from aiohttp import ClientError, ClientSession, ClientTimeout

from .processes import Command, until


class Attempt(TypedDict):
    number: int
    end: str | None
    error: Mapping[str, str] | None
    executionId: str | None


class Event(TypedDict):
    what: str
    attempt: int | None
    detail: str | None


class Job(TypedDict):
    """What the scenarios read of a job."""

    id: str
    prompt: str
    status: str
    failures: int
    result: str | None
    error: Mapping[str, str] | None
    waitingOn: Mapping[str, str] | None
    attempts: list[Attempt]
    history: list[Event]


class Lane(TypedDict):
    state: str
    kind: str | None
    detail: str | None
    until: str | None


@dataclass(slots=True)
class Backend:
    folder: Path
    port: int
    environment: Mapping[str, str]
    process: Command = field(init=False)
    _client: ClientSession | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(self.folder / "data")]
        environment = {"FLOWS_FILE": str(self.folder / "flows.toml"), **self.environment}
        self.process = Command(["serve", *where], environment, self.folder / "backend.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, flows: str) -> None:
        """Start with these flows, or start again on the same data."""
        (self.folder / "flows.toml").write_text(flows)
        await self._close()
        self._client = ClientSession(self.url, timeout=ClientTimeout(total=60), trust_env=False)
        self.process.start()
        await until("the backend is healthy", self._healthy, seconds=30)

    async def stop(self) -> None:
        await self._close()
        await asyncio.to_thread(self.process.stop, 15)

    async def kill(self) -> None:
        await asyncio.to_thread(self.process.kill)

    @property
    def client(self) -> ClientSession:
        assert self._client is not None, "start() first"
        return self._client

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _healthy(self) -> bool:
        assert self.process.alive, f"the backend ended:\n{self.process.tail()}"
        try:
            async with self.client.get("/health") as response:
                return response.status == 200
        except (ClientError, TimeoutError):
            return False

    async def submit(self, prompts: Sequence[str], concurrency: int = 20, flow: str | None = None) -> list[str]:
        """Submit them all, to the default flow or this; their ids."""
        more = {} if flow is None else {"flow": flow}
        gate = asyncio.Semaphore(concurrency)

        async def one(prompt: str) -> str:
            async with gate, self.client.post("/jobs", json={"prompt": prompt, **more}) as response:
                assert response.status == 201, await response.text()
                return str((await response.json())["id"])

        return await asyncio.gather(*(one(prompt) for prompt in prompts))

    async def counts(self) -> Counter[str]:
        """Jobs by status."""
        async with self.client.get("/stats") as response:
            assert response.status == 200, await response.text()
            return Counter({str(k): int(n) for k, n in (await response.json())["byStatus"].items()})

    async def job(self, job_id: str) -> Job:
        async with self.client.get(f"/jobs/{job_id}") as response:
            assert response.status == 200, await response.text()
            job: Job = await response.json()
            return job

    async def jobs(self, job_ids: Sequence[str]) -> list[Job]:
        return [await self.job(job_id) for job_id in job_ids]

    async def cancel(self, job_id: str) -> None:
        async with self.client.post(f"/jobs/{job_id}/cancel", json={}) as response:
            assert response.status == 200, await response.text()

    async def in_flight(self, count: int, seconds: float = 60) -> None:
        """Wait until n8n has taken ``count`` jobs."""

        async def handed_over() -> bool:
            return (await self.counts())["WAITING"] >= count

        await until(f"{count} jobs wait for n8n", handed_over, seconds, pause=0.05)

    async def lane(self, flow: str = "n8n") -> Lane:
        async with self.client.get("/flows") as response:
            assert response.status == 200, await response.text()
            flows = await response.json()
        lane: Lane = next(f["lane"] for f in flows if f["name"] == flow)
        return lane

    async def lane_opens(self, seconds: float = 20) -> None:
        """Wait until the lane is open: it is written after the outcome of the attempt that opens it."""

        async def is_open() -> bool:
            return (await self.lane())["state"] == "open"

        await until("the lane is open", is_open, seconds, pause=0.02)

    async def all_final(self, count: int, seconds: float, failures: bool = False) -> float:
        """Wait until ``count`` jobs are final; unless ``failures`` are expected, one is an error at once."""

        async def done() -> bool:
            counts = await self.counts()
            assert failures or not counts["FAILED"], f"a job failed: {counts}"
            return counts["COMPLETED"] + counts["FAILED"] >= count

        try:
            return await until(f"{count} jobs are final", done, seconds, pause=0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}; {await self.counts()}; lane {await self.lane()}") from error
