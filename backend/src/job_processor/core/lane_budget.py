"""What a lane keeps of its flow's budget (``core.budget``)."""

from dataclasses import replace

from job_processor.core.budget import Level, level_at
from job_processor.core.lane import Lane


def note_spent(lane: Lane, spent: int, day: int) -> Lane:
    """With what the flow has cost on a day. A day's cost only grows: what is older or lower is not noted."""
    if (day, spent) <= (lane.spent_on, lane.spent):
        return lane
    return replace(lane, spent=spent, spent_on=day)


def level_of(lane: Lane, budget: int | None, now: int) -> Level:
    """How much is used up today, as far as the lane knows."""
    return level_at(lane.spent, lane.spent_on, budget, now)
