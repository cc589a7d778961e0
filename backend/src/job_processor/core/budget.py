"""A flow's budget: when what its attempts have cost today reaches it, its lane admits no job until the next day (UTC).

The lane keeps the cost of its day as it was last noted, and every process judges by its own rules: the lane opens by
itself when the day is over, or when the budget is raised. Jobs in flight end as they would, and may cost more.
"""

from enum import StrEnum

from job_processor.core.cost import in_words
from job_processor.core.series import DAY, start_of

WARN_PERCENT = 80
OVER_BUDGET = "over_budget"
"""Why the lane is closed, for programs."""


class Level(StrEnum):
    """How much of a budget is used up."""

    FINE = "fine"
    NEARLY = "nearly"
    """At least ``WARN_PERCENT``."""
    USED_UP = "used_up"


def level(spent: int, budget: int | None) -> Level:
    """``spent`` and ``budget`` in micros; ``None``: there is no budget."""
    if budget is None or spent * 100 < budget * WARN_PERCENT:
        return Level.FINE
    return Level.NEARLY if spent < budget else Level.USED_UP


def level_at(spent: int, spent_on: int, budget: int | None, now: int) -> Level:
    """The same of a cost that was noted on the day that began at ``spent_on``."""
    return level(spent if spent_on == start_of(DAY, now) else 0, budget)


def next_day(now: int) -> int:
    """When the next day begins (UTC, ms since 1970)."""
    return start_of(DAY, now) + DAY


def why_closed(flow: str, budget: int, currency: str) -> str:
    """Words for people. Until when is told beside them."""
    of = in_words(budget, currency)
    return f"The budget of the flow {flow} of {of} a day is used up; raising it opens the flow at once."
