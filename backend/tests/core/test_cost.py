"""Costs: whole micros at the prices of the flow, each attempt once, and the sum whatever becomes of the attempts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.claiming import claim
from job_processor.core.cost import MICROS, Prices, cost_of, in_words, micros
from job_processor.core.fallback import FellBack
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, Lease, Usage
from job_processor.core.limits import ATTEMPTS_LIMIT
from job_processor.core.outcome import Deferred, Failed, Outcome, Reported, Retried, Succeeded
from job_processor.core.transitions import decide, submit

RULES = FlowRules("f", max_attempts=1_000, backoff_base_seconds=0, prices=Prices(micros(2.5), micros(10)))
NOW = 1_800_000_000_000


def begun(job: Job) -> Job:
    return claim(job, Lease(f"t{job.attempt}", "w", NOW + 1), NOW)


def told(job: Job, outcome: Outcome, rules: FlowRules = RULES) -> Job:
    assert job.lease is not None
    change = decide(job, Reported(outcome, token=job.lease.token), NOW, rules, 0.0)
    assert change is not None
    return change.job


def new() -> Job:
    return submit(job_id="0" * 24, prompt="p", rules=RULES, now=NOW)


@pytest.mark.parametrize(
    ("usage", "prices", "cost"),
    [
        (Usage(1_000_000, 0), Prices(micros(2.5)), 2_500_000),
        (Usage(1_000, 500), Prices(micros(2.5), micros(10)), 7_500),
        (Usage(1, None), Prices(micros(0.15)), 0),
        (Usage(4, None), Prices(micros(0.15)), 1),
        (Usage(10, None), Prices(micros(0.15)), 2),
        (Usage(None, 3), Prices(micros(1), micros(2)), 6),
        (Usage(None, None), Prices(micros(1), micros(2)), None),
        (Usage(9, 9), Prices(), 0),
    ],
)
def test_a_cost_is_rounded_to_a_micro(usage: Usage, prices: Prices, cost: int | None) -> None:
    assert cost_of(usage, prices) == cost


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=8))
def test_a_job_costs_what_its_attempts_cost(tokens: list[tuple[int, int]]) -> None:
    job = begun(new())
    for prompt, completion in tokens:
        job = begun(told(job, Failed(JobError("bad", "no"), usage=Usage(prompt, completion))))
    costs = [one.cost_micros for one in job.attempts[:-1]]
    assert costs == [cost_of(Usage(*one), RULES.prices or Prices()) for one in tokens]
    assert job.cost_micros == (sum(one or 0 for one in costs) if tokens else None)


def test_attempts_that_are_no_longer_kept_were_paid_all_the_same() -> None:
    job = begun(new())
    for _ in range(ATTEMPTS_LIMIT + 7):
        job = begun(told(job, Failed(JobError("bad", "no"), usage=Usage(1_000_000, 0))))
    assert len(job.attempts) == ATTEMPTS_LIMIT
    assert job.cost_micros == (ATTEMPTS_LIMIT + 7) * 2_500_000


def test_a_retry_adds_to_the_cost_and_a_new_price_changes_no_old_one() -> None:
    job = told(begun(new()), Failed(JobError("bad", "no"), retryable=False, usage=Usage(1_000_000, 0)))
    change = decide(job, Retried(1), NOW, RULES, 0.0)
    assert change is not None
    dearer = replace(RULES, prices=Prices(micros(7)))
    job = told(begun(change.job), Succeeded("r", usage=Usage(1_000_000, 5)), dearer)
    assert [one.cost_micros for one in job.attempts] == [2_500_000, 7_000_000]
    assert job.cost_micros == 9_500_000


def test_an_attempt_that_fell_back_costs_what_the_flow_asks_that_had_it() -> None:
    """Also when its answer comes late, and the attempt in flight is of the job's own flow."""
    theirs = {"g": Prices(micros(1)), "h": Prices(micros(2))}
    usage = Usage(1_000_000, 0)
    for flow, cost in (("g", 1_000_000), ("h", 2_000_000), ("free", None)):
        fallen = claim(new(), Lease("t1", "w", NOW + 1), NOW, FellBack(flow, "The flow f is closed."))
        change = decide(fallen, Reported(Succeeded("r", usage=usage), token="t1"), NOW, RULES, 0.0, theirs)
        assert change is not None
        assert change.counted is not None
        assert (change.job.cost_micros, change.counted.cost, change.counted.used_by) == (cost, cost or 0, flow)
        back = told(fallen, Deferred(NOW, "shutdown", "The worker stopped."))
        late = decide(begun(back), Reported(Succeeded("r", usage=usage), attempt=1), NOW, RULES, 0.0, theirs)
        assert late is not None
        assert late.job.cost_micros == cost
    own = decide(begun(new()), Reported(Succeeded("r", usage=usage), attempt=1), NOW, RULES, 0.0, theirs)
    assert own is not None
    assert own.counted is not None
    assert (own.job.cost_micros, own.counted.used_by) == (2_500_000, None)


def test_without_prices_or_without_usage_there_is_no_cost() -> None:
    free = replace(RULES, prices=None)
    for rules, usage in ((free, Usage(5, 5)), (RULES, None)):
        job = told(begun(new()), Succeeded("r", usage=usage), rules)
        assert (job.cost_micros, job.attempts[0].cost_micros) == (None, None)


@given(st.integers(0, 10**15))
def test_an_amount_as_it_was_written_is_read_exactly(amount: int) -> None:
    text, currency = in_words(amount, "EUR").split(" ")
    whole, decimals = text.replace(",", "").split(".")
    assert currency == "EUR"
    assert 2 <= len(decimals) <= 6
    assert int(whole) * MICROS + int(decimals.ljust(6, "0")) == amount
