"""The rule of evidence, row by row of docs/decisions/lanes.md. ``tests/lanes/test_evidence.py`` plays whole flows."""

from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.core.evidence import (
    FIRST_REFUSAL_DELAY_MS,
    HELD_NOTE,
    LAST_JOB_MS,
    MAX_LONE_RATE_LIMITS,
    MAX_WAIT_FOR_EVIDENCE_MS,
    RefusalDecision,
    failure_if_to_blame,
    judge_refusal,
)
from job_processor.core.job import Job, JobError, Refusals
from job_processor.core.lane import Lane, Trouble, charge, close
from job_processor.core.outcome import (
    Accepted,
    Deferred,
    Failed,
    HandOver,
    LaneClosed,
    Succeeded,
    lane_closed,
    server_fault,
)
from tests.core.given import NOW, RULES, after, claimed, pending, running, says

FORBIDDEN = Failed(JobError("http_403", "It said no."))
REFUSAL = lane_closed(Trouble.MISCONFIGURED, "It said no.", None, FORBIDDEN)
LIMIT = lane_closed(Trouble.RATE_LIMITED, "Fewer, please.", NOW + 5_000, Failed(JobError("http_429", "Fewer, please.")))
COUNTED = HandOver(FORBIDDEN, LaneClosed(Trouble.MISCONFIGURED, "It said no."))
OPEN = Lane("f")
ONLY = "this job"
BEFORE = Refusals(NOW - 5_000, times=1, alone_at=NOW - 5_000)
"""Of a job that was refused before, five seconds ago."""


def job(refusals: Refusals | None = None, began: int = NOW) -> Job:
    one = running()
    attempts = (structs.replace(one.attempts[-1], started_at=began),)
    return structs.replace(one, refusals=refusals, created_at=NOW - 60_000, attempts=attempts)


def judged(
    handed: HandOver = REFUSAL,
    refusals: Refusals | None = None,
    lane: Lane = OPEN,
    others: int | None = None,
    now: int = NOW,
    of: Job | None = None,
) -> RefusalDecision:
    return judge_refusal(handed, of or job(refusals), lane, others, now, 0.5)


def shut(by: str | None, at: int = NOW - 3_000, trouble: Trouble = Trouble.MISCONFIGURED) -> Lane:
    """A lane that was closed then and whose wait is over."""
    return close(OPEN, trouble, "It said no.", None, at, 0.5, by)


def probed(lane: Lane) -> Lane:
    return charge(lane, 1, RULES, "t1", job().id)


def test_only_an_answer_can_be_held_against_a_job() -> None:
    assert failure_if_to_blame(lane_closed(Trouble.OUTAGE, "refused connection")) is None
    assert failure_if_to_blame(HandOver(Succeeded("r"))) is None
    assert failure_if_to_blame(server_fault("http_500", "500")) is None
    assert failure_if_to_blame(REFUSAL) is FORBIDDEN
    assert failure_if_to_blame(COUNTED) is FORBIDDEN


@pytest.mark.parametrize("others", [None, NOW - 10_000, NOW - 1])
def test_while_nobody_did_better_the_lane_closes_and_the_job_is_put_back_at_no_cost(others: int | None) -> None:
    said = judged(others=others)

    assert said.outcome == Deferred(0, "misconfigured", "It said no.", Refusals(NOW, alone_at=NOW))
    assert (said.lane.trouble, said.lane.accuser, said.lane.probed) == (Trouble.MISCONFIGURED, job().id, job().id)


def test_a_first_refusal_while_others_are_answered_puts_back_this_job_alone() -> None:
    said = judged(others=NOW + 5, now=NOW + 9)

    assert isinstance(said.outcome, Deferred)
    assert (said.outcome.until, said.outcome.kind) == (NOW + 9 + FIRST_REFUSAL_DELAY_MS, "refused")
    assert said.lane is OPEN


def test_a_second_refusal_after_others_were_answered_is_held_against_the_job() -> None:
    said = judged(refusals=BEFORE, others=NOW - 4_000)

    assert said.outcome == structs.replace(FORBIDDEN, note=HELD_NOTE, refusals=structs.replace(BEFORE, times=2))
    assert said.lane is OPEN


def test_answers_before_the_first_refusal_prove_nothing() -> None:
    said = judged(refusals=BEFORE, others=NOW - 5_001)

    assert isinstance(said.outcome, Deferred)
    assert said.lane.trouble is Trouble.MISCONFIGURED


