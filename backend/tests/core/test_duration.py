"""The duration of a job: from when the work could begin to its end, without the time between an end and a retry."""

from hypothesis import given
from hypothesis import strategies as st

from job_processor.core import transitions
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.core.outcome import Cancelled, ResultAccepted, Retried

RULES = FlowRules("mock")
CREATED = 1_750_000_000_000


def _submitted(delay_ms: int) -> Job:
    return transitions.submit(
        job_id="0" * 24, prompt="p", rules=RULES, now=CREATED, run_at=CREATED + delay_ms if delay_ms else None
    )


def _after(job: Job, signal: Cancelled | Retried | ResultAccepted, now: int) -> Job:
    change = transitions.decide(job, signal, now, RULES, 0.0)
    assert change is not None
    return change.job


@given(
    delay_ms=st.integers(0, 10_000),
    rounds=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 10_000)), min_size=1, max_size=5),
)
def test_only_the_time_counts_in_which_something_was_to_be_done(delay_ms: int, rounds: list[tuple[int, int]]) -> None:
    """Each round: how long the job was open, and how long it had ended before the retry."""
    job, now = _submitted(delay_ms), CREATED
    # In the first round the start that was asked for is waited for; a job may end before it.
    expected = max(0, rounds[0][0] - delay_ms)
    for number, (open_ms, ended_ms) in enumerate(rounds):
        assert job.duration_ms is None
        now += open_ms
        job = _after(job, Cancelled("no"), now)
        expected += open_ms if number else 0
        assert job.duration_ms == expected
        now += ended_ms
        job = _after(job, Retried(1), now)


def test_the_time_until_a_late_result_is_accepted_is_no_part_of_the_duration() -> None:
    job = _after(_submitted(0), Cancelled("no"), CREATED + 700)
    job = _after(job, ResultAccepted("r"), CREATED + 90_000)
    assert (job.duration_ms, job.finished_at) == (700, CREATED + 90_000)


def test_a_clock_that_steps_back_makes_no_negative_duration() -> None:
    job = _after(_submitted(0), Cancelled("no"), CREATED - 5_000)
    assert job.duration_ms == 0
    assert _after(job, Retried(1), CREATED - 9_000).idle_ms == 0
