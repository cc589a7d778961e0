"""Jobs in groups: how many have the same error, flow, tag or verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MOST_GROUPS = 100
"""Maximum number of groups that are returned; these are the largest."""


class GroupBy(StrEnum):
    """ERROR: by the code of the error, apart for each flow."""

    ERROR = "error"
    FLOW = "flow"
    TAG = "tag"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Group:
    """``flow``: the flow of all its jobs; ``None``: they may be of several. ``since`` and ``until``: when the first and
    the last of them ended, or were created if they have not ended. ``example``: the id of the newest."""

    value: str
    flow: str | None
    count: int
    since: int
    until: int
    example: str


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


def grouped(members: Iterable[Member], by: GroupBy, jobs: int, most_groups: int) -> Grouped:
    """The largest groups of up to ``jobs`` members, which are given newest first."""
    spans: dict[tuple[str, str | None], tuple[int, int, int, str]] = {}
    more = False
    for seen, member in enumerate(members):
        more = seen == jobs
        if more:
            break
        flow = member.flow if by in (GroupBy.ERROR, GroupBy.FLOW) else None
        for value in member.values:
            key = (value, flow)
            count, since, until, example = spans.get(key, (0, member.at, member.at, member.id))
            spans[key] = (count + 1, min(since, member.at), max(until, member.at), example)
    groups = [Group(value, flow, *span) for (value, flow), span in spans.items()]
    groups.sort(key=lambda one: (-one.count, one.value, one.flow or ""))
    return Grouped(tuple(groups[:most_groups]), more)
