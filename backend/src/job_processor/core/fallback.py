"""Fallback: while the lane of a flow is closed, its jobs go to the processor of its first fallback flow that is open.

Only the attempt belongs to the other flow; the job keeps its own flow, with retry rules, result schema and deadline. An
attempt counts against the limits of the flow whose processor it goes to. Jobs of a paused flow do not fall back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane, is_over_budget, open_lane
from job_processor.core.series import DAY, start_of

PROBE_FIRST_MS = 2_000
"""How long jobs do not fall back after the wait of their own lane is over, so that one of them can be claimed as its
probe. Longer than the interval between two claims."""


@dataclass(frozen=True, slots=True)
class FellBack:
    """An attempt falls back to the processor of ``flow``. ``why``: a text for the history."""

    flow: str
    why: str


def is_unavailable(lane: Lane, rules: FlowRules, now: int) -> bool:
    """Whether the lane is in trouble, or today's budget of the flow is used up."""
    return lane.trouble is not None or is_over_budget(lane, rules, now)


def falls_back_at(lane: Lane, rules: FlowRules, now: int) -> int | None:
    """When jobs of the flow may fall back (ms since 1970); ``None``: the state of the lane does not allow it."""
    if not rules.fallback or lane.paused or not is_unavailable(lane, rules, now):
        return None
    if is_over_budget(lane, rules, now):
        # Without `fallback_after_seconds`, because the lane stays closed until the next day.
        return start_of(DAY, now)
    return lane.closed_since + int(rules.fallback_after_seconds * 1000)


def fall_back(
    flow: str, of: FlowRules, before: Sequence[FlowRules], lanes: Mapping[str, Lane], now: int
) -> FellBack | None:
    """The fallback of jobs of the flow ``of`` to ``flow`` at ``now``; ``None`` if it is not allowed.

    ``before``: the fallback flows of ``of`` that have precedence over ``flow``. ``lanes``: the stored lanes of ``of``
    and ``before``. The limits of ``flow`` are not checked here.
    """
    lane = lanes.get(of.name, open_lane(of.name))
    at = falls_back_at(lane, of, now)
    if at is None or now < at or _is_for_probe(lane, of, now):
        return None
    if first_open(before, lanes, now) is not None:
        return None
    why = "Its budget of today is used up." if is_over_budget(lane, of, now) else lane.detail or ""
    return FellBack(flow, f"The flow {of.name} is closed, the flow {flow} takes this attempt. {why}".strip())


def first_open(flows: Iterable[FlowRules], lanes: Mapping[str, Lane], now: int) -> str | None:
    """The first of these flows whose lane is open; ``None``: all are closed. ``lanes``: as stored."""
    for one in flows:
        lane = lanes.get(one.name, open_lane(one.name))
        if not lane.paused and not is_unavailable(lane, one, now):
            return one.name
    return None


def _is_for_probe(lane: Lane, rules: FlowRules, now: int) -> bool:
    opens = lane.closed_until
    due = lane.probe is None and opens is not None and opens <= now < opens + PROBE_FIRST_MS
    return due and not is_over_budget(lane, rules, now)
