"""The one judge after every campaign: ledger against server against file. Says which invariant broke, and where.

The numbers are those of docs/reliability.md.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import apsw
from yarl import URL

from tests.faults.ledger import Entry, Ledger
from tests.faults.load import FINAL

Job = dict[str, Any]
# what happened → the states it may happen in, and the state after it. It is written down here once more, apart
# from the code that it judges.
_OPEN = frozenset({"PENDING", "RUNNING", "WAITING"})
_FLIGHT = frozenset({"RUNNING", "WAITING"})
_MOVES = {
    "submitted": (frozenset({"NEW"}), "PENDING"),
    "started": (frozenset({"PENDING"}), "RUNNING"),
    "accepted": (frozenset({"RUNNING"}), "WAITING"),
    "snoozed": (_FLIGHT, "PENDING"),
    "attempt_failed": (_FLIGHT, "PENDING"),
    "lease_lost": (frozenset({"RUNNING"}), "PENDING"),
    "callback_overdue": (frozenset({"WAITING"}), "PENDING"),
    "completed": (_OPEN, "COMPLETED"),
    "failed": (_OPEN, "FAILED"),
    "cancelled": (_OPEN, "CANCELLED"),
    "retried": (frozenset({"FAILED", "CANCELLED"}), "PENDING"),
    "result_accepted": (frozenset({"FAILED", "CANCELLED"}), "COMPLETED"),
}
_COUNTED = ("attempt_failed", "lease_lost", "callback_overdue")


@dataclass(slots=True)
class Book:
    """The ledger, read back from its file and sorted by what it can prove."""

    submits: dict[int, Entry] = field(default_factory=dict)
    answers: dict[int, Entry] = field(default_factory=dict)
    asked: dict[int, Entry] = field(default_factory=dict)
    seen: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls, ledger: Ledger) -> "Book":
        book = cls()
        for entry in ledger.entries():
            if entry.what == "saw":
                book.seen.append(entry)
            elif entry.what == "sent":
                book.asked[entry.request] = entry
                if entry.op == "submit":
                    book.submits[entry.request] = entry
            else:
                book.answers[entry.request] = entry
        return book

    def outcome(self, request: int) -> str:
        """``unknown`` too when the client itself was cut off before it could write an answer down."""
        answer = self.answers.get(request)
        return "unknown" if answer is None else answer.what

    def acked(self, op: str) -> list[tuple[Entry, Entry]]:
        return [
            (asked, self.answers[number])
            for number, asked in self.asked.items()
            if asked.op == op and self.outcome(number) == "acked"
        ]


@dataclass(slots=True)
class Verdict:
    """``broken``: one line for each violation, none if all holds. ``figures``: what was looked at."""

    broken: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def holds(self, truth: bool, invariant: str, what: str) -> None:
        self.figures[f"checks {invariant}"] += 1
        if not truth:
            self.broken.append(f"{invariant}: {what}")


async def all_final(base: str, seconds: float) -> bool:
    """Wait until no job is open (I6): with the faults over, every one must come to its end."""
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession(base) as session:
        while True:
            async with session.get("/stats") as response:
                by_status = (await response.json())["byStatus"]
            if not any(by_status.get(state, 0) for state in _OPEN):
                return True
            if time.monotonic() > until:
                return False
            await asyncio.sleep(0.1)


async def check(base: str, ledger: Ledger, verdict: Verdict) -> None:
    """All that can be asked of a running server whose faults are over."""
    book = Book.read(ledger)
    async with aiohttp.ClientSession(base) as session:
        jobs = await _every_job(session)
        await _check_single_reads(session, jobs, book, verdict)
        async with session.get("/stats") as response:
            stats = await response.json()
    told = {state: n for state, n in stats["byStatus"].items() if n}
    judge(jobs, book, told, verdict)


def judge(jobs: dict[str, Job], book: Book, told: dict[str, int], verdict: Verdict) -> None:
    """``jobs``: every job as the server gave it out; ``told``: its own counters."""
    counted = Counter(job["status"] for job in jobs.values())
    verdict.holds(told == dict(counted), "I14", f"counters {told} differ from the list {dict(counted)}")
    _check_submits(jobs, book, verdict)
    _check_acts(jobs, book, verdict)
    for job in jobs.values():
        _check_history(job, verdict)
    _check_seen(jobs, book, verdict)
    verdict.figures["jobs"] += len(jobs)
    verdict.figures["completed"] += counted["COMPLETED"]
    verdict.figures["attempts"] += sum(job["attempt"] for job in jobs.values())
    verdict.figures["requests"] += len(book.asked)
    verdict.figures.update(f"requests {book.outcome(n)}" for n in book.asked)
    worst = [a.request for a in book.answers.values() if (a.status or 0) >= 500 and a.status != 503]
    verdict.holds(not worst, "I13", f"server errors in answer to {worst[:5]}")


def check_file(path: Path, verdict: Verdict) -> None:
    """What only the file can tell; nobody serves it any more."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        for pragma, good in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            found = db.execute(f"PRAGMA {pragma}").fetchall()
            verdict.holds(found == good, "I14", f"{pragma}: {found[:3]}")
        for table, of in (("prompts", "n"), ("results", "n"), ("keys", "n"), ("job_tags", "id")):
            orphans = db.execute(f"SELECT count(*) FROM {table} WHERE {of} NOT IN (SELECT {of} FROM jobs)").fetchone()
            verdict.holds(orphans == (0,), "I14", f"{orphans} rows of {table} belong to no job")
    finally:
        db.close()


