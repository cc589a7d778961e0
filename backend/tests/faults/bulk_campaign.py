"""The server is killed again and again while bulk actions run; afterwards each job was acted on once by each of them.

``python -m tests.faults.bulk_campaign --kills 50 [--seed S]``. Half of the kills are at a random moment, half at a
named failpoint, and one of each round before a bulk action is answered. All jobs of a round are there before its bulk
actions start: some are retried (and fail again, and match again), others are cancelled, replayed or deleted.
"""

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.server import Server
from tests.support.waiting import until

# A retried job fails again at once, and so matches again.
FLOWS = '[flows.failing]\nprocessor = "mock"\ndelay_seconds = 0\nmax_attempts = 1\nconcurrency = 50\n'
NAMES = (
    *("bulk.after_plan", "bulk.before_settle", "bulk.after_settle"),
    *("sqlite.in_group", "sqlite.before_commit", "sqlite.after_commit"),
)
JOBS = 210
"""Of each tag: more than two groups."""
KILLS_A_ROUND = 5
END_SECONDS = 60.0
DONE_WORDS = {"retry": "job_retried", "cancel": "job_cancelled", "replay": "job_replayed", "delete": "job_deleted"}


@dataclass(slots=True)
class Report:
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        return [
            f"{self.kills.total()} kills in {self.seconds:.0f} s, seed {self.seed}: {dict(self.kills)}",
            f"acted on: {dict(self.acts)}; {len(self.broken)} violations",
            *self.broken,
        ]


