"""Rule 2, the other half: a failure, a promise, a snooze or progress counts from the current lease only."""

import pytest

from job_processor.core.job import Job, State
from job_processor.core.outcome import Accepted, Deferred, Failed, Outcome, Progressed, Reported
from tests.core.given import (
    BAD,
    EVERY_STATE,
    FATAL,
    NOW,
    after,
    calls_back,
    claimed,
    pending,
    running,
    says,
    tried,
    waiting,
)

NOT_A_SUCCESS: list[Outcome] = [BAD, FATAL, Accepted(60_000), Deferred(NOW, "rate_limited", "429")]


def taken_over() -> Job:
    """Attempt 2 is under way; the worker of attempt 1 was paused and does not know."""
    again = after(running(), says(BAD, "t1"))
    return claimed(again, "t2", again.run_at, owner="w2")


@pytest.mark.parametrize("outcome", NOT_A_SUCCESS)
def test_a_zombie_changes_nothing_by_anything_but_success(outcome: Outcome) -> None:
    job = taken_over()

    assert tried(job, says(outcome, "t1", 1)) is None
    # The attempt number alone proves nothing to a worker: the token decides.
    assert tried(job, says(outcome, "t1", 2)) is None


@pytest.mark.parametrize("outcome", NOT_A_SUCCESS)
@pytest.mark.parametrize("state", [s for s in State if s not in (State.RUNNING, State.WAITING)])
def test_a_job_that_nobody_holds_takes_only_successes(state: State, outcome: Outcome) -> None:
    job = EVERY_STATE[state]()

    assert tried(job, says(outcome, "t1", job.attempt)) is None
    assert tried(job, calls_back(outcome, job.attempt)) is None
    assert tried(job, calls_back(outcome)) is None


def test_a_failure_by_callback_counts_for_its_own_attempt_only() -> None:
    job = taken_over()

    assert tried(job, calls_back(BAD, 1)) is None
    assert after(job, calls_back(BAD, 2)).state is State.PENDING


def test_a_callback_without_a_number_speaks_for_the_current_attempt() -> None:
    assert after(waiting(), calls_back(BAD)).failures == 1


@pytest.mark.parametrize("state", [s for s in State if s not in (State.RUNNING, State.WAITING)])
def test_progress_of_a_job_that_nobody_holds_changes_nothing(state: State) -> None:
    assert tried(EVERY_STATE[state](), Progressed("half")) is None


def test_progress_from_the_current_attempt_is_kept_and_changes_no_state() -> None:
    half = after(waiting(), Progressed("half", attempt=1))

    assert (half.state, half.progress) == (State.WAITING, "half")
    assert half.history == waiting().history
    assert tried(taken_over(), Progressed("half", attempt=1)) is None
    assert tried(taken_over(), Progressed("half", token="t1")) is None


def test_progress_is_gone_with_the_next_attempt_and_with_the_end() -> None:
    half = after(running(), Progressed("half", token="t1"))

    again = after(half, says(BAD, "t1"))
    assert claimed(again, "t2", again.run_at).progress is None
    assert after(half, says(FATAL, "t1")).progress is None


def test_an_error_by_execution_id_counts_only_for_the_attempt_of_that_id() -> None:
    job = waiting()

    assert tried(job, Reported(BAD, execution="another")) is None
    assert after(job, Reported(BAD, execution="exec-1")).failures == 1


def test_an_acceptance_makes_a_running_job_wait_until_the_callback_is_due() -> None:
    accepted = after(running(), says(Accepted(60_000, "exec-9"), "t1"), NOW + 10)

    assert accepted.state is State.WAITING
    assert accepted.lease is not None
    assert accepted.lease.until == NOW + 10 + 60_000
    assert accepted.attempts[-1].execution_id == "exec-9"
    assert accepted.attempts[-1].end is None


def test_a_processor_that_is_asked_and_still_works_gets_a_new_deadline_without_news() -> None:
    later = after(waiting(), says(Accepted(60_000), "t1"), NOW + 50_000)

    assert later.lease is not None
    assert later.lease.until == NOW + 110_000
    assert later.history == waiting().history


def test_a_claim_records_the_attempt_before_anything_is_sent() -> None:
    job = claimed(pending(), "t", NOW + 1, owner="w7")

    assert (job.state, job.attempt, job.failures) == (State.RUNNING, 1, 0)
    assert [(a.number, a.worker, a.started_at, a.end) for a in job.attempts] == [(1, "w7", NOW + 1, None)]


def test_a_failure_that_is_not_retryable_ends_the_job_at_once() -> None:
    done = after(running(), says(FATAL, "t1"))

    assert (done.state, done.failures, done.error) == (State.FAILED, 1, FATAL.error)
    assert isinstance(FATAL, Failed)