async def _every_job(session: aiohttp.ClientSession) -> dict[str, Job]:
    """Every id from the list, page by page; then each job whole."""
    ids: list[str] = []
    url: str | None = "/jobs?limit=200"
    while url is not None:
        async with session.get(url) as response:
            ids += [job["id"] for job in await response.json()]
            following = response.links.get("next")
            url = None if following is None else str(URL(following["url"]).relative())
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
    missing = [a.job for _, a in book.acked("submit") if a.job is not None and a.job not in jobs]
    for job_id in missing:
        there = await _get(session, job_id) is not None
        v.holds(False, "I1", f"{job_id} was acknowledged and is {'not in the list' if there else 'gone'}")
    some = list(jobs.values())[:: max(1, len(jobs) // 200)]
    for job in some:
        v.holds(await _get(session, job["id"]) == job, "I4", f"two reads of {job['id']} differ")


def _check_submits(jobs: dict[str, Job], book: Book, v: Verdict) -> None:
    by_prompt: dict[str, list[str]] = defaultdict(list)
    for job in jobs.values():
        by_prompt[job["prompt"]].append(job["id"])
    asked_for: dict[str, list[int]] = defaultdict(list)
    keys: dict[str, set[str]] = defaultdict(set)
    for number, entry in book.submits.items():
        assert entry.prompt is not None
        asked_for[entry.prompt].append(number)
        if book.outcome(number) == "acked":
            job_id = book.answers[number].job
            assert job_id is not None
            # A prompt is in the request's entry byte for byte, and is in no other request but its repetitions.
            kept = jobs.get(job_id)
            v.holds(kept is not None and kept["prompt"] == entry.prompt, "I1", f"{job_id} is not as acknowledged")
            if entry.key is not None:
                keys[entry.key].add(job_id)
    for prompt, ids in by_prompt.items():
        outcomes = {book.outcome(n) for n in asked_for.get(prompt, [])}
        v.holds(bool(outcomes & {"acked", "unknown"}), "I2", f"nobody was let ask for {ids}")
        # Without a key a prompt is asked for once, with one again and again: one job in both cases.
        v.holds(len(ids) == 1, "I3", f"one submission made {ids}")
    for key, made in keys.items():
        v.holds(len(made) == 1, "I3", f"the key {key} was answered with {made}")


def _check_acts(jobs: dict[str, Job], book: Book, v: Verdict) -> None:
    """What the client was told it had done is in the job's history, and no more than it can have asked for."""
    happened = {job["id"]: Counter(e["what"] for e in job["history"]) for job in jobs.values()}
    tried: dict[tuple[str, str], int] = Counter(
        (e.op, e.job) for n, e in book.asked.items() if e.job is not None and book.outcome(n) != "refused"
    )
    told: dict[tuple[str, str], int] = Counter((e.op, e.job) for e, _ in book.acked("retry") if e.job is not None)
    for asked, _ in book.acked("cancel"):
        assert asked.job is not None
        known = happened.get(asked.job, Counter())
        v.holds(known["cancelled"] >= 1, "I1", f"the cancel of {asked.job} was acknowledged and is lost")
    for job_id, what in happened.items():
        least, most = told.get(("retry", job_id), 0), tried.get(("retry", job_id), 0)
        v.holds(least <= what["retried"] <= most, "I5", f"{job_id}: {what['retried']} retries, asked for {most}")
    for asked, answer in book.acked("report"):
        assert asked.job is not None
        if answer.said == "applied":
            job = jobs.get(asked.job)
            same = job is not None and job["status"] == "COMPLETED" and job["result"] == asked.result
            v.holds(same, "I4", f"the result of {asked.job} was applied and is not there")


def _check_history(job: Job, v: Verdict) -> None:
    """I4, I5, I9, I14: the history is a legal path, ends where the job is, and its attempts count up by one."""
    name = job["id"]
    state, attempt, failures, completions = "NEW", 0, 0, 0
    called_off = ended = False
    for event in job["history"]:
        called_off |= event["what"] == "cancelled"
        if event["what"] == "cancel_answered":
            v.holds(called_off, "I5", f"{name}: an answer to a cancel, and there was none")
            continue
        if event["what"] == "asked":
            v.holds(state == "WAITING", "I5", f"{name}: somebody was asked in state {state}")
            continue
        if event["what"] == "late_result":
            ended |= state in FINAL
            v.holds(ended, "I5", f"{name}: a result was too late, and the job had not ended")
            continue
        may_be, after = _MOVES[event["what"]]
        v.holds(state in may_be, "I5", f"{name}: {event['what']} in state {state}")
        state = after
        if event["what"] == "started":
            v.holds(event["attempt"] == attempt + 1, "I9", f"{name}: attempt {event['attempt']} after {attempt}")
            attempt = event["attempt"]
        failures += event["what"] in _COUNTED
        completions += after == "COMPLETED"
    v.holds(completions <= 1, "I4", f"{name} was completed {completions} times")
    v.holds(state == job["status"], "I14", f"{name} is {job['status']}, its history ends in {state}")
    v.holds(job["status"] in FINAL, "I6", f"{name} is still {job['status']}")
    v.holds(job["attempt"] == attempt, "I9", f"{name} counts {job['attempt']} attempts, its history {attempt}")
    v.holds(failures == job["failures"], "I9", f"{name} counts {job['failures']} failures, its history {failures}")
    v.holds(job["failures"] <= job["maxAttempts"], "I9", f"{name}: {job['failures']} of {job['maxAttempts']} failures")
    ends = [a["end"] for a in job["attempts"]]
    v.holds(None not in ends, "I7", f"{name} is final and has an open attempt: {ends}")
    v.holds((job["result"] is not None) == (job["status"] == "COMPLETED"), "I4", f"{name}: {job['status']} and result")


def _check_seen(jobs: dict[str, Job], book: Book, v: Verdict) -> None:
    """I5: a final state that was read once is there for good, unless a retry that was asked for came after it."""
    for entry in book.seen:
        assert entry.job is not None
        assert entry.state is not None
        job = jobs.get(entry.job)
        if job is None:
            v.holds(False, "I1", f"{entry.job} was seen {entry.state} and is gone")
        elif entry.state == "COMPLETED":
            now = (job["status"], job["result"], job["finishedAt"])
            v.holds(now == (entry.state, entry.result, entry.finished), "I5", f"{entry.job} was COMPLETED otherwise")
        else:
            kept = any(e["what"] == entry.state.lower() and e["at"] == entry.finished for e in job["history"])
            v.holds(kept, "I5", f"{entry.job} was seen {entry.state} at {entry.finished}; its history knows nothing")


def describe(verdict: Verdict, say: Callable[[str], None], lines: Sequence[str]) -> None:
    for line in lines:
        say(line)
    for name, n in sorted(verdict.figures.items()):
        say(f"  {name:<20} {n:>9,}")
    for line in verdict.broken[:50]:
        say(f"BROKEN {line}")
    say(f"{len(verdict.broken)} violations")
