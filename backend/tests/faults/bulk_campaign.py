"""A bulk action over many jobs, killed again and again on its way; at the end each job must have been acted on once.

``python -m tests.faults.bulk_campaign --jobs 100000 --kills 50 [--seed S]``: all jobs are retried, and then all are
replayed. Half of the kills come at a random moment, half at a failpoint on the way of a group of jobs.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from job_processor.acts.bulk_groups import GROUP
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError
from job_processor.core.outcome import Failed
from job_processor.store.base import Store
from job_processor.store.drivers import store_at
from tests.faults import bulk_rules, checker
from tests.faults.book import Verdict
from tests.faults.bulk_rules import Ended, Shown
from tests.faults.many_rules import DONE_WORDS, Row
from tests.faults.server import Server
from tests.store_suite import given
from tests.support.waiting import until

FLOWS = '[flows.f]\nprocessor = "mock"\n'
RULES = FlowRules("f", max_attempts=1)
QUERIES = {"retry": {"status": ["FAILED"]}, "replay": {"status": ["PENDING"]}}
"""In this order. The replays are PENDING too, as are the jobs that were retried: none may be replayed itself."""
POINTS = {
    **{"bulk.after_plan": 1, "bulk.before_settle": 1, "bulk.after_settle": 1},
    **{"sqlite.in_group": 3, "sqlite.before_commit": 3, "sqlite.after_commit": 3},
}
"""The failpoints, and how often each is passed at least with every group: it is planned, acted on and counted."""
BACKSTOP = "bulk.before_settle"
STALLED_SECONDS = 120.0
STORED_AT_ONCE = 100
"""More might be too many writes at a time for a slow MongoDB."""
_line = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(slots=True)
class Report:
    seed: int
    deaths: Counter[str] = field(default_factory=Counter)
    progress: dict[str, list[int]] = field(default_factory=dict)
    """Of each kind of bulk action, the jobs that were done when it was first shown after each kill; after some it was
    not."""
    seconds: dict[str, float] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)

    def lines(self) -> list[str]:
        return [
            f"seed {self.seed}",
            *(
                f"{kind}: killed with {at[0]:,} to {at[-1]:,} jobs done; {self.seconds[kind]:.0f} s"
                for kind, at in self.progress.items()
                if at
            ),
            *(f"  died at {name:<28} {n:>5}" for name, n in sorted(self.deaths.items())),
        ]


@dataclass(slots=True)
class Life:
    """One life of the server. ``armed``: the failpoint at which it ends at the latest; empty: it ends with the bulk
    action. ``groups``: it is to be killed at a random moment after so many groups. ``first``: how many jobs were done
    when the bulk action was first shown. ``shot``: it was killed from outside."""

    kind: str
    armed: str = ""
    groups: int | None = None
    first: int | None = None
    shot: bool = False


class BulkCampaign:
    """``mongo``: the address of a database of its own; ``None``: SQLite, in ``directory``."""

    def __init__(self, directory: Path, seed: int, say: Callable[[str], None], mongo: str | None = None) -> None:
        self._server = Server(directory, FLOWS, {} if mongo is None else {"MONGODB_URI": mongo})
        self._place = mongo or str(self._server.data_directory)
        self._shared = mongo is not None
        self._say = say
        self._rng = random.Random(seed)
        points = [name for name in POINTS if mongo is None or not name.startswith("sqlite.")]
        self._points = itertools.cycle(self._rng.sample(points, len(points)))
        self.report = Report(seed)

    async def run(self, jobs: int, kills: int) -> Report:
        """Raises ``ValueError`` if there are too few jobs for each kill to come on the way."""
        if jobs < GROUP * (kills + 1):
            raise ValueError(f"{kills} kills need {GROUP * (kills + 1)} jobs at least")
        server, verdict = self._server, self.report.verdict
        try:
            prompts = await self._fill(jobs)
            self._say(f"{jobs:,} FAILED jobs are stored")
            assert await server.start()
            await self._pause()
            await server.stop()
            for kind in QUERIES:
                began = time.monotonic()
                records = await self._ended(kind, jobs, kills)
                self.report.seconds[kind] = time.monotonic() - began
                bulk_rules.check(await self._what_is_left(kind, prompts, records), verdict)
                code = await server.stop()
                verdict.holds(code == 0, "I10", f"a clean stop ended with {code}")
                self._say(f"{kind}: {self.report.seconds[kind]:.0f} s, {len(verdict.broken)} violations")
        finally:
            if server.process is not None:
                await server.kill()
        if server.database.exists():
            checker.check_file(server.database, verdict)
        checker.check_log(server, verdict)
        return self.report

    async def _fill(self, jobs: int) -> Mapping[str, str]:
        """Store FAILED jobs; their prompts by id."""
        prompts: dict[str, str] = {}
        async with _opened(self._place) as store:
            for start in range(0, jobs, STORED_AT_ONCE):
                some = [_failed(f"document {n}", store.now()) for n in range(start, min(start + STORED_AT_ONCE, jobs))]
                await asyncio.gather(*(store.add(job) for job in some))
                prompts.update((job.id, job.prompt) for job in some)
        return prompts

    async def _pause(self) -> None:
        """Pause the flow: what is put back or made is not handed over, and shows what the bulk action did."""
        async with aiohttp.ClientSession(self._server.base) as session, session.post("/flows/f/pause") as response:
            response.raise_for_status()

    async def _ended(self, kind: str, jobs: int, kills: int) -> list[Row]:
        """Start a bulk action, kill it so often on its way, and let it end. How it was shown all the while."""
        records: list[Row] = []
        shown = self.report.progress.setdefault(kind, [])
        # The groups that may have been acted on at most, so that even the last kill comes before the end.
        most = 0
        for number in range(kills):
            groups = (jobs // GROUP - most) // (kills - number + 1)
            if number % 2:
                name = next(self._points)
                life = Life(kind, f"{name}:kill@{(groups - 1) * POINTS[name] + 1}")
            else:
                # The client may be slow: then the server dies by itself.
                name = BACKSTOP
                life = Life(kind, f"{name}:kill@{groups}", self._rng.randrange(groups))
            await self._live(life, records)
            most = groups + (most if life.first is None else min(most, life.first // GROUP))
            self.report.deaths["a random time" if life.shot else name] += 1
            shown += [life.first] if number and life.first is not None else []
            await self._lease_ends()
        last = Life(kind)
        await self._live(last, records)
        shown += [] if last.first is None else [last.first]
        return records

    async def _live(self, life: Life, records: list[Row]) -> None:
        """Start the server and ask for the bulk action, until the server or the bulk action has ended."""
        server, verdict = self._server, self.report.verdict
        listens = await server.start(life.armed)
        watching = asyncio.create_task(self._watch(life, records)) if listens else None
        if not life.armed:
            assert watching is not None, f"the server does not start: {server.log.read_text()[-2000:]}"
            await watching
            return
        code = await server.ended(STALLED_SECONDS)
        verdict.holds(code == -signal.SIGKILL, "I6", f"the server did not come as far as {life.armed}: {code}")
        if watching is not None:
            await watching
        await server.kill()
        is_open = not records or records[-1]["endedAt"] is None
        verdict.holds(is_open, "I15", f"the {life.kind} had ended before it was killed")

    async def _watch(self, life: Life, records: list[Row]) -> None:
        """Look at the bulk action until the server is gone or it has ended; kill the server after so many groups."""
        body = {"action": life.kind, "query": QUERIES[life.kind]}
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession(self._server.base) as session:
                first = await _asked(session, "POST", "/bulk-actions", body, {"Idempotency-Key": life.kind})
                _note(first, records)
                life.first = begun = int(first["done"])
                stalls = time.monotonic() + STALLED_SECONDS
                while True:
                    record = await _asked(session, "GET", f"/bulk-actions/{first['id']}")
                    if _note(record, records):
                        stalls = time.monotonic() + STALLED_SECONDS
                    if record["endedAt"] is not None or time.monotonic() > stalls:
                        return
                    if life.groups is not None and record["done"] - begun >= life.groups * GROUP:
                        await asyncio.sleep(self._rng.uniform(0, 0.05))
                        life.shot = self._server.alive
                        self._server.send(signal.SIGKILL)
                        return
                    await asyncio.sleep(0.005)

    async def _lease_ends(self) -> None:
        """Where processes share a store, the next one waits until the lease of the dead one ends: let it end now."""
        if not self._shared:
            return
        async with _opened(self._place) as store:
            for action in await store.open_bulk_actions():
                await store.save_bulk_action(replace(action, lease_until=0))

    async def _what_is_left(self, kind: str, prompts: Mapping[str, str], records: list[Row]) -> Ended:
        async with aiohttp.ClientSession(self._server.base, timeout=aiohttp.ClientTimeout(sock_read=60)) as session:
            jobs = {}
            async with session.get("/jobs/export?fields=status,prompt,attempt,history,replayOf") as response:
                async for line in response.content:
                    job = _line(line)
                    jobs[job["id"]] = Shown.of(job)
            async with session.get(f"/audit/export?act={DONE_WORDS[kind]}") as response:
                audit = [_line(line) async for line in response.content]
            counted = dict(Counter(job.status for job in jobs.values()))

            async def counters() -> dict[str, int] | None:
                told = await checker.counters(session)
                return told if told == counted else None

            try:
                # MongoDB's come from a cache.
                told = await until(counters, "the counters", 10)
            except AssertionError:
                told = await checker.counters(session)
        return Ended(kind, prompts, records, jobs, told, audit, may_be_unknown=self._shared)


@contextlib.asynccontextmanager
async def _opened(place: str) -> AsyncIterator[Store]:
    store = store_at(place)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _failed(prompt: str, now: int) -> Job:
    job = given.running(given.a_job(now, prompt, RULES), now)
    failed = given.says(job, Failed(JobError("bad", "bad"), retryable=False))
    return given.decided(job, failed, now, RULES).job


def _note(record: Row, records: list[Row]) -> bool:
    """Append what is new; returns whether it is."""
    if records and record == records[-1]:
        return False
    records.append(record)
    return True


async def _asked(
    session: aiohttp.ClientSession,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Row:
    """The answer; raises ``aiohttp.ClientError`` when the server is gone. One that is busy is asked again."""

    async def ask() -> Row | None:
        async with session.request(method, path, json=body, headers=headers) as response:
            if response.status == 503:
                return None
            assert response.ok, f"{response.status}: {await response.text()}"
            row: Row = await response.json()
            return row

    return await until(ask, f"an answer of {path}", STALLED_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=50, help="of each bulk action")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jp-bulk-") as directory:
        campaign = BulkCampaign(Path(directory), args.seed, lambda line: print(line, flush=True))
        report = asyncio.run(campaign.run(args.jobs, args.kills))
    checker.describe(report.verdict, print, report.lines())
    return 1 if report.verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
