"""Jobs in groups: how many have the same error, flow, tag, verdict or key."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_GROUPS = 100
"""Maximum number of groups that are returned; these are the largest."""


class GroupBy(StrEnum):
    """ERROR: by the code of the error, apart for each flow."""

    ERROR = "error"
    FLOW = "flow"
    TAG = "tag"
    VERDICT = "verdict"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Group:
    """``flow``: the flow of all its jobs; ``None``: they may be of several. ``since`` and ``until``: when the first and
    the last of its jobs ended, or were created if they have not ended. ``example``: the id of the newest. ``cost``: the
    total in micros of the jobs whose cost is known; ``None``: none is known."""

    value: str
    flow: str | None
    count: int
    since: int
    until: int
    example: str
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class Grouped:
    """The groups, the largest first. ``more``: only the newest jobs were counted."""

    groups: tuple[Group, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Member:
    """The values by which a job is grouped; it may have several."""

    id: str
    flow: str
    at: int
    values: tuple[str, ...]
    cost: int | None = None


def grouped(members: Iterable[Member], by: GroupBy, jobs: int, max_groups: int) -> Grouped:
    """The largest groups of up to ``jobs`` members, which are given newest first."""
    spans: dict[tuple[str, str | None], tuple[int, int, int, str, int | None]] = {}
    more = False
    for seen, member in enumerate(members):
        more = seen == jobs
        if more:
            break
        flow = member.flow if by in (GroupBy.ERROR, GroupBy.FLOW) else None
        for value in member.values:
            key = (value, flow)
            count, since, until, example, cost = spans.get(key, (0, member.at, member.at, member.id, None))
            if member.cost is not None:
                cost = (cost or 0) + member.cost
            spans[key] = (count + 1, min(since, member.at), max(until, member.at), example, cost)
    groups = [Group(value, flow, *span) for (value, flow), span in spans.items()]
    groups.sort(key=lambda one: (-one.count, one.value, one.flow or ""))
    return Grouped(tuple(groups[:max_groups]), more)