def test_a_lane_that_only_this_job_spoke_against_opens_when_it_is_to_blame() -> None:
    said = judged(refusals=BEFORE, others=NOW - 4_000, lane=shut(job().id))

    assert isinstance(said.outcome, Failed)
    assert said.lane.is_open


@pytest.mark.parametrize("by", ["another job", None])
def test_what_others_were_refused_since_speaks_against_the_lane(by: str | None) -> None:
    lane = shut(by, at=NOW - 3_000)

    said = judged(refusals=BEFORE, others=NOW - 4_000, lane=lane)
    assert isinstance(said.outcome, Deferred)
    assert (said.lane.strikes, said.lane.accuser) == (2, by)

    said = judged(refusals=BEFORE, others=NOW - 2_000, lane=lane)
    assert isinstance(said.outcome, Failed)
    assert said.lane is lane


def test_every_time_compared_is_that_of_a_hand_over_and_not_of_its_answer() -> None:
    """What was let in before a key was withdrawn may be answered long after it."""
    shut_by_it = judged(of=job(began=NOW - 40_000), others=NOW - 50_000).lane
    assert (shut_by_it.accuser, shut_by_it.troubled_at) == (job().id, NOW - 40_000)

    again = close(shut_by_it, Trouble.MISCONFIGURED, "It said no.", None, NOW + 1, 0.5, "another", NOW - 30_000)
    assert (again.accuser, again.troubled_at) == (None, NOW - 30_000)
    met = Refusals(NOW - 40_000)
    assert isinstance(judged(refusals=met, lane=again, others=NOW - 35_000).outcome, Deferred)
    assert isinstance(judged(refusals=met, lane=again, others=NOW - 29_000).outcome, Failed)


def test_who_was_sent_together_with_a_job_is_evidence_once_the_next_probe_had_its_say() -> None:
    met = Refusals(NOW - 5_000)
    said = judged(refusals=met, others=NOW - 5_000)
    assert isinstance(said.outcome, Deferred)
    assert (said.lane.accuser, said.lane.probed, said.lane.troubled_at) == (job().id, job().id, NOW - 5_000)

    third = structs.replace(met, times=2)
    assert isinstance(judged(refusals=third, lane=said.lane, others=NOW - 5_000).outcome, Failed)
    # The probe was refused as well: it was handed over after all who were answered.
    spread = close(said.lane, Trouble.MISCONFIGURED, "It said no.", None, NOW + 9_000, 0.5, "probe", NOW + 8_000)
    assert isinstance(judged(refusals=third, lane=spread, others=NOW - 5_000).outcome, Deferred)
    # Of several who were sent together none speaks against the others.
    assert isinstance(judged(refusals=third, lane=shut("another", NOW - 5_000), others=NOW - 5_000).outcome, Failed)


def test_an_attempt_that_ran_something_fails_whoever_is_to_blame() -> None:
    alone = judged(COUNTED)
    assert alone.outcome == structs.replace(FORBIDDEN, refusals=Refusals(NOW, alone_at=NOW))
    assert alone.lane.trouble is Trouble.MISCONFIGURED

    outrun = judged(COUNTED, others=NOW + 5)
    assert isinstance(outrun.outcome, Failed)
    assert outrun.lane is OPEN

    assert judged(COUNTED, BEFORE, others=NOW - 4_000).outcome == structs.replace(
        FORBIDDEN, note=HELD_NOTE, refusals=structs.replace(BEFORE, times=2)
    )


def test_a_rate_limit_among_others_is_never_held_against_a_job() -> None:
    met, lane = BEFORE, OPEN
    for _ in range(50):
        said = judged(LIMIT, met, lane, others=NOW)
        assert isinstance(said.outcome, Deferred)
        assert said.outcome.refusals is not None
        met = said.outcome.refusals

    assert (met.times, met.alone) == (51, 0)


def test_a_job_that_others_outrun_into_a_limit_is_wanted_as_the_next_probe() -> None:
    assert judged(LIMIT, others=NOW).lane.wanted is None
    assert judged(LIMIT, BEFORE, others=NOW - 6_000).lane.wanted is None
    assert judged(LIMIT, BEFORE, others=NOW - 4_000).lane.wanted == job().id
    lane = probed(shut(None, trouble=Trouble.RATE_LIMITED))
    assert judged(LIMIT, BEFORE, lane, others=NOW - 4_000).lane.wanted is None


