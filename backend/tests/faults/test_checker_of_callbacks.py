"""The checker itself: reports, kept callbacks and counters that break one rule are found guilty of that rule."""

from collections.abc import Callable

import pytest

from tests.faults.checked import DELETED, DONE, callbacks_in_order, jobs_in_order, judged, ledger
from tests.faults.ledger import Ledger
from tests.faults.rules import Kept

__all__ = ["ledger"]


def test_an_applied_error_that_is_nowhere_is_found(ledger: Ledger) -> None:
    ledger.answered(ledger.sent("report", job=DONE, error="e"), "acked", status=200, said="applied")

    assert "I1" in judged(jobs_in_order(), ledger)


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
    kept = callbacks_in_order()
    harm(kept)

    assert judged(jobs_in_order(), ledger, kept=kept) == {invariant}


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
    kept = callbacks_in_order()
    kept.append({**kept[1], "id": "c5", "jobId": job, "content": "of a job that is gone"})

    assert judged(jobs_in_order(), ledger, kept=kept) == set()


def test_counters_that_are_wrong_are_found(ledger: Ledger) -> None:
    assert "I14" in judged(jobs_in_order(), ledger, {"COMPLETED": 4})
