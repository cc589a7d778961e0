"""The expected start of a waiting job."""

import pytest

from job_processor.core.place import ends_per_minute, expected_start
from job_processor.core.series import MINUTE, Tally
from job_processor.core.waiting import WaitingFor

NOW = 1_000 * MINUTE


@pytest.mark.parametrize(
    ("lately", "found"),
    [
        ({}, None),
        ({NOW - MINUTE: Tally(cancelled=9, prompt_tokens=3)}, None),
        ({NOW - 10 * MINUTE: Tally(completed=50)}, 5.0),
        # By the time since the first end, not by the whole ten minutes.
        ({NOW - 5 * MINUTE: Tally(), NOW - 2 * MINUTE: Tally(completed=4, failed={"a": 1, "b": 2})}, 3.5),
        ({NOW - 2 * MINUTE: Tally(attempts_retried=2), NOW - MINUTE: Tally(completed=2)}, 2.0),
        # A minute that has only begun is no measure.
        ({NOW: Tally(completed=2)}, 12.0),
    ],
)
def test_how_many_a_flow_ends(lately: dict[int, Tally], found: float | None) -> None:
    assert ends_per_minute(lately, NOW) == found


def waits(kind: str) -> WaitingFor:
    return WaitingFor(kind, "The flow f is paused.")


@pytest.mark.parametrize(
    ("ahead", "more", "per_minute", "kind", "left", "detail"),
    [
        (0, False, None, "worker", 0, "It is next. A worker takes it now."),
        (0, False, 6.0, "concurrency", 10_000, "It is next. It should start in about 10 s."),
        (1, False, 60.0, "rate", 2_000, "At most 1 job is ahead. It should start in about 2 s."),
        (14, False, 5.0, "shared_rate", 180_000, "At most 14 jobs are ahead. It should start in about 3 min."),
        (14, False, 5.0, "shared_tokens", 180_000, "At most 14 jobs are ahead. It should start in about 3 min."),
        (15, False, 5.0, "worker", 180_000, "At most 15 jobs are ahead. It should start in about 3 min."),
        (1_000, True, 1.0, "worker", 60_000_000, "More than 1,000 jobs are ahead. It should start in more than 17 h."),
        (999, False, 0.1, None, 600_000_000, "At most 999 jobs are ahead. It should start in about 7 days."),
        (0, True, 60.0, "worker", 0, "More than 0 jobs are ahead. It should start in more than 1 s."),
    ],
)
def test_it_is_the_place_by_the_pace(
    ahead: int, more: bool, per_minute: float | None, kind: str | None, left: int, detail: str
) -> None:
    found = expected_start(ahead, more, per_minute, None if kind is None else waits(kind), NOW)
    assert (found.at, found.detail) == (NOW + left, detail)


@pytest.mark.parametrize(
    ("kind", "when"),
    [
        ("paused", "It starts when its flow is resumed."),
        # It may fall back before its lane opens.
        ("over_budget", "When it starts is not known: its lane is closed."),
        ("outage", "When it starts is not known: its lane is closed."),
        ("key_concurrency", "It starts when its key may have another job."),
        ("key_rate", "It starts when its key may have another job."),
        ("no_flow", "It starts when its flow is defined again."),
    ],
)
def test_it_is_not_known_while_the_flow_or_the_key_may_start_nothing(kind: str, when: str) -> None:
    found = expected_start(3, False, 60.0, waits(kind), NOW)
    assert (found.at, found.detail) == (None, f"At most 3 jobs are ahead. {when}")


def test_it_is_not_known_without_a_pace() -> None:
    found = expected_start(3, False, None, waits("concurrency"), NOW)
    assert found.at is None
    assert "ended no job in the last 10 minutes" in found.detail