def test_a_rate_limit_met_alone_again_and_again_while_others_get_through_ends_the_job() -> None:
    met, now = BEFORE, NOW
    for n in range(1, MAX_LONE_RATE_LIMITS + 1):
        now += 10_000
        lane = probed(shut(None, at=now - 5_000, trouble=Trouble.RATE_LIMITED))
        said = judged(LIMIT, lane=lane, others=now - 6_000, now=now, of=job(met, now - 10))
        if n < MAX_LONE_RATE_LIMITS:
            assert isinstance(said.outcome, Deferred)
            assert said.outcome.refusals is not None
            met = said.outcome.refusals
            assert met.alone == n
            # Nobody got through since: that says nothing new.
            assert judged(LIMIT, lane=lane, others=now - 6_000, now=now, of=job(met, now)).outcome == structs.replace(
                said.outcome, refusals=structs.replace(met, times=n + 2, probes=n + 1)
            )

    assert isinstance(said.outcome, Failed)
    assert (said.outcome.retryable, said.outcome.error.code, said.outcome.note) == (False, "http_429", HELD_NOTE)
    assert said.lane.lapses


@pytest.mark.parametrize(
    ("handed", "met", "ends"),
    [
        (REFUSAL, Refusals(NOW - MAX_WAIT_FOR_EVIDENCE_MS, times=9), True),
        (REFUSAL, Refusals(NOW - MAX_WAIT_FOR_EVIDENCE_MS + 1, times=9), False),
        (REFUSAL, Refusals(NOW - MAX_WAIT_FOR_EVIDENCE_MS, times=8), False),
        (LIMIT, Refusals(NOW - MAX_WAIT_FOR_EVIDENCE_MS, times=9), True),
        (LIMIT, Refusals(NOW - MAX_WAIT_FOR_EVIDENCE_MS + 1, times=99, probes=99), False),
    ],
)
def test_the_last_job_of_a_flow_ends_if_others_got_through_in_its_time(
    handed: HandOver, met: Refusals, ends: bool
) -> None:
    old = structs.replace(job(met), created_at=NOW - MAX_WAIT_FOR_EVIDENCE_MS - 2)
    lane = probed(shut(None))

    said = judged(handed, lane=lane, others=NOW - MAX_WAIT_FOR_EVIDENCE_MS - 1, of=old)
    assert isinstance(said.outcome, Failed) is ends
    if isinstance(said.outcome, Failed):
        assert not said.outcome.retryable
        assert str(said.outcome.note).startswith("Held against this job: refused ")
    assert said.lane.trouble is not None

    nobody = judged(handed, lane=lane, others=NOW - MAX_WAIT_FOR_EVIDENCE_MS - 3, of=old)
    assert isinstance(nobody.outcome, Deferred)


@pytest.mark.parametrize(
    ("handed", "accuser", "met", "ends"),
    [
        (REFUSAL, ONLY, Refusals(NOW - LAST_JOB_MS, times=2), True),
        (REFUSAL, ONLY, Refusals(NOW - LAST_JOB_MS + 1, times=9), False),
        (REFUSAL, ONLY, Refusals(NOW - LAST_JOB_MS, times=1), False),
        (REFUSAL, "another", Refusals(NOW - LAST_JOB_MS, times=9), False),
        (REFUSAL, None, Refusals(NOW - LAST_JOB_MS, times=9), False),
        (LIMIT, ONLY, Refusals(NOW - LAST_JOB_MS, times=9), False),
    ],
)
def test_the_only_job_that_is_left_and_refused_ends_soon(
    handed: HandOver, accuser: str | None, met: Refusals, ends: bool
) -> None:
    old = structs.replace(job(met), created_at=NOW - LAST_JOB_MS - 2)
    lane = replace(probed(shut(None)), accuser=old.id if accuser == ONLY else accuser)
    said = judged(handed, lane=lane, others=NOW - LAST_JOB_MS - 1, of=old)
    assert isinstance(said.outcome, Failed) is ends


def test_a_job_keeps_what_it_met_until_it_is_answered_otherwise() -> None:
    met = Refusals(NOW, times=2)
    back = after(running(), says(Deferred(0, "misconfigured", "403", met), "t1"))
    assert back.refusals == met

    again = claimed(back, "t2")
    assert after(again, says(Deferred(0, "shutdown", "The worker stopped."), "t2")).refusals == met
    assert after(again, says(Accepted(60_000), "t2")).refusals is None
    assert after(again, says(Failed(JobError("x", "y")), "t2")).refusals is None
    held = after(again, says(Failed(JobError("x", "y"), note=HELD_NOTE, refusals=met), "t2"))
    assert (held.refusals, held.failures) == (met, 1)
    assert held.history[-1].detail == f"x: y {HELD_NOTE}"
    assert pending().refusals is None
