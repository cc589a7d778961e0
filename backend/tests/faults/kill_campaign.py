"""The server is killed again and again under load; afterwards one checker asks whether anything was lost or doubled.

The load is single jobs and whatever is done with them, batches and bulk actions; a receiver of webhooks outlives all.
``python -m tests.faults.kill_campaign --cycles 1000 [--seed S]``. Half of the cycles die at a random moment, half
at a named failpoint; every failpoint must have been met at least once.
"""

import argparse
import asyncio
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from job_processor import failpoints
from tests.faults import checker
from tests.faults.book import Verdict
from tests.faults.ledger import Ledger
from tests.faults.load import FLOWS, Client, Memory
from tests.faults.receiver import Receiver
from tests.faults.server import Server

EPOCH = 100
"""Cycles on one data directory; then everything is checked and the next one starts empty."""
TASKS = 6
JOBS_A_CYCLE = 40
FAILPOINT_SECONDS = 4.0
EXTRA_TRIES = 5
# MongoDB's own are met in its tests.
NAMES = tuple(sorted(name for name in failpoints.NAMES if not name.startswith("mongo.")))


@dataclass(slots=True)
class Report:
    seed: int
    cycles: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)
    seconds: float = 0.0

    @property
    def missed(self) -> list[str]:
        """Failpoints at which the server never died."""
        return [name for name in NAMES if not self.deaths[name]]

    def lines(self) -> list[str]:
        missed = f", MISSED {', '.join(self.missed)}" if self.missed else ""
        return [
            f"{self.cycles} cycles in {self.seconds:.0f} s, seed {self.seed}",
            f"failpoints met: {len(NAMES) - len(self.missed)} of {len(NAMES)}{missed}",
            *(f"  died at {name:<28} {n:>5}" for name, n in sorted(self.deaths.items())),
        ]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One data directory, and what outlives the server there."""

    server: Server
    ledger: Ledger
    memory: Memory
    receiver: Receiver


class Campaign:
    def __init__(self, directory: Path, seed: int, say: Callable[[str], None]) -> None:
        self._directory = directory
        self._say = say
        self._rng = random.Random(seed)
        self.report = Report(seed)

    async def run(self, cycles: int) -> Report:
        began = time.monotonic()
        for epoch in range(-(-cycles // EPOCH)):
            here = min(EPOCH, cycles - epoch * EPOCH)
            plan: list[str | None] = [None] * (here - here // 2)
            # In turn and from where the last epoch stopped, so that each gets its share.
            start = epoch * (EPOCH // 2)
            plan += [NAMES[(start + i) % len(NAMES)] for i in range(here // 2)]
            self._rng.shuffle(plan)
            await self._epoch(epoch, plan, last=(epoch + 1) * EPOCH >= cycles)
        self.report.seconds = time.monotonic() - began
        return self.report

    async def _epoch(self, number: int, plan: list[str | None], *, last: bool) -> None:
        directory = self._directory / f"epoch-{number}"
        directory.mkdir(parents=True)
        server = Server(directory, FLOWS, {"WEBHOOK_PRIVATE_ADDRESSES": "allow"})
        async with Receiver(self._rng).serve() as receiver:
            epoch = Epoch(server, Ledger(directory / "ledger.jsonl"), Memory(), receiver)
            try:
                assert await server.start()
                await receiver.register(server.base)
                await server.stop()
                for failpoint in plan:
                    await self._cycle(epoch, failpoint)
                for _ in range(EXTRA_TRIES if last else 0):
                    for failpoint in self.report.missed:
                        await self._cycle(epoch, failpoint)
                await self._end(epoch)
            finally:
                if server.process is not None:
                    await server.kill()
                epoch.ledger.close()
        self._say(f"epoch {number}: {self.report.cycles} cycles, {len(self.report.verdict.broken)} violations")

    async def _cycle(self, epoch: Epoch, failpoint: str | None) -> None:
        server = epoch.server
        self.report.cycles += 1
        armed = "" if failpoint is None else f"{failpoint}:kill@{self._rng.randint(1, _passings(failpoint))}"
        listens = await server.start(armed)
        if not listens:
            await self._died(server, failpoint)
            return
        load = asyncio.create_task(self._client(epoch, failpoint or "").run(TASKS))
        if failpoint is None:
            # A moment within the life of many requests; and now and then in the middle of a clean stop.
            await asyncio.sleep(self._rng.uniform(0.0, 0.5))
            if self._rng.random() < 0.2:
                server.send(signal.SIGTERM)
                await asyncio.sleep(self._rng.uniform(0.0, 0.3))
                self.report.deaths["a random time while stopping"] += 1
            else:
                self.report.deaths["a random time"] += 1
            await server.kill()
        else:
            await server.ended(FAILPOINT_SECONDS)
            await self._died(server, failpoint)
        await load

    def _client(self, epoch: Epoch, failpoint: str = "") -> Client:
        """``failpoint``: what it is to do for sure, so that this is met."""
        rng = self._rng
        return Client(
            epoch.server.base,
            epoch.ledger,
            epoch.memory,
            rng,
            JOBS_A_CYCLE,
            hooks=epoch.receiver.url,
            batches=1 if "batch" in failpoint or rng.random() < 0.4 else 0,
            bulks=2 if failpoint.startswith("bulk.") else int(rng.random() < 0.4),
        )

    async def _end(self, epoch: Epoch) -> None:
        if epoch.server.process is None:
            assert await epoch.server.start()
        await self._client(epoch).end()
        await checker.check_at_rest(epoch.server, epoch.ledger, self.report.verdict, heard=epoch.receiver.heard)

    async def _died(self, server: Server, failpoint: str | None) -> None:
        assert server.process is not None
        code = server.process.poll()
        await server.kill()
        if failpoint is not None and code == -signal.SIGKILL:
            self.report.deaths[failpoint] += 1
        elif failpoint is None or code is not None:
            self.report.verdict.broken.append(f"I6: the server ended with {code} (failpoint {failpoint})")


def _passings(failpoint: str) -> int:
    """How often a failpoint is passed for sure in a moment of load."""
    if failpoint.endswith(("_recovery", ".in_batch")):
        return 1
    match failpoint.partition(".")[0]:
        case "replay" | "delete" | "accept" | "batch" | "bulk":
            return 1
        case "reaper" | "cancel" | "retry" | "webhook":
            return 3
    return 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jp-kill-") as directory:
        campaign = Campaign(Path(directory), args.seed, lambda line: print(line, flush=True))
        report = asyncio.run(campaign.run(args.cycles))
    checker.describe(report.verdict, print, report.lines())
    return 1 if report.verdict.broken or report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
