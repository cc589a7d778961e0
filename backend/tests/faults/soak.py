"""Many kinds of load at once for a while, against one server; then the checker, the memory, and how long submits took.

``python -m tests.faults.soak --seconds 3600 [--seed S]``: clients with single jobs and all that is done with them,
searches, event streams, readers that do not read, clients that hang up, an n8n that never answers, and restarts.
Batches, bulk actions and webhooks are in ``kill_campaign`` alone. The restarts (kills and clean stops in turn) come
first, in a quarter of the time or as long as they take; then one process lives on, so that its memory can be compared
with itself.
"""

import argparse
import asyncio
import contextlib
import functools
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.failover.screen import Screen, every_job
from tests.faults import checker
from tests.faults.book import Verdict
from tests.faults.crowd import Crowd
from tests.faults.ledger import Ledger
from tests.faults.load import FLOWS, Client, Memory
from tests.faults.memory import Sample, Watch
from tests.faults.server import Server
from tests.faults.silent_n8n import ENVIRONMENT, SilentN8n
from tests.mongo_server import free_port
from tests.support.waiting import until_true

FLAT = 1.05
"""Memory in the last quarter, as a share of the second's, in a run of an hour."""
SLOWEST = 5.0
"""The 99th percentile of a submit's time, in medians."""


@dataclass(frozen=True, slots=True)
class Post:
    """A submission: in which quarter it was sent, and seconds until its answer."""

    quarter: int
    took: float


