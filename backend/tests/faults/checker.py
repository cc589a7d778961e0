"""The one judge after every campaign: ledger against server against file. Says which invariant broke, and where.

The numbers are those of docs/reliability.md.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import apsw
from yarl import URL

from tests.faults import many_rules, notice_rules, rules
from tests.faults.book import Book, Verdict
from tests.faults.history import OPEN, Job, check_history
from tests.faults.ledger import Ledger
from tests.faults.many_rules import Row
from tests.faults.receiver import Heard
from tests.faults.rules import Kept
from tests.faults.server import Server

_OF_A_JOB = (("prompts", "n"), ("results", "n"), ("keys", "n"), ("job_tags", "id"))


@dataclass(slots=True)
class World:
    """All that a server gave out at the end. ``jobs``: every one, whole, by id; ``counters``: its own numbers of jobs
    by state; ``kept``: callbacks; ``actions``: bulk actions; ``audit``: what was done to jobs; ``heard``: what webhooks
    told, if somebody listened."""

    jobs: dict[str, Job]
    counters: dict[str, int] = field(default_factory=dict)
    kept: Sequence[Kept] = ()
    batches: Sequence[Row] = ()
    actions: Sequence[Row] = ()
    audit: Sequence[Row] = ()
    deliveries: Sequence[Row] = ()
    heard: Heard | None = None


async def all_final(base: str, seconds: float) -> bool:
    """Wait until no job is open (I6): with the faults over, every one must come to its end."""
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession(base) as session:
        while True:
            async with session.get("/stats") as response:
                by_status = (await response.json())["byStatus"]
            if not any(by_status.get(state, 0) for state in OPEN):
                return True
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.1)


async def all_ended(base: str, seconds: float) -> bool:
    """Wait until every batch and bulk action has ended, and all that ended is told; returns whether that is so."""
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession(base) as session:
        while True:
            rows = [*await _pages(session, "/bulk-actions?limit=200"), *await _pages(session, "/batches?limit=100")]
            untold = await _pages(session, "/webhook-deliveries?state=pending&limit=1")
            if not untold and all(row["endedAt"] is not None for row in rows):
                return True
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.1)


async def check(
    base: str,
    ledger: Ledger,
    verdict: Verdict,
    *,
    recounts: bool = False,
    counts_within: float = 0.0,
    heard: Heard | None = None,
) -> None:
    """All that can be asked of a running server whose faults are over. ``recounts``: see ``rules.check_kept``.

    ``counts_within``: seconds in which the counters must become right; those of a slow MongoDB come from a cache.
    ``heard``: what the server's webhooks told.
    """
    book = Book.read(ledger)
    async with aiohttp.ClientSession(base) as session:
        jobs = await _every_job(session)
        world = World(
            jobs,
            kept=await _pages(session, "/callbacks?limit=200"),
            batches=await _pages(session, "/batches?limit=100"),
            actions=await _pages(session, "/bulk-actions?limit=200"),
        )
        if heard is not None:
            world.heard, world.deliveries = heard, await _pages(session, "/webhook-deliveries?limit=200")
        if world.actions:
            world.audit = await _pages(session, f"/audit?limit=200&act={','.join(many_rules.DONE_WORDS.values())}")
        counted = dict(Counter(job["status"] for job in jobs.values()))
        until = time.monotonic() + counts_within
        while True:
            world.counters = await counters(session)
            if world.counters == counted or time.monotonic() > until:
                break
            await asyncio.sleep(0.5)
        judge(world, book, verdict, recounts=recounts)
        await _check_single_reads(session, jobs, book, verdict)


async def counters(session: aiohttp.ClientSession) -> dict[str, int]:
    async with session.get("/stats") as response:
        by_status: dict[str, int] = (await response.json())["byStatus"]
    return {state: n for state, n in by_status.items() if n}


async def check_at_rest(
    server: Server, ledger: Ledger, verdict: Verdict, seconds: float = 60, heard: Heard | None = None
) -> None:
    """With the faults over: the server is started if need be, its jobs end, all is checked, it stops, and its file
    and its log are looked at."""
    listens = server.process is not None or await server.start()
    verdict.holds(listens, "I6", "the server does not start any more")
    verdict.holds(await all_final(server.base, seconds), "I6", f"jobs are open {seconds:.0f} s after the last fault")
    # Not judged here: the check names those that do not end.
    await all_ended(server.base, seconds)
    await check(server.base, ledger, verdict, heard=heard)
    code = await server.stop()
    verdict.holds(code == 0, "I10", f"a clean stop ended with {code}")
    check_file(server.database, verdict)
    check_log(server, verdict)


def judge(world: World, book: Book, verdict: Verdict, *, recounts: bool = False) -> None:
    jobs, kept, told = world.jobs, world.kept, world.counters
    counted = Counter(job["status"] for job in jobs.values())
    verdict.holds(told == dict(counted), "I14", f"counters {told} differ from the list {dict(counted)}")
    # First, because it says which jobs bulk actions deleted.
    bulk = many_rules.check_bulk_actions(jobs, world.actions, world.audit, book, verdict)
    many_rules.check_batches(jobs, world.batches, book, verdict)
    rules.check_submits(jobs, book, verdict)
    rules.check_keys(book, verdict)
    rules.check_replays(jobs, book, verdict, bulk["replay"])
    rules.check_deletes(jobs, kept, book, verdict)
    rules.check_acts(jobs, book, verdict, bulk["retry"])
    rules.check_kept(kept, book, verdict, recounts=recounts)
    if world.heard is not None:
        notice_rules.check_notices(jobs, world.batches, world.deliveries, world.heard, book, verdict)
    for job in jobs.values():
        check_history(job, verdict)
    rules.check_seen(jobs, book, verdict)
    verdict.figures["jobs"] += len(jobs)
    verdict.figures["completed"] += counted["COMPLETED"]
    verdict.figures["attempts"] += sum(job["attempt"] for job in jobs.values())
    verdict.figures["batches"] += len(world.batches)
    verdict.figures["bulk actions"] += len(world.actions)
    verdict.figures["callbacks kept"] += len(kept)
    verdict.figures["requests"] += len(book.asked)
    verdict.figures.update(f"requests {book.outcome(n)}" for n in book.asked)
    verdict.figures.update(f"acknowledged: {a.op}" for n, a in book.asked.items() if book.outcome(n) == "acked")
    refused = (a.said for a in book.answers.values() if a.what == "refused" and a.said is not None)
    verdict.figures.update(f"refused: {code}" for code in refused)
    worst = [a.request for a in book.answers.values() if (a.status or 0) >= 500 and a.status != 503]
    verdict.holds(not worst, "I13", f"server errors in answer to {worst[:5]}")


def check_file(path: Path, verdict: Verdict) -> None:
    """What only the file can tell; nobody serves it any more."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        for pragma, good in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            found = db.execute(f"PRAGMA {pragma}").fetchall()
            verdict.holds(found == good, "I14", f"{pragma}: {found[:3]}")
        for table, of in _OF_A_JOB:
            orphans = db.execute(f"SELECT count(*) FROM {table} WHERE {of} NOT IN (SELECT {of} FROM jobs)").fetchone()
            verdict.holds(orphans == (0,), "I14", f"{orphans} rows of {table} belong to no job")
        without = db.execute("SELECT count(*) FROM jobs WHERE n NOT IN (SELECT n FROM prompts)").fetchone()
        verdict.holds(without == (0,), "I14", f"{without} jobs have no prompt")
    finally:
        db.close()


