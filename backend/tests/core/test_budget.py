"""Budgets of flows: when they close a lane, and what opens it."""

from dataclasses import replace

import pytest

from job_processor.core.budget import Level, level
from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane, admit, admits_again_at
from job_processor.core.lane_budget import level_of, note_spent
from job_processor.core.series import DAY

RULES = FlowRules("f", budget_per_day=1_000)
TODAY = 20_000 * DAY
NOON = TODAY + DAY // 2


@pytest.mark.parametrize(
    ("spent", "budget", "found"),
    [
        (0, 1_000, Level.FINE),
        (799, 1_000, Level.FINE),
        (800, 1_000, Level.NEARLY),
        (999, 1_000, Level.NEARLY),
        (1_000, 1_000, Level.USED_UP),
        (5_000, 1_000, Level.USED_UP),
        (5_000, None, Level.FINE),
        (0, 1, Level.FINE),
        (1, 1, Level.USED_UP),
    ],
)
def test_it_warns_from_four_fifths_on_and_is_used_up_when_it_is_reached(
    spent: int, budget: int | None, found: Level
) -> None:
    assert level(spent, budget) is found


def test_a_lane_over_its_budget_admits_nothing_until_the_next_day() -> None:
    lane = note_spent(Lane("f"), 1_000, TODAY)
    assert admit(lane, 5, 0, RULES, NOON) == (0, lane)
    assert admits_again_at(lane, RULES, NOON) == TODAY + DAY
    assert admit(lane, 5, 0, RULES, TODAY + DAY - 1)[0] == 0
    assert admit(lane, 5, 0, RULES, TODAY + DAY)[0] == 5
    assert level_of(lane, 1_000, TODAY + DAY) is Level.FINE


def test_a_raised_budget_and_none_open_it_at_once() -> None:
    lane = note_spent(Lane("f"), 1_000, TODAY)
    for budget in (1_001, None):
        assert admit(lane, 5, 0, replace(RULES, budget_per_day=budget), NOON)[0] == 5


def test_an_older_or_lower_cost_is_not_noted() -> None:
    lane = note_spent(Lane("f"), 500, TODAY)
    assert note_spent(lane, 499, TODAY) is lane
    assert note_spent(lane, 9_000, TODAY - DAY) is lane
    assert note_spent(lane, 1, TODAY + DAY).spent == 1
