"""A callback that could not be read: the history says so, the processor is asked, and nothing else changes."""

import pytest

from job_processor.core.events import EventKind
from job_processor.core.failure import OVERDUE, OVERDUE_PROGRESS, OVERDUE_UNREAD
from job_processor.core.inbox import MAX_UNREADABLE_EVENTS
from job_processor.core.job import AttemptEnd, Job, State
from job_processor.core.outcome import Accepted, Asked, Asking, CallbackUnreadable, Expired, Progressed, ResultAccepted
from job_processor.core.transitions import decide
from tests.core.given import EVERY_STATE, NOW, RULES, after, claimed, running, says, waiting

UNREAD = CallbackUnreadable("422: jobId: must be 24 hex digits")
LATER = NOW + 60_000


@pytest.mark.parametrize("state", State)
def test_it_changes_no_state_and_is_told_in_every_one_but_completed(state: State) -> None:
    job = EVERY_STATE[state]()
    change = decide(job, UNREAD, NOW, RULES, 0.5)
    if state is State.COMPLETED:
        assert change is None
        return
    assert change is not None
    told = change.job
    assert (told.state, told.attempts, told.failures, told.run_at) == (state, job.attempts, job.failures, job.run_at)
    assert told.history[:-1] == job.history
    assert told.history[-1].what is EventKind.CALLBACK_UNREADABLE
    assert told.history[-1].attempt == (job.attempt or None)


def test_the_same_is_told_once_and_never_too_often() -> None:
    job = after(waiting(), UNREAD)
    assert decide(job, UNREAD, NOW, RULES, 0.5) is None
    for n in range(100):
        change = decide(job, CallbackUnreadable(f"{n}"), NOW, RULES, 0.5)
        job = job if change is None else change.job
    assert sum(e.what is EventKind.CALLBACK_UNREADABLE for e in job.history) == MAX_UNREADABLE_EVENTS


def test_while_it_waits_the_processor_is_to_be_asked_at_once_and_the_deadline_stays() -> None:
    job = after(waiting(), UNREAD)
    assert job.lease is not None
    assert (job.due_at(), job.lease.until) == (NOW, LATER)
    assert decide(job, Expired(), NOW, RULES, 0.5) is None
    waits = after(job, Asked(None, 1, "t1"))
    assert waits.due_at() == LATER
    assert decide(waits, Asked(None, 1, "t1"), NOW, RULES, 0.5) is None
    assert decide(job, Asked(None, 1, "another"), NOW, RULES, 0.5) is None


def test_a_callback_that_was_faster_than_the_acceptance_has_it_asked_then() -> None:
    job = after(after(running(), UNREAD), says(Accepted(60_000), "t1"))
    assert (job.state, job.due_at()) == (State.WAITING, NOW)


def test_one_of_an_older_attempt_asks_nobody() -> None:
    job = _second_attempt(after(waiting(), Expired(), now=LATER))
    told = after(job, CallbackUnreadable("oops", 1), now=LATER)
    assert told.due_at() == job.due_at()
    assert told.history[-1].attempt == 1


def test_no_job_says_that_no_callback_came_when_one_did() -> None:
    def words(job: Job) -> str:
        late = after(job, Expired(), now=LATER)
        assert late.error is not None
        return late.error.message

    assert words(waiting()) == OVERDUE
    assert words(after(waiting(), UNREAD)) == OVERDUE_UNREAD
    assert words(after(waiting(), Progressed("half"))) == OVERDUE_PROGRESS
    # It was of the attempt before, whose error says it.
    again = _second_attempt(after(after(waiting(), UNREAD), Expired(), now=LATER))
    assert again.attempt == 2
    late = after(again, Expired(), now=LATER + 10**6)
    assert late.error is not None
    assert late.error.message == OVERDUE


def _second_attempt(job: Job) -> Job:
    return after(claimed(job, "t2", now=LATER), says(Accepted(60_000), "t2"), now=LATER)


@pytest.mark.parametrize("state", State)
def test_a_person_may_take_it_in_every_state_but_completed(state: State) -> None:
    job = EVERY_STATE[state]()
    change = decide(job, ResultAccepted("raw", unread=True, attempt=job.attempt or None), NOW, RULES, 0.5)
    assert (change is None) == (state is State.COMPLETED)
    if change is None:
        return
    done = change.job
    assert (done.state, done.result, done.lease, done.error) == (State.COMPLETED, "raw", None, None)
    assert done.history[-1].what is EventKind.RESULT_ACCEPTED
    if state in (State.RUNNING, State.WAITING):
        assert [attempt.end for attempt in done.attempts] == [AttemptEnd.SUCCEEDED]
    else:
        assert done.attempts == job.attempts


@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING, State.WAITING])
def test_a_late_result_is_for_jobs_that_have_ended(state: State) -> None:
    assert decide(EVERY_STATE[state](), ResultAccepted("late"), NOW, RULES, 0.5) is None


def test_one_that_comes_while_the_processor_is_asked_has_it_asked_once_more() -> None:
    asked = after(after(waiting(), UNREAD), Asking(1, "t1"), now=NOW + 1)
    again = after(asked, CallbackUnreadable("another"), now=NOW + 2)
    assert decide(again, Asked(None, 1, "t1"), NOW + 3, RULES, 0.5) is None
    told = after(again, Asked("It works on it.", 1, "t1"), now=NOW + 3)
    assert told.due_at() == NOW + 2
    once_more = after(told, Asking(1, "t1"), now=NOW + 4)
    assert after(once_more, Asked("It works on it.", 1, "t1"), now=NOW + 5).due_at() == LATER
