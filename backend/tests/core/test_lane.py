"""Lanes know the difference between a bad job and a bad day."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.flow import FlowRules
from job_processor.core.lane import (
    CREDIT_CAP_MS,
    CREDIT_MIN_MS,
    MAX_CLOSED_MS,
    MIN_CLOSED_MS,
    OUTAGE_CAP_MS,
    OUTAGE_THRESHOLD,
    RATE_LIMIT_CAP_MS,
    Lane,
    Trouble,
    admit,
    admits_again_at,
    charge,
    clear_probe,
    close,
    count_server_error,
    note_answer,
    reopen,
)
from tests.core.given import NOW, RULES

OPEN = Lane("f")


def closed(until: int | None = NOW + 20_000, trouble: Trouble = Trouble.RATE_LIMITED) -> Lane:
    return close(OPEN, trouble, "429 Too Many Requests", until, NOW, 0.5)


def test_an_open_lane_without_limits_admits_what_is_wanted() -> None:
    assert admit(OPEN, 200, 10_000, RULES, NOW) == (200, OPEN)


def test_concurrency_counts_everything_that_is_handed_over() -> None:
    rules = FlowRules("f", concurrency=20)

    assert [admit(OPEN, 200, n, rules, NOW)[0] for n in (0, 5, 19, 20, 25)] == [20, 15, 1, 0, 0]


def test_a_paused_lane_admits_nothing_and_does_not_know_until_when() -> None:
    lane = replace(OPEN, paused=True)

    assert admit(lane, 5, 0, RULES, NOW) == (0, lane)
    assert admits_again_at(lane, RULES, NOW) is None
    assert not lane.is_open


def test_a_429_closes_the_lane_until_the_processors_own_word() -> None:
    lane = closed()

    assert (lane.trouble, lane.closed_until) == (Trouble.RATE_LIMITED, NOW + 20_000)
    assert admit(lane, 5, 0, RULES, NOW + 19_999)[0] == 0
    assert admits_again_at(lane, RULES, NOW) == NOW + 20_000


@pytest.mark.parametrize(
    ("word", "wait"),
    [
        (-(10**12), MIN_CLOSED_MS),
        (-1, MIN_CLOSED_MS),
        (0, MIN_CLOSED_MS),
        (86_400_000, MAX_CLOSED_MS),
        (90_000, 90_000),
    ],
)
def test_the_processors_word_is_clamped(word: int, wait: int) -> None:
    """Azure has sent negative values, and a day."""
    assert closed(NOW + word).closed_until == NOW + wait


def test_one_probe_goes_through_after_the_window_and_nothing_beside_it() -> None:
    lane = closed()
    now = NOW + 20_000

    allowed, lane = admit(lane, 200, 0, RULES, now)
    assert allowed == 1
    lane = charge(lane, 1, RULES, "token", "job")

    assert admit(lane, 200, 1, RULES, now)[0] == 0
    assert (lane.probe, lane.probed) == ("token", "job")
    assert admits_again_at(lane, RULES, now) is None


def test_a_probe_that_has_ended_without_a_word_makes_way_for_another() -> None:
    now = NOW + 20_000
    lane = charge(admit(closed(), 1, 0, RULES, now)[1], 1, RULES, "token", "job")

    assert admit(clear_probe(lane), 9, 1, RULES, now)[0] == 1
    assert clear_probe(lane).probed == "job"
    assert clear_probe(OPEN) is OPEN


def test_a_probe_that_found_no_job_leaves_the_lane_ready_for_one() -> None:
    now = NOW + 20_000
    _, lane = admit(closed(), 1, 0, RULES, now)

    assert admit(charge(lane, 0, RULES, "token", "job"), 1, 0, RULES, now)[0] == 1


def test_a_probe_that_is_answered_opens_the_lane_and_forgets_all_strikes() -> None:
    now = NOW + 20_000
    lane = charge(admit(closed(), 1, 0, RULES, now)[1], 1, RULES, "token", "job")

    lane = note_answer(lane, now + 5)

    assert lane == OPEN
    assert admit(lane, 200, 1, RULES, now)[0] == 200


def test_an_answer_within_the_window_is_an_older_attempts_and_opens_nothing() -> None:
    """Of twenty requests under way one is told to wait 20 s; that another still got through is no reason to go on."""
    lane = closed()

    assert note_answer(lane, NOW + 1) is lane
    assert note_answer(lane, NOW + 19_999) is lane


def test_an_answer_to_a_lane_that_is_well_changes_nothing() -> None:
    assert note_answer(OPEN, NOW) is OPEN
    assert reopen(OPEN) is OPEN


def test_troubles_of_attempts_that_were_under_way_together_are_one_strike() -> None:
    lane = closed(None, Trouble.OUTAGE)
    for _ in range(50):
        lane = close(lane, Trouble.OUTAGE, "refused", None, NOW + 1, 0.5)

    assert lane.strikes == 1
    assert lane.closed_until is not None
    assert lane.closed_until <= NOW + 1 + MIN_CLOSED_MS


def test_closing_a_lane_that_is_closed_for_as_long_already_changes_nothing() -> None:
    lane = closed()

    assert close(lane, Trouble.OUTAGE, "refused", None, NOW + 1, 0.5) is lane
    assert close(lane, Trouble.RATE_LIMITED, "429", NOW + 20_000, NOW + 1, 0.5) is lane
    assert close(lane, Trouble.RATE_LIMITED, "429", NOW + 20_001, NOW + 1, 0.5).closed_until == NOW + 20_001


def test_a_lane_without_credit_is_probed_minutes_apart() -> None:
    lane, now, waits = OPEN, NOW, []
    for _ in range(5):
        lane = close(lane, Trouble.OUT_OF_CREDIT, "no credit", None, now, 0.5)
        assert lane.closed_until is not None
        waits.append(lane.closed_until - now)
        now = lane.closed_until

    assert waits == [54_000, 108_000, 216_000, 270_000, 270_000]


def test_the_blame_of_several_jobs_is_nobodys() -> None:
    lane = close(OPEN, Trouble.MISCONFIGURED, "403", None, NOW, 0.5, "a")
    assert lane.accuser == "a"

    assert close(lane, Trouble.MISCONFIGURED, "403", None, NOW + 1, 0.5, "a") is lane
    lane = close(lane, Trouble.MISCONFIGURED, "403", None, NOW + 1, 0.5, "b")
    assert lane.accuser is None
    assert close(lane, Trouble.MISCONFIGURED, "403", None, NOW + 1, 0.5, "b") is lane
    assert close(lane, Trouble.MISCONFIGURED, "403", None, NOW + 60_000, 0.5, "a").accuser is None


def test_an_answer_within_the_window_is_noted_when_a_job_is_blamed() -> None:
    lane = close(OPEN, Trouble.MISCONFIGURED, "403", None, NOW, 0.5, "a")

    noted = note_answer(lane, NOW + 9, "b", NOW + 1)

    assert (noted.trouble, noted.answered_at, noted.answered_by) == (Trouble.MISCONFIGURED, NOW + 1, "b")
    assert note_answer(noted, NOW + 60_000, "b", NOW + 50_000).answered_at == NOW + 50_000


def test_a_second_word_within_the_window_never_shortens_it() -> None:
    lane = close(closed(), Trouble.RATE_LIMITED, "429", NOW + 2_000, NOW + 1, 0.5)

    assert lane.closed_until == NOW + 20_000


def test_probes_of_an_outage_grow_apart_up_to_a_limit() -> None:
    lane, now, waits = OPEN, NOW, []
    for _ in range(10):
        lane = close(lane, Trouble.OUTAGE, "refused", None, now, 0.5)
        assert lane.closed_until is not None
        waits.append(lane.closed_until - now)
        now = lane.closed_until

    assert waits[:5] == [900, 1_800, 3_600, 7_200, 14_400]
    assert waits[5:] == [18_000] * 5


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 10_000))
def test_the_wait_between_probes_is_never_longer_than_its_step(jitter: float, strikes: int) -> None:
    for trouble, longest in ((Trouble.OUTAGE, OUTAGE_CAP_MS), (Trouble.RATE_LIMITED, RATE_LIMIT_CAP_MS)):
        lane = close(replace(OPEN, strikes=strikes - 1), trouble, "no", None, NOW, jitter)

        assert lane.closed_until is not None
        step = min(longest, MIN_CLOSED_MS * 2 ** min(strikes - 1, 30))
        assert step * 0.8 - 1 <= lane.closed_until - NOW <= step


def test_server_errors_close_the_lane_only_when_they_come_in_a_row() -> None:
    lane = OPEN
    for _ in range(OUTAGE_THRESHOLD - 1):
        lane = count_server_error(lane, "502", NOW, 0.5)
    assert lane.is_open

    assert note_answer(lane, NOW).errors == 0
    lane = count_server_error(lane, "502", NOW, 0.5)
    assert (lane.trouble, lane.detail) == (Trouble.OUTAGE, "502")


def test_a_server_error_of_the_probe_closes_the_lane_again_at_once() -> None:
    now = NOW + 20_000
    lane = charge(admit(closed(), 1, 0, RULES, now)[1], 1, RULES, "token", "job")

    lane = count_server_error(lane, "503", now + 10, 0.5)

    assert (lane.trouble, lane.strikes, lane.probe) == (Trouble.OUTAGE, 2, None)
    assert admit(lane, 5, 0, RULES, now + 10)[0] == 0


def test_a_pause_and_a_trouble_do_not_undo_each_other() -> None:
    lane = replace(closed(), paused=True)

    assert note_answer(lane, NOW + 20_000).paused
    assert close(lane, Trouble.OUTAGE, "x", None, NOW, 0.5).paused


def test_a_rate_is_spread_over_the_minute() -> None:
    rules = FlowRules("f", rate_per_minute=60)
    allowed, lane = admit(OPEN, 200, 0, rules, NOW)
    assert allowed == 1
    lane = charge(lane, allowed, rules, "token", "job")

    assert admit(lane, 200, 0, rules, NOW + 999)[0] == 0
    assert admits_again_at(lane, rules, NOW) == NOW + 1_001
    assert admit(lane, 200, 0, rules, NOW + 1_001)[0] == 1


@given(
    st.floats(1, 100_000),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 300)), min_size=1, max_size=60),
)
def test_no_pattern_of_claims_exceeds_the_rate(rate: float, claims: list[tuple[int, int]]) -> None:
    rules = FlowRules("f", rate_per_minute=rate)
    lane, now, total = OPEN, NOW, 0
    for pause, wanted in claims:
        now += pause
        allowed, lane = admit(lane, wanted, 0, rules, now)
        lane = charge(lane, allowed, rules, "token", "job")
        total += allowed

    burst = max(1.0, rate / 60)
    assert total <= burst + (now - NOW) * rate / 60_000 + 1e-6


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 300), st.booleans())
def test_nobody_is_ever_admitted_beyond_the_limits(wanted: int, in_flight: int, limit: int, troubled: bool) -> None:
    lane = closed() if troubled else OPEN

    allowed, _ = admit(lane, wanted, in_flight, FlowRules("f", concurrency=limit), NOW + 20_000)

    assert 0 <= allowed <= wanted
    assert allowed <= max(0, limit - in_flight)
    assert allowed <= 1 or not troubled


def test_without_credit_the_probes_are_minutes_apart() -> None:
    lane = OPEN
    waits = []
    now = NOW
    for _ in range(5):
        lane = close(lane, Trouble.OUT_OF_CREDIT, "402", None, now, 1.0)
        assert lane.closed_until is not None
        waits.append(lane.closed_until - now)
        now = lane.closed_until
    assert waits == [CREDIT_MIN_MS, 2 * CREDIT_MIN_MS, 4 * CREDIT_MIN_MS, CREDIT_CAP_MS, CREDIT_CAP_MS]


def test_a_lane_that_an_earlier_version_wrote_is_read() -> None:
    """Its probe was bound to a time and not to a lease; after the upgrade the place is free."""
    old = {"flow": "f", "rev": 3, "trouble": "outage", "closed_until": NOW, "probing_until": NOW + 9}

    assert msgspec.convert(old, Lane) == Lane("f", 3, Trouble.OUTAGE, closed_until=NOW)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=Lane).probe is None
