"""A ledger and what a server showed at the end of a run, in order, for tests to put in disorder."""

import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.book import Book, Verdict
from tests.faults.checker import World, judge
from tests.faults.history import Job
from tests.faults.ledger import Ledger
from tests.faults.rules import Kept

DONE = "0" * 23 + "1"
CALLED_OFF = "0" * 23 + "2"
AGAIN = "0" * 23 + "3"
"""A replay of the first."""
TAKEN = "0" * 23 + "4"
"""FAILED, and completed by a late result that a person took."""
DELETED = "0" * 23 + "5"


def event(what: str, attempt: int | None = None, at: str = "t1") -> dict[str, Any]:
    return {"what": what, "attempt": attempt, "at": at}


def jobs_in_order() -> dict[str, Job]:
    attempt = {"number": 1, "end": "succeeded"}
    done: Job = {
        **{"id": DONE, "prompt": "one", "status": "COMPLETED", "result": "r", "finishedAt": "t9"},
        **{"attempt": 1, "failures": 0, "maxAttempts": 3, "attempts": [attempt], "replayOf": None},
        **{"batchId": None, "batchLine": None, "tags": []},
        "history": [
            event("submitted"),
            event("started", 1),
            event("accepted", 1),
            event("completed", 1, "t9"),
        ],
    }
    called_off: Job = {
        **{"id": CALLED_OFF, "prompt": "two", "status": "CANCELLED", "result": None, "finishedAt": "t5"},
        **{"attempt": 0, "failures": 0, "maxAttempts": 3, "attempts": [], "replayOf": None},
        **{"batchId": None, "batchLine": None, "tags": []},
        "history": [event("submitted"), event("cancelled", None, "t5"), event("cancel_answered", 1, "t6")],
    }
    taken: Job = {
        **{"id": TAKEN, "prompt": "four", "status": "COMPLETED", "result": "late", "finishedAt": "t8"},
        **{"attempt": 0, "failures": 0, "maxAttempts": 3, "attempts": [], "replayOf": None},
        **{"batchId": None, "batchLine": None, "tags": []},
        "history": [
            event("submitted"),
            event("cancelled", None, "t5"),
            event("late_result", 1, "t6"),
            event("result_accepted", None, "t8"),
        ],
    }
    again: Job = {**copy.deepcopy(done), "id": AGAIN, "replayOf": DONE}
    return {job["id"]: job for job in (done, called_off, taken, again)}


def callbacks_in_order() -> list[Kept]:
    """A late result that a person took, and another one of a job that is COMPLETED."""
    late = {
        **{"id": "c1", "jobId": TAKEN, "attempt": None, "executionId": None, "flow": None, "said": "result"},
        **{"content": "late", "verdict": "accepted", "deliveries": 1},
    }
    return [late, {**late, "id": "c2", "jobId": DONE, "content": "other", "verdict": "different", "deliveries": 2}]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.answered(ledger.sent("submit", prompt="one", key="k"), "acked", status=201, job=DONE)
    ledger.answered(ledger.sent("submit", prompt="two"), "acked", status=201, job=CALLED_OFF)
    ledger.answered(ledger.sent("cancel", job=CALLED_OFF), "acked", status=200)
    ledger.answered(ledger.sent("report", job=DONE, result="r"), "acked", status=200, said="applied")
    ledger.sent("report", job=DONE, result="other")
    other = ledger.sent("report", job=DONE, result="other")
    ledger.answered(other, "refused", status=409, said="different_result")
    ledger.answered(ledger.sent("replay", job=DONE), "acked", status=201, job=AGAIN)
    ledger.answered(ledger.sent("submit", prompt="four"), "acked", status=201, job=TAKEN)
    ledger.answered(ledger.sent("cancel", job=TAKEN), "acked", status=200)
    late = ledger.sent("report", job=TAKEN, result="late")
    ledger.answered(late, "refused", status=409, said="late_result")
    ledger.answered(ledger.sent("accept", job=TAKEN, callback="c1", result="late"), "acked", status=200)
    ledger.answered(ledger.sent("submit", prompt="five", key="k5"), "acked", status=201, job=DELETED)
    ledger.answered(ledger.sent("delete", job=DELETED), "acked", status=204)
    ledger.answered(ledger.sent("read", job=DELETED), "refused", status=404, said="job_not_found")
    misused = ledger.sent("submit", prompt="not five", key="k")
    ledger.answered(misused, "refused", status=422, said="idempotency_mismatch")
    ledger.saw(DONE, "COMPLETED", "r", "t9")
    ledger.saw(CALLED_OFF, "CANCELLED", None, "t5")
    yield ledger
    ledger.close()


def world_of(jobs: dict[str, Job]) -> World:
    return World(jobs, dict(Counter(job["status"] for job in jobs.values())), callbacks_in_order())


def broken(world: World, ledger: Ledger) -> list[str]:
    verdict = Verdict()
    judge(world, Book.read(ledger), verdict)
    return verdict.broken


def judged(
    jobs: dict[str, Job], ledger: Ledger, told: dict[str, int] | None = None, kept: list[Kept] | None = None
) -> set[str]:
    """The invariants that are broken."""
    world = world_of(jobs)
    if told is not None:
        world.counters = told
    if kept is not None:
        world.kept = kept
    return {line.partition(":")[0] for line in broken(world, ledger)}
