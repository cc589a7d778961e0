"""Rule 4: an attempt counts when it was sent and failed; a snooze costs nothing. Attempts and history are bounded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from job_processor.core.backoff import backoff_ms
from job_processor.core.events import EventKind
from job_processor.core.flow import OnInvalidResult
from job_processor.core.job import AttemptEnd, Job, JobError, State
from job_processor.core.limits import ATTEMPTS_LIMIT, HISTORY_LIMIT, PARTIAL_LIMIT, PARTIALS_LIMIT
from job_processor.core.outcome import Deferred, Expired, Failed, Reported, Succeeded
from job_processor.core.verdict import ResultKind, SchemaError, Verdict
from tests.core.given import BAD, NOW, RULES, after, claimed, pending, running, says, waiting


def test_a_job_fails_when_its_last_attempt_has() -> None:
    job = pending()
    for number in (1, 2, 3):
        assert job.state is State.PENDING
        job = after(claimed(job, f"t{number}", job.run_at), says(BAD, f"t{number}"), job.run_at)
        assert (job.attempt, job.failures) == (number, number)

    assert (job.state, job.error) == (State.FAILED, BAD.error)
    assert [a.number for a in job.attempts] == [1, 2, 3]
    assert job.history[-1].detail == "no attempt is left of 3"


def test_a_jobs_own_limit_goes_before_its_flows() -> None:
    assert after(claimed(pending(max_attempts=1)), says(BAD, "t1")).state is State.FAILED
    assert pending().max_attempts == RULES.max_attempts


def test_a_snooze_costs_no_attempt_however_often() -> None:
    job = pending(max_attempts=1)
    for number in range(1, 21):
        held = claimed(job, f"t{number}", job.run_at)
        job = after(held, says(Deferred(job.run_at + 1_000, "rate_limited", "429"), f"t{number}"), job.run_at)
        assert (job.state, job.failures, job.attempt) == (State.PENDING, 0, number)
    assert job.snooze is not None
    assert (job.snooze.kind, job.snooze.detail) == ("rate_limited", "429")
    assert {a.end for a in job.attempts} == {AttemptEnd.SNOOZED}
    assert after(claimed(job, "last", job.run_at), says(BAD, "last"), job.run_at).state is State.FAILED


def test_a_snooze_never_lies_in_the_past() -> None:
    assert after(running(), says(Deferred(0, "outage", "down"), "t1"), NOW + 7).run_at == NOW + 7


def test_a_snooze_is_bounded_by_the_jobs_deadline_alone() -> None:
    job = after(running(deadline=NOW + 1_000), says(Deferred(NOW + 90_000, "outage", "down"), "t1"))

    assert after(job, Expired(), NOW + 1_000).state is State.FAILED


def test_a_retry_that_could_only_start_after_the_deadline_is_not_waited_for() -> None:
    job = after(running(deadline=NOW + 1_000), says(BAD, "t1"))

    assert job.state is State.FAILED
    assert job.history[-1].detail == "the next attempt would start after the deadline"


def test_attempt_numbers_grow_by_one_and_are_never_used_again() -> None:
    job = pending(max_attempts=100)
    for number in range(1, ATTEMPTS_LIMIT + 11):
        job = after(claimed(job, "t", job.run_at), says(BAD, "t"), job.run_at)
        assert job.attempt == number
        assert job.attempts[-1].number == number

    assert [a.number for a in job.attempts] == list(range(11, ATTEMPTS_LIMIT + 11))


def test_the_history_is_bounded_and_keeps_its_first_line() -> None:
    job = pending(max_attempts=100)
    for _ in range(HISTORY_LIMIT):
        job = after(claimed(job, "t", job.run_at), says(Deferred(0, "outage", "down"), "t"), job.run_at)

    assert HISTORY_LIMIT - 1 <= len(job.history) <= HISTORY_LIMIT
    assert job.history[0].what is EventKind.SUBMITTED
    assert job.history[-1].what is EventKind.SNOOZED


def test_an_outage_of_hours_pushes_out_nothing_that_was_tried_before() -> None:
    job = after(claimed(pending(max_attempts=100), "t", NOW), says(BAD, "t"), NOW)
    put_back = HISTORY_LIMIT + ATTEMPTS_LIMIT
    for _ in range(put_back):
        job = after(claimed(job, "t", job.run_at), says(Deferred(0, "outage", "down"), "t"), job.run_at)
    job = after(claimed(job, "t", job.run_at), says(BAD, "t"), job.run_at)

    assert len(job.history) <= HISTORY_LIMIT
    told = [(e.what, e.attempt) for e in job.history]
    assert told[:5] == [
        (EventKind.SUBMITTED, None),
        (EventKind.STARTED, 1),
        (EventKind.ATTEMPT_FAILED, 1),
        (EventKind.STARTED, 2),
        (EventKind.SNOOZED, 2),
    ]
    assert told[-2:] == [(EventKind.STARTED, put_back + 2), (EventKind.ATTEMPT_FAILED, put_back + 2)]
    # Each start that is left has its end right after it.
    assert [a for what, a in told if what is EventKind.STARTED] == [a for what, a in told[1:] if what != "started"]
    ends = [(a.number, a.end) for a in job.attempts]
    assert len(ends) == ATTEMPTS_LIMIT
    assert ends[:2] == [(1, AttemptEnd.FAILED), (2, AttemptEnd.SNOOZED)]
    assert ends[-1] == (put_back + 2, AttemptEnd.FAILED)


def test_a_failed_attempt_waits_longer_each_time() -> None:
    job = pending(max_attempts=10)
    waits = []
    for _ in range(5):
        at = job.run_at
        job = after(claimed(job, "t", at), says(BAD, "t"), at, jitter=0.0)
        waits.append(job.run_at - at)

    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000]


@given(
    st.integers(1, 100_000),
    st.floats(0, 3600),
    st.floats(0.001, 604_800),
    st.floats(0, 1, exclude_max=True),
)
def test_the_back_off_lies_between_half_and_the_whole_of_its_step(
    failures: int, base: float, cap: float, jitter: float
) -> None:
    wait = backoff_ms(failures, base, cap, jitter)

    whole = min(cap, base * 2.0 ** min(failures - 1, 60))
    assert int(1000 * whole * 0.5) <= wait <= 1000 * whole


@given(st.integers(1, 50), st.floats(0.1, 100), st.floats(0, 1, exclude_max=True))
def test_the_back_off_never_shrinks(failures: int, base: float, jitter: float) -> None:
    assert backoff_ms(failures, base, 300, jitter) <= backoff_ms(failures + 1, base, 300, jitter)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_two_jobs_that_failed_together_come_back_apart(jitter: float) -> None:
    assert backoff_ms(5, 2, 300, jitter) != backoff_ms(5, 2, 300, jitter / 2 + 0.2)


def test_a_lost_worker_and_an_overdue_callback_count_as_failed_attempts() -> None:
    lost = after(running(), Expired(), NOW + 30_000)
    overdue = after(waiting(), Expired(), NOW + 60_000)

    assert (lost.state, lost.failures, lost.attempts[-1].end) == (State.PENDING, 1, AttemptEnd.LOST)
    assert (overdue.state, overdue.failures, overdue.attempts[-1].end) == (State.PENDING, 1, AttemptEnd.OVERDUE)
    assert lost.history[-1].what is EventKind.LEASE_LOST
    assert overdue.history[-1].what is EventKind.CALLBACK_OVERDUE


# --- what was paid for -----------------------------------------------------------------------------------


def cut(text: str | None) -> Failed:
    return Failed(JobError("answer_cut_off", "It broke off."), partial=text)


def test_what_came_of_an_answer_is_kept_with_its_attempt() -> None:
    job = after(running(), says(cut("Once upon"), "t1"))
    assert [a.partial for a in job.attempts] == ["Once upon"]
    assert after(running(), says(cut(""), "t1")).attempts[-1].partial is None
    assert after(running(), says(BAD, "t1")).attempts[-1].partial is None


@given(st.integers(PARTIAL_LIMIT - 2, PARTIAL_LIMIT + 200))
def test_it_is_bounded_and_says_so(length: int) -> None:
    kept = after(running(), says(cut("x" * length), "t1")).attempts[-1].partial
    assert kept is not None
    if length <= PARTIAL_LIMIT:
        assert kept == "x" * length
    else:
        assert len(kept) == PARTIAL_LIMIT
        assert kept.endswith(f"… (cut here: {length} characters came)")


def test_only_the_newest_attempts_keep_theirs_so_that_a_record_stays_small() -> None:
    job = pending(max_attempts=100)
    for number in range(1, 11):
        job = after(claimed(job, f"t{number}", job.run_at), says(cut(f"text {number}"), f"t{number}"), job.run_at)
    kept = [a.partial for a in job.attempts if a.partial is not None]
    assert kept == [f"text {number}" for number in range(11 - PARTIALS_LIMIT, 11)]
    assert len(job.attempts) == 10


def test_an_answer_that_does_not_fit_the_schema_is_kept_when_another_is_asked_for() -> None:
    rules = replace(RULES, on_invalid_result=OnInvalidResult.RETRY)
    wrong = Succeeded("{}", Verdict(ResultKind.SCHEMA_MISMATCH, schema_errors=(SchemaError("/a", "is missing"),)))
    job = after(_with_schema(running()), says(wrong, "t1"), rules=rules)
    assert (job.state, job.attempts[-1].partial) == (State.PENDING, "{}")

    job = after(_with_schema(claimed(pending(max_attempts=1))), says(wrong, "t1"), rules=rules)
    assert (job.state, job.result, job.attempts[-1].partial) == (State.FAILED, "{}", None)


def _with_schema(job: Job) -> Job:
    return structs.replace(job, result_schema={"type": "object", "required": ["a"]})


def test_what_was_odd_about_a_result_stands_in_the_history() -> None:
    job = after(running(), says(Succeeded("r", note="The answer was taken as whole."), "t1"))
    assert (job.history[-1].what, job.history[-1].detail) == (EventKind.COMPLETED, "The answer was taken as whole.")
    late = after(waiting(), Expired(), NOW + 60_000)
    both = after(late, Reported(Succeeded("r", note="Odd."), 1), NOW + 60_001)
    assert both.history[-1].detail == "Odd. The callback of attempt 1 came after its deadline."