@dataclass(slots=True)
class Report:
    seed: int
    seconds: float
    posts: list[Post] = field(default_factory=list)
    memory: list[Sample] = field(default_factory=list)
    restarts: int = 0
    met: Mapping[str, int] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)

    def growth(self) -> float:
        """The server's memory in the last quarter, as a share of the second's; both are of one process."""
        return self._median_memory(3) / self._median_memory(1)

    def slowest(self) -> float:
        """The 99th percentile of submits after the restarts, in medians."""
        took = sorted(post.took for post in self.posts if post.quarter > 0)
        return _percentile(took, 0.99) / statistics.median(took)

    def _median_memory(self, quarter: int) -> float:
        return statistics.median(one.server for one in self.memory if one.quarter == quarter)

    def lines(self) -> list[str]:
        rows = ["quarter   memory MiB   most   examiners MiB   submits   median ms   99 % ms   most ms"]
        for quarter in range(4):
            memory = [one for one in self.memory if one.quarter == quarter]
            took = sorted(post.took * 1000 for post in self.posts if post.quarter == quarter)
            rows.append(
                f"{quarter + 1:<7} {statistics.median(m.server for m in memory):>12.1f} "
                f"{max(m.server for m in memory):>6.1f} {statistics.median(m.children for m in memory):>15.1f} "
                f"{len(took):>9,} {statistics.median(took):>11.1f} {_percentile(took, 0.99):>9.1f} {took[-1]:>9.1f}"
            )
        return [
            f"{self.seconds:.0f} s, seed {self.seed}, {self.restarts} restarts, all in the first quarter",
            *rows,
            f"memory of the last quarter / the second: {self.growth():.3f}",
            f"99 % of submits after the restarts / their median: {self.slowest():.1f}",
            *(f"  {name:<32} {n:>9,}" for name, n in sorted(self.met.items())),
        ]


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Soak:
    def __init__(self, directory: Path, seconds: float, seed: int) -> None:
        self._directory = directory
        self._seconds = seconds
        self._rng = random.Random(seed)
        self._ledger = Ledger(directory / "ledger.jsonl")
        self._steady_since: float | None = None
        self._steady_seconds = 0.75 * seconds
        self._up = asyncio.Event()
        self.report = Report(seed, seconds)

    async def run(self) -> Report:
        n8n = SilentN8n()
        flows = FLOWS + await n8n.start()
        server = Server(self._directory, flows, ENVIRONMENT, port=free_port())
        assert await server.start()
        crowd = Crowd(server.base, self._rng)
        screens = [Screen(server.base) for _ in range(4)]
        watch = Watch(server, lambda: self._quarter)
        self._up.set()
        load = [
            asyncio.create_task(self._steadily(server, None, tasks=6, pause=0.25)),
            asyncio.create_task(self._steadily(server, "silent", tasks=1, pause=1.0)),
        ]
        try:
            for screen in screens:
                screen.start()
            crowd.start(searchers=3, followers=6, slow=12)
            watch.start()
            await self._restarts(server)
            self._steady_since = time.monotonic()
            await asyncio.sleep(self._steady_seconds)
            await watch.stop()
            await self._end(load)
            await crowd.stop()
            n8n.recover()
            await self._look(server, screens)
            self.report.verdict.holds(not crowd.odd, "I13", f"{crowd.odd[:3]}")
            self.report.memory = watch.samples
            self.report.met = {**crowd.met, "requests to the silent n8n": n8n.asked}
        finally:
            await watch.stop()
            await self._end(load)
            await crowd.stop()
            for screen in screens:
                await screen.stop()
            if server.process is not None:
                await server.kill()
            await n8n.stop()
            self._ledger.close()
        return self.report

    @property
    def _quarter(self) -> int:
        """0 to 3; the first one lasts until the last restart is over."""
        if self._steady_since is None:
            return 0
        return min(3, 1 + int(3 * (time.monotonic() - self._steady_since) / self._steady_seconds))

    def _posted(self, took: float) -> None:
        self.report.posts.append(Post(self._quarter, took))

    async def _steadily(self, server: Server, flow: str | None, tasks: int, pause: float) -> None:
        memory = Memory()
        while True:
            await self._up.wait()
            client = Client(
                server.base, self._ledger, memory, self._rng, 1_000_000, pause=pause, flow=flow, posted=self._posted
            )
            # It ends when a connection breaks; the next one goes on from the same memory.
            await client.run(tasks)
            await asyncio.sleep(0.1)

    async def _end(self, load: Sequence[asyncio.Task[None]]) -> None:
        for task in load:
            task.cancel()
        await asyncio.gather(*load, return_exceptions=True)

    async def _restarts(self, server: Server) -> None:
        """Kills and clean stops in turn; one a minute of the first quarter, and one of each at least."""
        how_many = max(2, int(self._seconds / 240))
        for n in range(how_many):
            await asyncio.sleep(self._seconds / 4 / (how_many + 1))
            self._up.clear()
            if n % 2:
                code = await server.stop()
                self.report.verdict.holds(code == 0, "I10", f"a clean stop under load ended with {code}")
            else:
                await server.kill()
            assert await server.start()
            self._up.set()
            self.report.restarts += 1
        # The process that stays gets warm.
        await asyncio.sleep(self._seconds / 4 / (how_many + 1))

    async def _look(self, server: Server, screens: Sequence[Screen]) -> None:
        verdict = self.report.verdict
        verdict.holds(await checker.all_final(server.base, 180), "I6", "jobs are open long after the load ended")
        async with aiohttp.ClientSession(server.base) as session:
            truth = {job["id"]: job["status"] for job in await every_job(session)}
        for screen in screens:
            with contextlib.suppress(AssertionError):
                await until_true(functools.partial(lambda one: one.statuses == truth, screen))
            seen = screen.statuses
            wrong = {i: s for i, s in truth.items() if seen.get(i) != s}
            verdict.holds(seen == truth, "I11", f"a follower believes otherwise of {list(wrong)[:3]}")
            await screen.stop()
        await checker.check_at_rest(server, self._ledger, verdict)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jp-soak-") as directory:
        report = asyncio.run(Soak(Path(directory), args.seconds, args.seed).run())
    checker.describe(report.verdict, print, report.lines())
    too_much = [
        words
        for words, is_so in (
            (f"memory grew by more than {FLAT - 1:.0%}", report.growth() > FLAT),
            (f"99 % of submits took more than {SLOWEST} medians", report.slowest() > SLOWEST),
        )
        if is_so
    ]
    for words in too_much:
        print(f"BROKEN {words}")
    return 1 if report.verdict.broken or too_much else 0


if __name__ == "__main__":
    sys.exit(main())
