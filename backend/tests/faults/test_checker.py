"""The judge itself: a world that breaks one rule is found guilty of that rule."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import Book, Job, Verdict, judge
from tests.faults.ledger import Ledger

DONE = "0" * 23 + "1"
CALLED_OFF = "0" * 23 + "2"


def _event(what: str, attempt: int | None = None, at: str = "t1") -> dict[str, Any]:
    return {"what": what, "attempt": attempt, "at": at}


def _jobs() -> dict[str, Job]:
    attempt = {"number": 1, "end": "succeeded"}
    done = {
        **{"id": DONE, "prompt": "one", "status": "COMPLETED", "result": "r", "finishedAt": "t9"},
        **{"attempt": 1, "failures": 0, "maxAttempts": 3, "attempts": [attempt]},
        "history": [
            _event("submitted"),
            _event("started", 1),
            _event("accepted", 1),
            _event("completed", 1, "t9"),
        ],
    }
    called_off = {
        **{"id": CALLED_OFF, "prompt": "two", "status": "CANCELLED", "result": None, "finishedAt": "t5"},
        **{"attempt": 0, "failures": 0, "maxAttempts": 3, "attempts": []},
        "history": [_event("submitted"), _event("cancelled", None, "t5"), _event("cancel_answered", 1, "t6")],
    }
    return {DONE: done, CALLED_OFF: called_off}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.answered(ledger.sent("submit", prompt="one", key="k"), "acked", status=201, job=DONE)
    ledger.answered(ledger.sent("submit", prompt="two"), "acked", status=201, job=CALLED_OFF)
    ledger.answered(ledger.sent("cancel", job=CALLED_OFF), "acked", status=200)
    ledger.answered(ledger.sent("report", job=DONE, result="r"), "acked", status=200, said="applied")
    ledger.saw(DONE, "COMPLETED", "r", "t9")
    ledger.saw(CALLED_OFF, "CANCELLED", None, "t5")
    yield ledger
    ledger.close()


def _judged(jobs: dict[str, Job], ledger: Ledger, told: dict[str, int] | None = None) -> set[str]:
    verdict = Verdict()
    counted = {"COMPLETED": 1, "CANCELLED": 1} if told is None else told
    judge(jobs, Book.read(ledger), counted, verdict)
    return {line.partition(":")[0] for line in verdict.broken}


def test_a_world_in_order_is_acquitted(ledger: Ledger) -> None:
    assert _judged(_jobs(), ledger) == set()


def _altered_prompt(jobs: dict[str, Job]) -> None:
    jobs[DONE]["prompt"] = "One"


def _lost(jobs: dict[str, Job]) -> None:
    del jobs[DONE]


def _lost_after_a_cancel(jobs: dict[str, Job]) -> None:
    del jobs[CALLED_OFF]


def _completed_twice(jobs: dict[str, Job]) -> None:
    jobs[DONE]["history"].append(_event("completed", 1, "t9"))


def _other_result(jobs: dict[str, Job]) -> None:
    jobs[DONE]["result"] = "another"


def _forgotten_cancel(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"][1:] = [_event("failed", None, "t5")]
    jobs[CALLED_OFF]["status"] = "FAILED"


def _answer_without_a_cancel(jobs: dict[str, Job]) -> None:
    jobs[DONE]["history"].append(_event("cancel_answered", 1, "t9"))


def _unasked_retry(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"] += [_event("retried"), _event("cancelled", None, "t7")]


def _open_for_ever(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"] += [_event("retried")]
    jobs[CALLED_OFF]["status"] = "PENDING"


def _skipped_attempt(jobs: dict[str, Job]) -> None:
    jobs[DONE]["history"][1]["attempt"] = 2


def _too_many_failures(jobs: dict[str, Job]) -> None:
    jobs[DONE]["maxAttempts"] = -1


def _open_attempt(jobs: dict[str, Job]) -> None:
    jobs[DONE]["attempts"][0]["end"] = None


def _history_and_state_differ(jobs: dict[str, Job]) -> None:
    jobs[DONE]["history"].pop()


def _phantom(jobs: dict[str, Job]) -> None:
    phantom = copy.deepcopy(jobs[CALLED_OFF])
    jobs["f" * 24] = {**phantom, "id": "f" * 24, "prompt": "nobody asked"}


def _made_twice(jobs: dict[str, Job]) -> None:
    jobs["f" * 24] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": "f" * 24}


@pytest.mark.parametrize(
    ("harm", "invariant"),
    [
        (_altered_prompt, "I1"),
        (_lost, "I1"),
        (_lost_after_a_cancel, "I1"),
        (_forgotten_cancel, "I1"),
        (_answer_without_a_cancel, "I5"),
        (_phantom, "I2"),
        (_made_twice, "I3"),
        (_completed_twice, "I4"),
        (_other_result, "I4"),
        (_other_result, "I5"),
        (_unasked_retry, "I5"),
        (_open_for_ever, "I6"),
        (_open_attempt, "I7"),
        (_skipped_attempt, "I9"),
        (_too_many_failures, "I9"),
        (_history_and_state_differ, "I14"),
    ],
)
def test_each_broken_rule_is_found(ledger: Ledger, harm: Callable[[dict[str, Job]], None], invariant: str) -> None:
    jobs = _jobs()
    harm(jobs)

    assert invariant in _judged(jobs, ledger)


def test_one_key_that_made_two_jobs_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="one", key="k"), "acked", status=201, job=CALLED_OFF)

    assert "I3" in _judged(_jobs(), ledger)


def test_counters_that_are_wrong_are_found(ledger: Ledger) -> None:
    assert "I14" in _judged(_jobs(), ledger, {"COMPLETED": 2})


def test_a_refused_request_that_made_a_job_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="three"), "refused", status=503)
    jobs = _jobs()
    jobs["f" * 24] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": "f" * 24, "prompt": "three"}

    assert "I2" in _judged(jobs, ledger)
