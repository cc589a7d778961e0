"""Rule 5: every job that is not final has an owner and a time. Nothing can be stuck for ever."""

import pytest

from job_processor.core.events import EventKind
from job_processor.core.flow import FlowRules
from job_processor.core.job import FINAL, Job, State
from job_processor.core.outcome import Accepted, Asked, Expired, Reported
from tests.core.given import EVERY_STATE, NOW, after, claimed, pending, running, says, tried, waiting


@pytest.mark.parametrize("state", [State.RUNNING, State.WAITING])
def test_nothing_expires_before_its_time_and_everything_at_it(state: State) -> None:
    job = EVERY_STATE[state]()
    due = job.due_at()
    assert due is not None

    assert tried(job, Expired(), due - 1) is None
    assert after(job, Expired(), due).state is State.PENDING


def test_a_running_job_is_due_with_its_lease_and_a_waiting_one_with_its_callback() -> None:
    assert running().due_at() == NOW + 30_000
    assert waiting().due_at() == NOW + 60_000


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_final_job_is_never_due(state: State) -> None:
    assert EVERY_STATE[state]().due_at() is None
    assert tried(EVERY_STATE[state](), Expired(), NOW + 10**12) is None


def test_a_pending_job_waits_for_its_run_at_and_is_due_only_with_a_deadline() -> None:
    assert pending().due_at() is None
    assert pending(run_at=NOW + 5).run_at == NOW + 5
    assert pending(run_at=NOW - 5).run_at == NOW
    assert pending(deadline=NOW + 9).due_at() == NOW + 9


@pytest.mark.parametrize(
    "job",
    [pending(deadline=NOW + 10_000), running(deadline=NOW + 10_000), waiting(deadline=NOW + 10_000)],
    ids=lambda job: job.state,
)
def test_the_jobs_own_deadline_ends_it_in_every_state_whatever_attempts_are_left(job: Job) -> None:
    assert job.due_at() == NOW + 10_000

    done = after(job, Expired(), NOW + 10_000)

    assert done.state is State.FAILED
    assert done.error is not None
    assert done.error.code == "deadline"
    assert done.failures == 0


def test_a_lease_that_ends_before_the_deadline_is_a_lost_attempt_and_no_end() -> None:
    job = after(running(deadline=NOW + 500_000), Expired(), NOW + 30_000)

    assert job.state is State.PENDING


def test_the_wait_for_a_callback_starts_when_the_job_was_accepted() -> None:
    job = claimed(pending(), "t1", NOW, seconds=5)

    accepted = after(job, says(Accepted(1_000), "t1"), NOW + 4_000)

    assert accepted.due_at() == NOW + 5_000


def test_a_processor_that_only_ever_says_it_still_works_gets_ten_times_its_time_and_no_more() -> None:
    """What n8n says of an execution cannot be trusted for ever: one that was deleted stays "running"."""
    rules = FlowRules("f", callback_timeout_seconds=60)
    job = waiting()
    for minute in range(1, 10):
        job = after(job, says(Accepted(60_000), "t1"), NOW + minute * 60_000, rules)
        assert job.due_at() == NOW + (minute + 1) * 60_000

    assert tried(job, says(Accepted(60_000), "t1"), NOW + 600_000, rules) is None
    job = after(job, Expired(), NOW + 600_000, rules)
    assert (job.state, job.history[-1].what) == (State.PENDING, EventKind.CALLBACK_OVERDUE)


def test_the_same_answer_again_and_again_is_kept_as_the_first_and_the_newest() -> None:
    rules = FlowRules("f", callback_timeout_seconds=60)
    works = Reported(Accepted(60_000), 1, "t1", asked="It still works on it.")
    job = waiting()
    for minute in (1, 2, 3, 4):
        job = after(job, works, NOW + minute * 60_000, rules)

    asked = [(event.at - NOW, event.detail) for event in job.history if event.what is EventKind.ASKED]
    assert asked == [(60_000, "It still works on it."), (240_000, "It still works on it.")]
    job = after(job, Asked("It answered HTTP 500.", 1, "t1", answered=False), NOW + 250_000, rules)
    job = after(job, works, NOW + 300_000, rules)
    assert [event.what for event in job.history].count(EventKind.ASKED) == 4


def test_the_last_time_it_gets_is_cut_to_what_is_left() -> None:
    rules = FlowRules("f", callback_timeout_seconds=60)

    job = after(waiting(), says(Accepted(60_000), "t1"), NOW + 570_000, rules)

    assert job.lease is not None
    assert job.lease.until == NOW + 600_000


def test_each_attempt_has_its_own_time() -> None:
    rules = FlowRules("f", callback_timeout_seconds=60)
    job = after(waiting(), Expired(), NOW + 10**7, rules)
    again = claimed(job, "t2", job.run_at)
    again = after(again, says(Accepted(60_000), "t2"), job.run_at, rules)

    longer = after(again, says(Accepted(60_000), "t2"), job.run_at + 60_000, rules)

    assert longer.lease is not None
    assert longer.lease.until == job.run_at + 120_000
