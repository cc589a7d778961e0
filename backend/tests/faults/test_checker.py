"""The checker itself: jobs or keys that break one rule are found guilty of that rule."""

import copy
from collections.abc import Callable

import pytest

from tests.faults.checked import (
    AGAIN,
    CALLED_OFF,
    DELETED,
    DONE,
    TAKEN,
    event,
    jobs_in_order,
    judged,
    ledger,
)
from tests.faults.history import Job
from tests.faults.ledger import Ledger

__all__ = ["ledger"]


def test_a_world_in_order_is_acquitted(ledger: Ledger) -> None:
    assert judged(jobs_in_order(), ledger) == set()


def _altered_prompt(jobs: dict[str, Job]) -> None:
    jobs[DONE]["prompt"] = "One"


def _lost(jobs: dict[str, Job]) -> None:
    del jobs[DONE]


def _lost_after_a_cancel(jobs: dict[str, Job]) -> None:
    del jobs[CALLED_OFF]


def _completed_twice(jobs: dict[str, Job]) -> None:
    jobs[DONE]["history"].append(event("completed", 1, "t9"))


def _other_result(jobs: dict[str, Job]) -> None:
    jobs[DONE]["result"] = "another"


def _forgotten_cancel(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"][1:] = [event("failed", None, "t5")]
    jobs[CALLED_OFF]["status"] = "FAILED"


def _answer_without_a_cancel(jobs: dict[str, Job]) -> None:
    jobs[DONE]["history"].append(event("cancel_answered", 1, "t9"))


def _unasked_retry(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"] += [event("retried"), event("cancelled", None, "t7")]


def _open_for_ever(jobs: dict[str, Job]) -> None:
    jobs[CALLED_OFF]["history"] += [event("retried")]
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
    jobs[CALLED_OFF]["history"].append(event("result_accepted", None, "t9"))
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
    jobs = jobs_in_order()
    harm(jobs)

    assert invariant in judged(jobs, ledger)


def test_one_key_that_made_two_jobs_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="one", key="k"), "acked", status=201, job=CALLED_OFF)

    assert "I3" in judged(jobs_in_order(), ledger)


def test_a_key_of_a_deleted_job_may_be_used_again(ledger: Ledger) -> None:
    made = "0" * 23 + "6"
    ledger.answered(ledger.sent("submit", prompt="five", key="k5"), "acked", status=201, job=made)
    jobs = jobs_in_order()
    jobs[made] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": made, "prompt": "five"}

    assert judged(jobs, ledger) == set()


def test_a_key_that_was_refused_before_it_made_this_job_is_in_order(ledger: Ledger) -> None:
    """Another body had the key meanwhile; that job was deleted, and the key was free again."""
    others, made = "0" * 23 + "6", "0" * 23 + "7"
    ledger.answered(ledger.sent("submit", prompt="six", key="k5"), "acked", status=201, job=others)
    ledger.answered(ledger.sent("submit", prompt="five", key="k5"), "refused", status=422, said="idempotency_mismatch")
    ledger.answered(ledger.sent("delete", job=others), "acked", status=204)
    ledger.answered(ledger.sent("submit", prompt="five", key="k5"), "acked", status=201, job=made)
    jobs = jobs_in_order()
    jobs[made] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": made, "prompt": "five"}

    assert judged(jobs, ledger) == set()


def test_a_key_that_is_refused_to_its_own_body_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="one", key="k"), "refused", status=422, said="idempotency_mismatch")

    assert "I3" in judged(jobs_in_order(), ledger)


def test_a_key_that_nobody_used_and_is_refused_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="z", key="z"), "refused", status=422, said="idempotency_mismatch")

    assert "I3" in judged(jobs_in_order(), ledger)


def test_one_job_for_two_bodies_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="another", key="k"), "acked", status=201, job=DONE)

    assert "I3" in judged(jobs_in_order(), ledger)


@pytest.mark.parametrize("op", ["read", "retry", "cancel", "report", "delete", "replay"])
def test_an_answer_about_a_deleted_job_is_found(ledger: Ledger, op: str) -> None:
    ledger.answered(ledger.sent(op, job=DELETED), "acked", status=200, job="f" * 24)

    assert "I5" in judged(jobs_in_order(), ledger)


def test_a_refused_request_that_made_a_job_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("submit", prompt="three"), "refused", status=503)
    jobs = jobs_in_order()
    jobs["f" * 24] = {**copy.deepcopy(jobs[CALLED_OFF]), "id": "f" * 24, "prompt": "three"}

    assert "I2" in judged(jobs, ledger)
