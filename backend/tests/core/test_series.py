"""Histograms: percentiles as near as is said, whatever the durations are and however they were added up."""

import math

from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.series import (
    DAY,
    KEEP_MS,
    MAX_CODES,
    OTHER,
    RELATIVE_ERROR,
    Tally,
    bucket,
    percentiles,
    start_of,
)
from job_processor.core.series_rows import is_of_key, key_row, row_id, row_of_id

TIMES = st.one_of(st.integers(0, 30), st.integers(0, 100_000), st.integers(0, 365 * DAY))


@given(times=st.lists(TIMES, min_size=1, max_size=40), share=st.sampled_from((0.5, 0.95, 0.99, 1.0)))
def test_a_percentile_is_off_by_no_more_than_is_said(times: list[int], share: float) -> None:
    halves = [Tally(), Tally()]
    for number, ms in enumerate(times):
        halves[number % 2].add(Tally(durations={"total": {bucket(ms): 1}}))
    halves[0].add(halves[1])
    exact = sorted(times)[math.ceil(share * len(times)) - 1]
    [found] = percentiles(halves[0].durations["total"], [share])
    assert abs(found - exact) <= exact * RELATIVE_ERROR + 0.5


def test_several_percentiles_of_few_jobs() -> None:
    assert percentiles({bucket(0): 1, bucket(1): 1}, (0.5, 0.95, 0.99)) == [0, 1, 1]
    assert percentiles({bucket(1): 98, bucket(0): 1, bucket(2): 1}, (0.01, 0.5, 0.99, 1.0)) == [0, 1, 1, 2]


def test_the_longest_times_are_in_the_last_bucket() -> None:
    assert bucket(2**62) == bucket(2**63)
    assert percentiles({bucket(2**63): 1}, [0.5]) > [9 * 365 * DAY]


def test_many_different_codes_are_counted_as_others() -> None:
    tally = Tally()
    for number in range(3 * MAX_CODES):
        tally.add(Tally(failed={f"code-{number}": 2}))
        tally.add(Tally(failed={"code-0": 1}))
    assert len(tally.failed) == MAX_CODES + 1
    assert tally.failed["code-0"] == 3 * MAX_CODES + 2
    assert tally.failed[OTHER] == 2 * 2 * MAX_CODES
    assert sum(tally.failed.values()) == 3 * 3 * MAX_CODES


@given(
    at=st.integers(0, 4_102_444_800_000),
    flow=st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True),
    key=st.none() | st.text(min_size=1, max_size=64),
    span=st.sampled_from(tuple(KEEP_MS)),
)
def test_an_id_of_a_row_says_what_it_is_of(at: int, flow: str, key: str | None, span: int) -> None:
    name, span = (flow, span) if key is None else (key_row(flow, key), DAY)
    assert is_of_key(name) is (key is not None)
    assert row_of_id(row_id(span, start_of(span, at), name)) == (span, start_of(span, at), name)
