"""What a callback that changed nothing was: its sender gets a verdict that makes it stop or tells it why."""

import pytest

from job_processor.core.callbacks import CallbackVerdict, judge_callback
from job_processor.core.job import State
from job_processor.core.outcome import Progressed, Reported, Succeeded
from tests.core.given import BAD, EVERY_STATE, completed, failed, waiting


def test_the_same_result_again_is_a_duplicate_and_another_is_different() -> None:
    assert judge_callback(completed("r"), Reported(Succeeded("r"), 1)) is CallbackVerdict.DUPLICATE
    assert judge_callback(completed("r"), Reported(Succeeded("R"), 1)) is CallbackVerdict.DIFFERENT


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_success_for_a_failed_or_cancelled_job_is_late(state: State) -> None:
    assert judge_callback(EVERY_STATE[state](), Reported(Succeeded("r"), 1)) is CallbackVerdict.LATE


def test_a_failure_for_a_failed_job_is_a_duplicate_and_for_any_other_stale() -> None:
    assert judge_callback(failed(), Reported(BAD, 1)) is CallbackVerdict.DUPLICATE
    for state in (State.COMPLETED, State.CANCELLED, State.PENDING, State.WAITING):
        assert judge_callback(EVERY_STATE[state](), Reported(BAD, 1)) is CallbackVerdict.STALE


def test_progress_that_came_too_late_is_stale() -> None:
    for state in State:
        assert judge_callback(EVERY_STATE[state](), Progressed("half")) is CallbackVerdict.STALE


def test_a_refused_result_of_an_old_attempt_is_stale_while_the_job_goes_on() -> None:
    assert judge_callback(waiting(), Reported(Succeeded("bad"), 7)) is CallbackVerdict.STALE
