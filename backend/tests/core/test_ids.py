"""Job ids: 24 hex digits, growing within a process even when its clock steps back a little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.ids import MAX_AHEAD_MS, IdFactory, first_id_of, is_job_id
from tests.core.given import NOW

TIMES = st.integers(0, 4_102_444_800_000)


@given(st.integers(0, 2**48 - 1), TIMES, st.lists(st.integers(0, MAX_AHEAD_MS), min_size=2, max_size=50))
def test_ids_grow_although_the_clock_steps_back_a_little(seed: int, start: int, offsets: list[int]) -> None:
    ids = IdFactory(seed)
    made = [ids.new(start + offset) for offset in offsets]

    assert made == sorted(set(made))
    assert all(is_job_id(one) for one in made)


@given(st.integers(0, 2**48 - 1), st.lists(TIMES, min_size=2, max_size=50))
def test_ids_lie_no_further_ahead_of_the_clock_than_is_said_and_never_behind_it(seed: int, times: list[int]) -> None:
    ids = IdFactory(seed)
    made = [ids.new(at) for at in times]

    assert len(set(made)) == len(made)
    for at, one in zip(times, made, strict=True):
        assert first_id_of(at) <= one < first_id_of(at + MAX_AHEAD_MS + 1)


@given(st.integers(0, 2**48 - 1), st.lists(st.tuples(TIMES, st.integers(0, 5)), max_size=20), st.integers(0, 20))
def test_many_ids_are_those_that_are_made_one_after_the_other(
    seed: int, wanted: list[tuple[int, int]], left: int
) -> None:
    """``left``: until the counter begins anew."""
    one, many = IdFactory(seed), IdFactory(seed)
    one._counter = many._counter = 0xFFFFFF - left
    for at, number in wanted:
        assert many.many(at, number) == [one.new(at) for _ in range(number)]


def test_ids_are_ordered_by_time_across_processes() -> None:
    first, second = IdFactory(2**48 - 1), IdFactory(0)

    assert first.new(NOW) < second.new(NOW + 1)


def test_two_processes_make_different_ids_in_the_same_millisecond() -> None:
    assert IdFactory(0x000000_000001).new(NOW) != IdFactory(0x000000_000002).new(NOW)


def test_a_counter_that_runs_over_moves_on_to_the_next_millisecond() -> None:
    ids = IdFactory(0x7FFFFF_000000)
    before = ids.new(NOW)
    for _ in range(0x800000 - 2):
        ids._counter += 1
    after = [ids.new(NOW) for _ in range(3)]

    assert [before, *after] == sorted({before, *after})


@pytest.mark.parametrize(
    "text", ["", "0" * 23, "0" * 25, "A" * 24, "g" * 24, "0" * 23 + "\n", "٠" * 24, "0x" + "0" * 22]
)
def test_what_is_no_id(text: str) -> None:
    assert not is_job_id(text)
