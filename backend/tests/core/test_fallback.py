"""Fallback: when the jobs of a flow may go to another flow's processor, and what is left of it on the job."""

from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.core.claiming import claim
from job_processor.core.events import EventKind
from job_processor.core.fallback import PROBE_FIRST_MS, FellBack, fall_back, falls_back_at, first_open
from job_processor.core.flow import FlowRules, OnInvalidResult
from job_processor.core.job import Job, Lease, Refusals, State
from job_processor.core.lane import Lane, Trouble, close, open_lane, pause, reopen, resume
from job_processor.core.lane_budget import note_spent
from job_processor.core.lane_clock import shift_clock
from job_processor.core.outcome import Cancelled, Deferred, Retried, Succeeded
from job_processor.core.series import DAY, start_of
from job_processor.core.verdict import ResultKind, Verdict
from tests.core import given
from tests.core.given import NOW, RULES

OF = replace(RULES, fallback=("g", "h"), fallback_after_seconds=60)
SHUT = close(Lane("f"), Trouble.OUTAGE, "Connection refused.", None, NOW, 0.5)
LATER = NOW + 60_000
CLOSED = replace(SHUT, closed_until=LATER + 60_000)


def taken_by(*lanes: Lane, now: int = LATER, of: FlowRules = OF) -> list[str]:
    known = {lane.flow: lane for lane in lanes}
    rules = [replace(RULES, name=name, budget_per_day=1_000) for name in of.fallback]
    found = ((one.name, fall_back(one.name, of, rules[:n], known, now)) for n, one in enumerate(rules))
    return [name for name, fell in found if fell is not None]


def fallen(job: Job, token: str = "t1", now: int = NOW) -> Job:
    return claim(job, Lease(token, "w1", now + 30_000), now, FellBack("g", "The flow f is closed."))


def test_the_first_open_fallback_flow_takes_the_jobs_of_a_closed_lane() -> None:
    assert taken_by(CLOSED) == ["g"]
    assert taken_by(CLOSED, pause(Lane("g"), None)) == ["g", "h"]
    assert taken_by(CLOSED, replace(CLOSED, flow="g")) == ["g", "h"], "the lane of g lets its probe through, if any"


def test_the_first_open_flow_is_the_one_that_takes_them() -> None:
    flows = [replace(RULES, name=name) for name in ("g", "h")]
    assert first_open(flows, {}, NOW) == "g"
    assert first_open(flows, {"g": pause(Lane("g"), None)}, NOW) == "h"
    assert first_open(flows, {"g": pause(Lane("g"), None), "h": replace(CLOSED, flow="h")}, NOW) is None


def test_not_before_the_lane_has_been_closed_for_so_long() -> None:
    assert falls_back_at(CLOSED, OF, NOW) == LATER
    assert taken_by(CLOSED, now=LATER - 1) == []
    again = close(CLOSED, Trouble.RATE_LIMITED, "429", LATER + 200_000, LATER - 5, 0.5)
    assert falls_back_at(again, OF, NOW) == LATER, "another trouble is no new beginning"
    assert falls_back_at(shift_clock(again, 7), OF, NOW) == LATER + 7
    assert falls_back_at(close(reopen(again), Trouble.OUTAGE, "x", None, LATER, 0.5), OF, NOW) == LATER + 60_000


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_counts_and_a_pause_does_not(trouble: Trouble) -> None:
    assert taken_by(replace(CLOSED, trouble=trouble)) == ["g"]
    assert taken_by(pause(replace(CLOSED, trouble=trouble), "I want it so.")) == []
    assert taken_by(resume(pause(replace(CLOSED, trouble=trouble), None))) == ["g"]
    assert taken_by(pause(Lane("f"), None)) == []


def test_an_open_lane_and_a_flow_without_fallback_keep_their_jobs() -> None:
    assert taken_by() == taken_by(open_lane("f")) == taken_by(CLOSED, of=RULES) == []


DAY_OF_NOW = start_of(DAY, NOW)
SPENT = note_spent(Lane("f"), 1_000, DAY_OF_NOW)
LIMITED = replace(OF, budget_per_day=1_000)


def test_a_budget_that_is_used_up_closes_the_flow_too_and_waiting_does_not_open_it() -> None:
    assert taken_by(SPENT, now=NOW, of=LIMITED) == ["g"]
    assert taken_by(SPENT, now=NOW) == [], "there is no budget"
    assert taken_by(SPENT, now=NOW, of=replace(LIMITED, budget_per_day=1_001)) == [], "it was raised"
    assert taken_by(SPENT, now=DAY_OF_NOW + DAY - 1, of=LIMITED) == ["g"]
    assert taken_by(SPENT, now=DAY_OF_NOW + DAY, of=LIMITED) == []
    assert taken_by(pause(SPENT, None), now=NOW, of=LIMITED) == []