def check_log(server: Server, verdict: Verdict) -> None:
    log = server.log.read_text(errors="replace")
    for bad in ("request_failed", "loop_failed", "Traceback"):
        # What stands around it goes along: the log itself is gone with its directory.
        before, _, after = log.partition(bad)
        verdict.holds(bad not in log, "I13", f"the log says {before[-300:]}{bad}{after[:3000]}")


async def _pages(session: aiohttp.ClientSession, first: str) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    rows: list[dict[str, Any]] = []
    url: str | None = first
    while url is not None:
        async with session.get(url) as response:
            response.raise_for_status()
            rows += await response.json()
            following = response.links.get("next")
            url = None if following is None else str(URL(str(following["url"])).relative())
    return rows


async def _every_job(session: aiohttp.ClientSession) -> dict[str, Job]:
    """Every id from the list; then each job whole."""
    ids = [row["id"] for row in await _pages(session, "/jobs?limit=200")]
    jobs: dict[str, Job] = {}
    for start in range(0, len(ids), 64):
        for job in await asyncio.gather(*(_get(session, job_id) for job_id in ids[start : start + 64])):
            assert job is not None
            jobs[job["id"]] = job
    assert len(jobs) == len(ids), "the list named a job twice"
    return jobs


async def _get(session: aiohttp.ClientSession, job_id: str) -> Job | None:
    async with session.get(f"/jobs/{job_id}") as response:
        if response.status == 404:
            return None
        response.raise_for_status()
        job: Job = await response.json()
        return job


async def _check_single_reads(session: aiohttp.ClientSession, jobs: dict[str, Job], book: Book, v: Verdict) -> None:
    """I4: a second read of a final job says the same; I1: what was acknowledged answers by its id too."""
    for job_id in book.prompts.keys() - jobs.keys() - book.may_be_gone:
        there = await _get(session, job_id) is not None
        v.holds(False, "I1", f"{job_id} was acknowledged and is {'not in the list' if there else 'gone'}")
    for job_id in list(book.deleted_at)[:: max(1, len(book.deleted_at) // 200)]:
        v.holds(await _get(session, job_id) is None, "I1", f"{job_id} was deleted, and can be read")
    some = list(jobs.values())[:: max(1, len(jobs) // 200)]
    for job in some:
        v.holds(await _get(session, job["id"]) == job, "I4", f"two reads of {job['id']} differ")


def describe(verdict: Verdict, say: Callable[[str], None], lines: Sequence[str]) -> None:
    for line in lines:
        say(line)
    for name, n in sorted(verdict.figures.items()):
        say(f"  {name:<32} {n:>9,}")
    for line in verdict.broken[:50]:
        say(f"BROKEN {line}")
    say(f"{len(verdict.broken)} violations")
