"""The cost of today that a lane stores for its flow's budget (``core.budget``)."""

from dataclasses import replace

from job_processor.core.budget import Level, level_at
from job_processor.core.lane import Lane


def note_spent(lane: Lane, spent: int, day: int) -> Lane:
    """The lane with the flow's cost (micros) of a day that began at ``day`` (ms since 1970).

    A day's cost only grows, so an older day or a lower cost is ignored.
    """
    if (day, spent) <= (lane.spent_on, lane.spent):
        return lane
    return replace(lane, spent=spent, spent_on=day)


def level_of(lane: Lane, budget: int | None, now: int) -> Level:
    """How much of the budget is used up today, by the cost that the lane stores. ``budget``: in micros."""
    return level_at(lane.spent, lane.spent_on, budget, now)