class Round:
    """One data directory: jobs, one bulk action of each kind, kills, and the check."""

    def __init__(self, directory: Path, rng: random.Random, report: Report) -> None:
        self._server = Server(directory, FLOWS, {"AUDIT_RETENTION_DAYS": "0"})
        self._rng = rng
        self._report = report
        self._jobs: dict[str, set[str]] = {}
        self._actions: dict[str, str] = {}
        self._seen: list[dict[str, Any]] = []

    async def run(self, kills: int) -> None:
        try:
            await self._prepare()
            plan = [None if self._rng.random() < 0.5 else self._rng.choice(NAMES) for _ in range(kills - 1)]
            for failpoint in plan:
                await self._life(failpoint)
            await self._server.start("")
            await self._end()
            await self._check()
        finally:
            if self._server.process is not None:
                await self._server.kill()

    async def _prepare(self) -> None:
        """The jobs: FAILED ones, and PENDING ones that are to be cancelled; then the bulk actions."""
        assert await self._server.start("")
        prompts = {"retry": "fault:error", "replay": "fault:error", "delete": "fault:error", "cancel": "later"}
        async with aiohttp.ClientSession(self._server.base) as http:
            for tag, prompt in prompts.items():
                body: dict[str, object] = {"prompt": prompt, "tags": [tag], "maxAttempts": 1}
                if tag == "cancel":
                    body["delaySeconds"] = 86_400
                made = await asyncio.gather(*(_json(http, "POST", "/jobs", body) for _ in range(JOBS)))
                self._jobs[tag] = {job["id"] for job in made}
            await self._until_failed(http)
        await self._server.kill()
        assert await self._server.start("bulk.before_response:kill@4")
        async with aiohttp.ClientSession(self._server.base) as http:
            for number, kind in enumerate(prompts, start=1):
                query = {"tag": kind, "status": ["PENDING" if kind == "cancel" else "FAILED"]}
                try:
                    await _json(http, "POST", "/bulk-actions", {"action": kind, "query": query})
                except aiohttp.ClientError:
                    assert number == 4
        await self._server.kill()
        self._report.kills["bulk.before_response"] += 1

    async def _until_failed(self, http: aiohttp.ClientSession) -> None:
        async def look() -> bool:
            found: int = (await _json(http, "GET", "/jobs/count?status=FAILED"))["count"]
            return found == 3 * JOBS

        await until(look, "the jobs that fail")

    async def _life(self, failpoint: str | None) -> None:
        armed = "" if failpoint is None else f"{failpoint}:kill@{self._rng.randint(1, 3)}"
        if await self._server.start(armed):
            # A moment within the work; a failpoint that is not met ends with the kill.
            await self._server.ended(self._rng.uniform(0.0, 0.15) if failpoint is None else 1.5)
        code = self._server.process.poll() if self._server.process is not None else None
        await self._server.kill()
        self._report.kills["a random time" if code is None else str(failpoint)] += 1

    async def _end(self) -> None:
        async with aiohttp.ClientSession(self._server.base) as http:

            async def look() -> bool:
                found = await _json(http, "GET", "/bulk-actions")
                self._actions = {action["action"]: action["id"] for action in found}
                self._seen = found
                return all(action["endedAt"] for action in found)

            try:
                await until(look, "the end of the bulk actions", END_SECONDS)
            except AssertionError:
                self._say(f"they do not end: {self._seen}")
            assert self._actions.keys() == DONE_WORDS.keys()

    async def _check(self) -> None:
        async with aiohttp.ClientSession(self._server.base) as http:
            replays = Counter(job["replayOf"] for job in await _all_jobs(http, "replay") if job["replayOf"])
            for kind, action_id in self._actions.items():
                action = await _json(http, "GET", f"/bulk-actions/{action_id}")
                acted = await self._acted(http, kind, action_id)
                self._report.acts[kind] += len(acted)
                wrong = self._jobs[kind].symmetric_difference(acted)
                if wrong or any(n != 1 for n in acted.values()):
                    self._say(f"{kind}: {len(wrong)} jobs not acted on, or others; most often {acted.most_common(1)}")
                if (action["status"], action["done"], action["skipped"], action["failed"]) != ("DONE", JOBS, {}, {}):
                    self._say(f"{kind}: it says {action}")
                if kind == "replay" and replays != Counter(dict.fromkeys(self._jobs[kind], 1)):
                    self._say(f"replay: {replays.most_common(1)}, {len(replays)} of {JOBS}")
                if kind == "delete" and await _all_jobs(http, kind):
                    self._say("delete: some are left")

    async def _acted(self, http: aiohttp.ClientSession, kind: str, action_id: str) -> Counter[str]:
        """How often each job was acted on: by its history, or of jobs that are not changed by it, by the audit."""
        if kind in ("retry", "cancel"):
            word = {"retry": "retried", "cancel": "cancelled"}[kind]
            counted: Counter[str] = Counter()
            for job in await _all_jobs(http, kind):
                whole = await _json(http, "GET", f"/jobs/{job['id']}")
                counted[job["id"]] += sum(event["what"] == word for event in whole["history"])
            return counted
        async with http.get("/audit/export", params={"act": DONE_WORDS[kind]}) as reply:
            entries = [msg for msg in (await reply.text()).splitlines() if action_id in msg]
        return Counter(json.loads(entry)["what"] for entry in entries)

    def _say(self, words: str) -> None:
        self._report.broken.append(words)


async def _json(http: aiohttp.ClientSession, method: str, path: str, body: object = None) -> Any:
    async with http.request(method, path, json=body) as reply:
        assert reply.status < 400, await reply.text()
        return await reply.json()


async def _all_jobs(http: aiohttp.ClientSession, tag: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path = f"/jobs?limit=200&clip=0&tag={tag}"
    while path:
        async with http.get(path) as reply:
            found += await reply.json()
            path = reply.headers.get("link", "").partition(">")[0].removeprefix("<")
    return found


async def campaign(directory: Path, kills: int, seed: int, say: Callable[[str], None]) -> Report:
    report, rng, began = Report(seed), random.Random(seed), time.monotonic()
    while (left := kills - report.kills.total()) > 0:
        place = directory / f"round-{report.kills.total()}"
        place.mkdir(parents=True)
        await Round(place, rng, report).run(min(left, KILLS_A_ROUND))
        say(f"{report.kills.total()} kills, {len(report.broken)} violations")
    report.seconds = time.monotonic() - began
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jp-bulk-") as directory:
        report = asyncio.run(campaign(Path(directory), args.kills, args.seed, lambda line: print(line, flush=True)))
    print("\n".join(report.lines()))
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
