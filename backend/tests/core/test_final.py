"""Final is final: only a person's explicit act moves a job out, and history shows it."""

import pytest
from msgspec import structs

from job_processor.core.events import Event, EventKind
from job_processor.core.job import FINAL, AttemptEnd, State
from job_processor.core.outcome import (
    Accepted,
    CancelAnswered,
    Cancelled,
    Deferred,
    Expired,
    FlowMissing,
    LateResult,
    Progressed,
    Reported,
    ResultAccepted,
    Retried,
    Signal,
    Succeeded,
)
from job_processor.core.verdict import ResultKind, Verdict
from tests.core.given import (
    BAD,
    EVERY_STATE,
    FATAL,
    NOW,
    after,
    claimed,
    failed,
    pending,
    says,
    tried,
    waiting,
)

MACHINES: list[Signal] = [
    *(Reported(outcome, token="t1") for outcome in (Succeeded("x"), Accepted(1), BAD, FATAL, Deferred(0, "a", "b"))),
    *(Reported(outcome, 1) for outcome in (Succeeded("x"), Accepted(1), BAD, FATAL)),
    Progressed("half"),
    Expired(),
    FlowMissing(),
    Cancelled(),
]


@pytest.mark.parametrize("signal", MACHINES)
@pytest.mark.parametrize("state", sorted(FINAL))
def test_nothing_but_a_persons_act_moves_a_final_job(state: State, signal: Signal) -> None:
    assert tried(EVERY_STATE[state](), signal, NOW + 10**10) is None


@pytest.mark.parametrize("state", [s for s in State if s not in FINAL])
def test_every_job_that_is_not_final_can_be_cancelled(state: State) -> None:
    job = EVERY_STATE[state]()

    done = after(job, Cancelled("enough"), NOW + 3)

    assert (done.state, done.finished_at, done.lease) == (State.CANCELLED, NOW + 3, None)
    assert (done.history[-1].what, done.history[-1].detail) == (EventKind.CANCELLED, "enough")
    if job.attempts:
        assert done.attempts[-1].end is AttemptEnd.CANCELLED


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_retry_goes_on_under_the_same_id_with_more_attempts(state: State) -> None:
    job = EVERY_STATE[state]()

    again = after(job, Retried(2), NOW + 9)

    assert (again.id, again.state, again.run_at, again.finished_at) == (job.id, State.PENDING, NOW + 9, None)
    assert (again.result, again.verdict, again.error) == (None, None, None)
    assert again.max_attempts == job.failures + 2
    assert again.attempts == job.attempts
    assert again.history[: len(job.history)] == job.history
    assert again.history[-1].what is EventKind.RETRIED
    assert claimed(again, "t9").attempt == job.attempt + 1


def test_a_retry_has_exactly_as_many_more_failures_as_it_asked_for() -> None:
    job = after(failed(), Retried(2))
    job = after(claimed(job, "a"), says(BAD, "a"))
    assert job.state is State.PENDING
    job = after(claimed(job, "b", job.run_at), says(BAD, "b"), job.run_at)
    assert job.state is State.FAILED


def test_a_retry_forgets_a_deadline_that_has_passed_and_keeps_one_that_has_not() -> None:
    job = after(pending(deadline=NOW + 1_000), Cancelled())

    assert after(job, Retried(1), NOW + 500).deadline == NOW + 1_000
    assert after(job, Retried(1), NOW + 1_000).deadline is None


@pytest.mark.parametrize("state", [s for s in State if s not in (State.FAILED, State.CANCELLED)])
def test_only_failed_and_cancelled_jobs_can_be_retried_or_completed_by_hand(state: State) -> None:
    assert tried(EVERY_STATE[state](), Retried(1)) is None
    assert tried(EVERY_STATE[state](), ResultAccepted("r")) is None


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_late_result_that_a_person_accepts_completes_the_job(state: State) -> None:
    verdict = Verdict(ResultKind.TEXT)

    done = after(EVERY_STATE[state](), ResultAccepted("late", verdict), NOW + 4)

    assert (done.state, done.result, done.verdict, done.error) == (State.COMPLETED, "late", verdict, None)
    assert done.history[-1].what is EventKind.RESULT_ACCEPTED


def test_what_a_processor_answers_to_a_cancel_is_told_and_changes_nothing_else() -> None:
    gone = after(waiting(), Cancelled("enough"), NOW + 3)

    told = after(gone, CancelAnswered("n8n could not be reached.", 1), NOW + 9)

    assert told.history[:-1] == gone.history
    assert told.history[-1] == Event(NOW + 9, EventKind.CANCEL_ANSWERED, 1, "n8n could not be reached.")
    assert structs.replace(told, history=gone.history, rev=gone.rev, updated_at=gone.updated_at) == gone


def test_an_answer_to_a_cancel_is_corrected_when_a_result_comes_after_all() -> None:
    gone = after(waiting(), Cancelled("enough"), NOW + 3)
    stopped = after(gone, CancelAnswered("n8n stopped execution exec-1.", 1), NOW + 4)

    told = after(stopped, LateResult(1), NOW + 9)

    assert told.history[-1] == Event(
        NOW + 9,
        EventKind.LATE_RESULT,
        1,
        "A result came after all: the run was not stopped in time. It is kept among the callbacks.",
    )
    assert structs.replace(told, history=stopped.history, rev=stopped.rev, updated_at=stopped.updated_at) == stopped
    assert tried(told, LateResult(1)) is None, "once is enough"


@pytest.mark.parametrize("state", State)
def test_only_what_failed_or_was_cancelled_has_late_results(state: State) -> None:
    told = tried(EVERY_STATE[state](), LateResult(1))

    assert (told is not None) == (state in (State.FAILED, State.CANCELLED))
    if told is not None:
        assert f"A result came after the job was {state.value}." in str(told.history[-1].detail)


def test_the_answer_to_a_cancel_may_come_after_a_retry() -> None:
    again = claimed(after(after(waiting(), Cancelled()), Retried(1)), "t2")

    told = after(again, CancelAnswered("stopped", 1))

    assert (told.state, told.lease, told.attempts) == (State.RUNNING, again.lease, again.attempts)
    assert told.history[-1].what is EventKind.CANCEL_ANSWERED


@pytest.mark.parametrize("state", State)
def test_an_attempt_that_was_not_cancelled_has_no_answer_to_tell(state: State) -> None:
    assert tried(EVERY_STATE[state](), CancelAnswered("stopped", 1)) is None
