"""The judge itself: a world that breaks one rule is found guilty of that rule."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.book import Book, Verdict
from tests.faults.checker import judge
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


def _event(what: str, attempt: int | None = None, at: str = "t1") -> dict[str, Any]:
    return {"what": what, "attempt": attempt, "at": at}


def _jobs() -> dict[str, Job]:
    attempt = {"number": 1, "end": "succeeded"}
    done: Job = {
        **{"id": DONE, "prompt": "one", "status": "COMPLETED", "result": "r", "finishedAt": "t9"},
        **{"attempt": 1, "failures": 0, "maxAttempts": 3, "attempts": [attempt], "replayOf": None},
        "history": [
            _event("submitted"),
            _event("started", 1),
            _event("accepted", 1),
            _event("completed", 1, "t9"),
        ],
    }
    called_off: Job = {
        **{"id": CALLED_OFF, "prompt": "two", "status": "CANCELLED", "result": None, "finishedAt": "t5"},
        **{"attempt": 0, "failures": 0, "maxAttempts": 3, "attempts": [], "replayOf": None},
        "history": [_event("submitted"), _event("cancelled", None, "t5"), _event("cancel_answered", 1, "t6")],
    }
    taken: Job = {
        **{"id": TAKEN, "prompt": "four", "status": "COMPLETED", "result": "late", "finishedAt": "t8"},
        **{"attempt": 0, "failures": 0, "maxAttempts": 3, "attempts": [], "replayOf": None},
        "history": [
            _event("submitted"),
            _event("cancelled", None, "t5"),
            _event("late_result", 1, "t6"),
            _event("result_accepted", None, "t8"),
        ],
    }
    again: Job = {**copy.deepcopy(done), "id": AGAIN, "replayOf": DONE}
    return {job["id"]: job for job in (done, called_off, taken, again)}


def _kept() -> list[Kept]:
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


def _judged(
    jobs: dict[str, Job], ledger: Ledger, told: dict[str, int] | None = None, kept: list[Kept] | None = None
) -> set[str]:
    verdict = Verdict()
    counted = dict(Counter(job["status"] for job in jobs.values())) if told is None else told
    judge(jobs, _kept() if kept is None else kept, Book.read(ledger), counted, verdict)
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


def _lost_replay(jobs: dict[str, Job]) -> None:
    del jobs[AGAIN]


def _unasked_replay(jobs: dict[str, Job]) -> None:
    jobs["f" * 24] = {**copy.deepcopy(jobs[AGAIN]), "id": "f" * 24}


def _replay_of_something_else(jobs: dict[str, Job]) -> None:
    jobs[AGAIN]["replayOf"] = CALLED_OFF


def _deleted_and_back(jobs: dict[str, Job]) -> None:
    jobs[DELETED] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": DELETED, "prompt": "five"}


def _accepted_and_lost(jobs: dict[str, Job]) -> None:
    del jobs[TAKEN]["history"][-1]
    jobs[TAKEN] |= {"status": "CANCELLED", "result": None}


def _unasked_accept(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"].append(_event("result_accepted", None, "t9"))
    jobs[CALLED_OFF] |= {"status": "COMPLETED", "result": "r"}


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
        (_lost_replay, "I1"),
        (_unasked_replay, "I2"),
        (_replay_of_something_else, "I1"),
        (_deleted_and_back, "I1"),
        (_accepted_and_lost, "I4"),
        (_unasked_accept, "I5"),
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


def test_a_key_of_a_deleted_job_may_be_used_again(ledger: Ledger) -> None:
    made = "0" * 23 + "6"
    ledger.answered(ledger.sent("submit", prompt="five", key="k5"), "acked", status=201, job=made)
    jobs = _jobs()
    jobs[made] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": made, "prompt": "five"}

    assert _judged(jobs, ledger) == set()


def test_a_key_that_is_refused_to_its_own_body_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="one", key="k"), "refused", status=422, said="idempotency_mismatch")

    assert "I3" in _judged(_jobs(), ledger)


def test_a_key_that_nobody_used_and_is_refused_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="z", key="z"), "refused", status=422, said="idempotency_mismatch")

    assert "I3" in _judged(_jobs(), ledger)


def test_one_job_for_two_bodies_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="another", key="k"), "acked", status=201, job=DONE)

    assert "I3" in _judged(_jobs(), ledger)


@pytest.mark.parametrize("op", ["read", "retry", "cancel", "report", "delete", "replay"])
def test_an_answer_about_a_deleted_job_is_found(ledger: Ledger, op: str) -> None:
    ledger.answered(ledger.sent(op, job=DELETED), "acked", status=200, job="f" * 24)

    assert "I5" in _judged(_jobs(), ledger)


def test_an_applied_error_that_is_nowhere_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("report", job=DONE, error="e"), "acked", status=200, said="applied")

    assert "I1" in _judged(_jobs(), ledger)


def _not_kept(kept: list[Kept]) -> None:
    kept.pop(0)


def _kept_twice(kept: list[Kept]) -> None:
    kept.append({**kept[0], "id": "c3"})


def _too_many_deliveries(kept: list[Kept]) -> None:
    kept[1]["deliveries"] = 3


def _too_few_deliveries(kept: list[Kept]) -> None:
    kept[1]["deliveries"] = 0


def _of_a_deleted_job(kept: list[Kept]) -> None:
    kept[1] |= {"jobId": DELETED, "content": "of nobody"}
    kept.append({**kept[1], "id": "c4", "jobId": DONE, "content": "other"})


@pytest.mark.parametrize(
    ("harm", "invariant"),
    [
        (_not_kept, "I1"),
        (_kept_twice, "I14"),
        (_too_many_deliveries, "I3"),
        (_too_few_deliveries, "I3"),
        (_of_a_deleted_job, "I14"),
    ],
)
def test_an_inbox_in_disorder_is_found(ledger: Ledger, harm: Callable[[list[Kept]], None], invariant: str) -> None:
    kept = _kept()
    harm(kept)

    assert _judged(_jobs(), ledger, kept=kept) == {invariant}


@pytest.mark.parametrize("report_is_answered_first", [True, False])
def test_a_report_that_was_kept_while_its_job_was_deleted_may_stay(
    ledger: Ledger, report_is_answered_first: bool
) -> None:
    job = "0" * 23 + "7"
    ledger.answered(ledger.sent("submit", prompt="six"), "acked", status=201, job=job)
    reported, deleted = ledger.sent("report", job=job), ledger.sent("delete", job=job)
    answers = [(reported, "refused", 409), (deleted, "acked", 204)]
    for request, what, status in answers if report_is_answered_first else reversed(answers):
        ledger.answered(request, what, status=status)
    kept = _kept()
    kept.append({**kept[1], "id": "c5", "jobId": job, "content": "of a job that is gone"})

    assert _judged(_jobs(), ledger, kept=kept) == set()


def test_counters_that_are_wrong_are_found(ledger: Ledger) -> None:
    assert "I14" in _judged(_jobs(), ledger, {"COMPLETED": 4})


def test_a_refused_request_that_made_a_job_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="three"), "refused", status=503)
    jobs = _jobs()
    jobs["f" * 24] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": "f" * 24, "prompt": "three"}

    assert "I2" in _judged(jobs, ledger)