def test_no_probe_is_waited_for_while_the_budget_is_used_up() -> None:
    over = replace(SHUT, closed_until=LATER, spent=1_000, spent_on=DAY_OF_NOW)
    assert taken_by(over, of=LIMITED) == ["g"]
    assert taken_by(replace(SHUT, spent=1_000, spent_on=DAY_OF_NOW), now=NOW, of=LIMITED) == ["g"]


def test_the_next_one_takes_the_jobs_when_the_first_has_used_up_its_budget() -> None:
    assert taken_by(CLOSED, replace(SPENT, flow="g")) == ["g", "h"], "the budget of g lets nothing through"
    assert taken_by(CLOSED, replace(SPENT, flow="g", spent=999)) == ["g"]


def test_the_words_name_the_budget() -> None:
    found = fall_back("g", LIMITED, (), {"f": SPENT}, NOW)
    assert found == FellBack(
        "g", "The flow f is closed, the flow g takes this attempt. Its budget of today is used up."
    )


def test_when_the_wait_of_the_lane_is_over_its_probe_goes_first() -> None:
    over = replace(SHUT, closed_until=LATER)
    assert taken_by(over) == []
    assert taken_by(replace(over, probe="t1")) == ["g"], "the probe is under way"
    assert taken_by(over, now=LATER + PROBE_FIRST_MS) == ["g"], "there is no worker or no room for one"


def test_the_attempt_names_the_flow_and_the_history_says_why() -> None:
    job = fallen(given.pending())
    assert job.flow == "f"
    assert job.via() == "g"
    assert [attempt.flow for attempt in job.attempts] == ["g"]
    assert [(one.what, one.attempt) for one in job.history[1:]] == [(EventKind.FELL_BACK, 1), (EventKind.STARTED, 1)]
    done = given.after(job, given.says(Succeeded("r"), "t1"))
    assert (done.state, done.answered_by, done.via()) == (State.COMPLETED, "g", None)


def test_the_words_name_both_flows_and_the_trouble() -> None:
    found = fall_back("g", OF, (), {"f": CLOSED}, LATER)
    assert found == FellBack("g", "The flow f is closed, the flow g takes this attempt. Connection refused.")


def test_who_answered_is_who_had_the_attempt_that_succeeded() -> None:
    back = given.after(fallen(given.pending()), given.says(Deferred(0, "shutdown", "The worker stopped."), "t1"))
    assert back.via() is None
    own = given.claimed(back, "t2")
    assert (own.via(), own.attempts[-1].flow) == (None, None)
    assert given.after(own, given.says(Succeeded("r"), "t2")).answered_by is None
    late = given.after(own, given.calls_back(Succeeded("r"), 1))
    assert late.answered_by == "g"


def test_a_retry_forgets_who_answered() -> None:
    rules = replace(RULES, on_invalid_result=OnInvalidResult.FAIL)
    wrong = Succeeded("no", Verdict(ResultKind.TEXT))
    job = structs.replace(fallen(given.pending()), result_schema={})
    refused = given.after(job, given.says(wrong, "t1"), rules=rules)
    assert (refused.state, refused.result, refused.answered_by) == (State.FAILED, "no", "g")
    assert given.after(refused, Retried(1)).answered_by is None


def refused(job: Job, token: str, times: int) -> Job:
    return given.after(job, given.says(Deferred(0, "rate_limited", "429", Refusals(NOW, times=times)), token))


def test_refusals_of_one_processor_are_no_evidence_at_another() -> None:
    job = refused(given.running(), "t1", 4)
    assert job.refusals is not None
    assert given.claimed(job, "t2").refusals == job.refusals
    assert fallen(job, "t2").refusals is None


def test_what_a_processor_refused_before_counts_when_the_job_comes_back_to_it() -> None:
    own = refused(given.running(), "t1", 1)
    there = refused(fallen(own, "t2"), "t2", 2)
    back = given.claimed(there, "t3")
    assert back.refusals == Refusals(NOW, times=1)
    assert fallen(refused(back, "t3", 3), "t4").refusals == Refusals(NOW, times=2)
    failed = given.after(given.claimed(there, "t3"), given.says(given.BAD, "t3"))
    assert given.claimed(fallen_and_back(failed), "t5").refusals is None, "a failure of its own ends them"


def fallen_and_back(job: Job) -> Job:
    return given.after(fallen(job, "t4"), given.says(Deferred(0, "shutdown", "The worker stopped."), "t4"))


def test_a_retry_forgets_what_each_processor_refused() -> None:
    there = refused(fallen(refused(given.running(), "t1", 1), "t2"), "t2", 2)
    again = given.after(given.after(there, Cancelled()), Retried(1))
    assert given.claimed(again, "t3").refusals is None
    assert fallen(again, "t3").refusals is None
