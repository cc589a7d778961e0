"""How long a new write would wait, judged by the groups before it."""

from job_processor.store.pace import Pace


class Seconds:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def measured(pace: Pace, clock: Seconds, groups: list[tuple[int, float]]) -> None:
    for size, seconds in groups:
        began = pace.begin()
        clock.at += seconds
        pace.end(began, size)


def test_nothing_waits_for_an_empty_queue_however_slow_the_disk_was() -> None:
    clock = Seconds()
    pace = Pace(512, monotonic=clock)
    assert pace.seconds(0) == 0.0
    measured(pace, clock, [(1, 60.0)])
    assert pace.seconds(0) == 0.0


def test_a_burst_after_idle_times_on_a_slow_disk_is_no_long_queue() -> None:
    """Single commits of 50 ms say that a commit takes 50 ms, not that only 20 writes a second are possible."""
    clock = Seconds()
    pace = Pace(512, monotonic=clock)
    measured(pace, clock, [(1, 0.05)] * 50)
    assert pace.seconds(512) < 0.1
    assert pace.seconds(1_024) < 0.2


def test_a_long_queue_is_measured_by_full_groups() -> None:
    clock = Seconds()
    pace = Pace(512, monotonic=clock)
    measured(pace, clock, [(512, 0.5)] * 50)
    assert 1.8 < pace.seconds(2_000) < 2.1
    assert pace.seconds(512) < 0.6
    # The disk becomes faster: after some groups the same queue is short.
    measured(pace, clock, [(512, 0.01)] * 30)
    assert pace.seconds(2_000) < 0.1


def test_a_group_that_does_not_end_counts_with_its_time() -> None:
    clock = Seconds()
    pace = Pace(512, monotonic=clock)
    began = pace.begin()
    clock.at += 7.0
    assert pace.seconds(1) == 7.0
    pace.end(began, 1)
    assert pace.seconds(1) < 2.0


def test_groups_at_once_share_the_queue() -> None:
    clock = Seconds()
    one, two = Pace(100, 1, clock), Pace(100, 2, clock)
    for pace in (one, two):
        measured(pace, clock, [(100, 1.0)] * 50)
    assert two.seconds(1_000) == one.seconds(1_000) / 2
