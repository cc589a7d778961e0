"""A flow's daily budget: when today's cost reaches it, the flow's lane admits no job until the next day (UTC).

The lane stores the day's cost as last recorded; every process compares it with its own configured budget. So the lane
opens without a write when the day is over or the budget is raised. Jobs in flight continue and may exceed the budget.
"""

from enum import StrEnum

from job_processor.core.cost import in_words
from job_processor.core.series import DAY, start_of

WARN_PERCENT = 80
OVER_BUDGET = "over_budget"
"""The code of this reason for a closed lane."""


class Level(StrEnum):
    """The share of a budget that is used up."""

    FINE = "fine"
    NEARLY = "nearly"
    """At least ``WARN_PERCENT`` of the budget is used up."""
    USED_UP = "used_up"


def level(spent: int, budget: int | None) -> Level:
    """How much of the budget is used up. ``spent``, ``budget``: in micros; ``None``: there is no budget."""
    if budget is None or spent * 100 < budget * WARN_PERCENT:
        return Level.FINE
    return Level.NEARLY if spent < budget else Level.USED_UP


def level_at(spent: int, spent_on: int, budget: int | None, now: int) -> Level:
    """As ``level`` at ``now``; ``spent`` counts only if it was recorded today. ``spent_on``: start of its day (ms)."""
    return level(spent if spent_on == start_of(DAY, now) else 0, budget)


def next_day(now: int) -> int:
    """The start of the next day (UTC), in milliseconds since 1970."""
    return start_of(DAY, now) + DAY


def why_closed(flow: str, budget: int, currency: str) -> str:
    """The reason for people. ``budget``: in micros."""
    of = in_words(budget, currency)
    return f"The budget of the flow {flow} of {of} a day is used up; raising it opens the flow at once."
