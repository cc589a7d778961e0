"""Rule 2: a success is welcome from any attempt of a job that is not final; the first one wins."""

import pytest

from job_processor.core.events import EventKind
from job_processor.core.job import FINAL, AttemptEnd, Job, State, Usage
from job_processor.core.outcome import Accepted, Expired, Reported, ResultAccepted, Signal, Succeeded
from job_processor.core.success import takes_result
from tests.core.given import (
    BAD,
    EVERY_STATE,
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

OPEN = [state for state in State if state not in FINAL]


@pytest.mark.parametrize("state", OPEN)
def test_a_success_completes_a_job_of_every_state_that_is_not_final(state: State) -> None:
    done = after(EVERY_STATE[state](), calls_back(Succeeded("r")), NOW + 5)

    assert (done.state, done.result, done.error, done.lease) == (State.COMPLETED, "r", None, None)
    assert done.finished_at == NOW + 5
    assert done.history[-1].what is EventKind.COMPLETED


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_success_changes_no_final_job(state: State) -> None:
    assert tried(EVERY_STATE[state](), calls_back(Succeeded("another"))) is None


def test_a_success_of_the_current_attempt_ends_it_as_succeeded() -> None:
    usage = Usage(1, 2, "m", "stop")
    done = after(running(), says(Succeeded("r", usage=usage), "t1", 1))

    assert [(a.number, a.end, a.usage) for a in done.attempts] == [(1, AttemptEnd.SUCCEEDED, usage)]


def second_attempt() -> Job:
    again = after(running(), says(BAD, "t1"))
    return claimed(again, "t2", again.run_at)


def test_a_success_of_an_older_attempt_wins_and_ends_the_newer_one() -> None:
    """A worker that was paused past its lease and comes back with a result is believed."""
    done = after(second_attempt(), says(Succeeded("from the first"), "t1", 1))

    assert (done.state, done.result) == (State.COMPLETED, "from the first")
    assert [a.end for a in done.attempts] == [AttemptEnd.SUCCEEDED, AttemptEnd.SUPERSEDED]
    assert done.attempts[0].error is None
    assert done.history[-1].attempt == 1


def test_of_two_successes_the_first_to_land_stays() -> None:
    first = after(second_attempt(), says(Succeeded("one"), "t1", 1))

    assert tried(first, says(Succeeded("two"), "t2", 2)) is None
    assert first.result == "one"


def test_a_callback_before_the_first_attempt_completes_the_job() -> None:
    done = after(pending(), calls_back(Succeeded("r")))

    assert (done.state, done.attempts) == (State.COMPLETED, ())


def test_rule_3_a_callback_before_the_dispatch_returned_completes_and_the_late_acceptance_changes_nothing() -> None:
    done = after(running(), calls_back(Succeeded("early"), 1))

    assert done.state is State.COMPLETED
    assert tried(done, says(Accepted(60_000), "t1", 1)) is None
    assert tried(done, says(BAD, "t1", 1)) is None


@pytest.mark.parametrize("attempt", [None, 1, 7])
def test_a_success_needs_no_right_attempt_number(attempt: int | None) -> None:
    assert after(waiting(), Reported(Succeeded("r"), attempt)).state is State.COMPLETED


LATE = 10**9
OUT_OF_ORDER = [
    (running(), says(Succeeded("r"), "t1", 1), None),
    (waiting(), calls_back(Succeeded("r"), 1), None),
    (running(), calls_back(Succeeded("r"), 1), "The callback came before the hand-over was answered."),
    (
        after(waiting(), Expired(), NOW + LATE),
        calls_back(Succeeded("r")),
        "The callback of attempt 1 came after its deadline.",
    ),
    (
        after(running(), Expired(), NOW + LATE),
        says(Succeeded("r"), "t1", 1),
        "Attempt 1 had ended (lost); its result arrived afterwards.",
    ),
    (
        second_attempt(),
        calls_back(Succeeded("r"), 1),
        "Attempt 1 had ended (failed); its result arrived afterwards.",
    ),
    (pending(), calls_back(Succeeded("r")), None),
]


@pytest.mark.parametrize(("job", "signal", "words"), OUT_OF_ORDER)
def test_the_history_says_when_a_success_came_out_of_order(job: Job, signal: Reported, words: str | None) -> None:
    assert after(job, signal, NOW + 2 * LATE).history[-1].detail == words


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    "signal",
    [calls_back(Succeeded("r")), says(Succeeded("r"), "t0"), ResultAccepted("r"), ResultAccepted("r", unread=True)],
    ids=repr,
)
def test_takes_result_says_beforehand_whether_a_result_changes_the_job(state: State, signal: Signal) -> None:
    job = EVERY_STATE[state]()
    assert takes_result(job, signal) == (tried(job, signal) is not None)
