"""One campaign: load runs all the time, and one disturbance follows the other. Then the judge."""

import asyncio
import contextlib
import functools
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import aiohttp

from tests.failover.cluster import Cluster
from tests.failover.screen import Screen, every_job
from tests.faults.book import Verdict
from tests.faults.checker import all_final, check
from tests.faults.ledger import Ledger
from tests.faults.load import Client, Memory
from tests.faults.mongo_proxy import READS, WRITES, Harm

LEASE_SECONDS = 2
"""Of the flow that the load uses."""
Step: TypeAlias = Callable[[], Awaitable[None]]
_CONCERNS = (Harm.CONCERN_TIMEOUT, Harm.CONCERN_TIME_LIMIT, Harm.CONCERN_STEPPED_DOWN)
# Without a majority that lags: the proxy empties the answer to any find, also of what was acknowledged long ago.
_HARMS = [harm for harm in Harm if harm is not Harm.MAJORITY_BEHIND]


@dataclass(frozen=True)
class Plan:
    """How often each disturbance comes, and how many jobs are submitted meanwhile."""

    database_kills: int
    each_fault: int
    worker_kills: int
    worker_stops: int
    jobs: int

    @property
    def disturbances(self) -> int:
        return self.database_kills + self.each_fault * len(_HARMS) + self.worker_kills + self.worker_stops


SHORT = Plan(database_kills=1, each_fault=1, worker_kills=2, worker_stops=1, jobs=150)
# A stand-in must not hold more than two thousand documents.
FULL = Plan(database_kills=10, each_fault=50, worker_kills=20, worker_stops=1, jobs=1500)


@dataclass
class Report:
    server: str
    verdict: Verdict = field(default_factory=Verdict)
    done: Counter[str] = field(default_factory=Counter)
    resyncs: int = 0
    reconnects: int = 0
    exit_codes: list[int] = field(default_factory=list)

    def lines(self) -> list[str]:
        figures = self.verdict.figures
        return [
            f"server: {self.server}",
            "disturbances: " + ", ".join(f"{name} × {n}" for name, n in sorted(self.done.items())),
            f"jobs {figures['jobs']}, completed {figures['completed']}, attempts {figures['attempts']}",
            f"requests {figures['requests']}: {figures['requests acked']} acknowledged, "
            f"{figures['requests refused']} refused, {figures['requests unknown']} unknown",
            f"event streams: {self.reconnects} reconnects, {self.resyncs} resyncs",
            f"invariants broken: {len(self.verdict.broken)}",
            *self.verdict.broken[:20],
        ]


class Candid(Ledger):
    """A 503 over a shared database is honest about not knowing: the write may have happened all the same."""

    def answered(
        self, request: int, what: str, *, status: int | None = None, job: str | None = None, said: str | None = None
    ) -> None:
        super().answered(request, "unknown" if status == 503 else what, status=status, job=job, said=said)


class Campaign:
    def __init__(self, cluster: Cluster, plan: Plan, directory: Path, seed: int) -> None:
        self._cluster = cluster
        self._plan = plan
        self._rng = random.Random(seed)
        self._ledger = Candid(directory / "ledger")
        self._memory = Memory()
        self._clients = [Client(base, self._ledger, self._memory, self._rng, 0) for base in cluster.bases]
        self.report = Report(cluster.database.name)

    async def run(self) -> Report:
        screens = [Screen(base) for base in self._cluster.bases]
        for screen in screens:
            screen.start()
        try:
            async with self._load():
                for disturb in self._disturbances():
                    self._more_jobs()
                    await disturb()
            if self._cluster.database.proxy is not None:
                self._cluster.database.proxy.clear()
            for base in self._cluster.bases:
                await self._cluster.ready(base)
            verdict = self.report.verdict
            verdict.holds(await all_final(self._cluster.bases[0], 120), "I6", "jobs are open for ever")
            await check(self._cluster.bases[0], self._ledger, verdict, recounts=True, counts_within=60)
            await self._converged(screens)
        finally:
            for screen in screens:
                await screen.stop()
        self.report.resyncs = sum(screen.resyncs for screen in screens)
        self.report.reconnects = sum(screen.reconnects for screen in screens)
        return self.report

    @contextlib.asynccontextmanager
    async def _load(self) -> AsyncIterator[None]:
        async def steadily(client: Client) -> None:
            while True:
                # It ends when a connection breaks; the next client goes on from the same memory.
                await client.run(4)

        tasks = [asyncio.create_task(steadily(client)) for client in self._clients]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _more_jobs(self) -> None:
        share = self._plan.jobs / self._plan.disturbances / len(self._clients)
        for client in self._clients:
            client.allow(int(share) + (self._rng.random() < share % 1))

    def _disturbances(self) -> list[Step]:
        plan = self._plan
        steps: list[Step] = [
            *[self._kill_database] * plan.database_kills,
            *[self._kill_worker] * plan.worker_kills,
            *[self._stop_worker] * plan.worker_stops,
        ]
        if self._cluster.database.proxy is not None:
            steps += [functools.partial(self._harm, harm) for harm in _HARMS for _ in range(plan.each_fault)]
        self._rng.shuffle(steps)
        return steps

    async def _kill_database(self) -> None:
        await self._cluster.database.kill_primary()
        for base in self._cluster.bases:
            await self._cluster.ready(base)
        self.report.done["database killed"] += 1

    async def _kill_worker(self) -> None:
        worker = self._rng.choice(self._cluster.workers)
        await worker.kill()
        await worker.start_as_a_service()
        self.report.done["worker killed"] += 1

    async def _stop_worker(self) -> None:
        """Stopped past its lease, then resumed: its jobs are others' by then."""
        worker = self._rng.choice(self._cluster.workers)
        worker.send(signal.SIGSTOP)
        # How long it is away is the fault itself.
        await asyncio.sleep(2.5 * LEASE_SECONDS)
        worker.send(signal.SIGCONT)
        self.report.done["worker stopped past its lease"] += 1

    async def _harm(self, harm: Harm) -> None:
        """Ordered of the network, and waited for until the load has met it."""
        proxy = self._cluster.database.proxy
        assert proxy is not None
        before = proxy.done[harm]
        times = self._rng.choice((1, 1, 2))
        if harm is Harm.HISTORY_LOST:
            proxy.order(harm, {"getMore"}, 1)
        else:
            writes = harm in _CONCERNS or self._rng.random() < 0.7
            proxy.order(harm, WRITES if writes else READS, times)
        await _until(lambda: proxy.done[harm] > before, 60)
        self.report.done[harm.name.lower()] += 1

    async def _converged(self, screens: list[Screen]) -> None:
        """Every open page shows what the list says (I11). Notices need a moment; a gap would stay for ever."""
        for screen, base in zip(screens, self._cluster.bases, strict=True):
            async with aiohttp.ClientSession(base) as session:
                truth = {job["id"]: job["status"] for job in await every_job(session)}
            with contextlib.suppress(TimeoutError):
                await _until(functools.partial(lambda s, t: s.statuses == t, screen, truth), 30)
            both = truth.keys() | screen.statuses.keys()
            wrong = {i: (truth.get(i), screen.statuses.get(i)) for i in both if truth.get(i) != screen.statuses.get(i)}
            self.report.verdict.holds(
                screen.statuses == truth, "I11", f"{base} shows otherwise: {list(wrong.items())[:3]}"
            )


async def _until(truth: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if truth():
                return
            await asyncio.sleep(0.005)
