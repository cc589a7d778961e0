"""Where the jobs of a flow go while its lane is closed: to the processor of its first fallback flow that is open.

Only the attempt is another flow's: the job keeps its flow, with its retry rules, its result schema and its deadline.
The limits of an attempt are those of the flow whose processor has it. The jobs of a flow that a person paused wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane, is_over_budget, open_lane
from job_processor.core.series import DAY, start_of

PROBE_FIRST_MS = 2_000
"""How long jobs do not fall back when the wait of their own lane is over, so that one of them is its probe. Longer than
the time between two claims."""


@dataclass(frozen=True, slots=True)
class FellBack:
    """An attempt goes to the processor of ``flow``. ``why``: for the history."""

    flow: str
    why: str


def is_shut(lane: Lane, rules: FlowRules, now: int) -> bool:
    """Whether the flow is in trouble, or has used up its budget of today."""
    return lane.trouble is not None or is_over_budget(lane, rules, now)


def falls_back_at(lane: Lane, rules: FlowRules, now: int) -> int | None:
    """When jobs of the flow may go to its fallback flows (ms since 1970); ``None``: not as its lane is at ``now``."""
    if not rules.fallback or lane.paused or not is_shut(lane, rules, now):
        return None
    if is_over_budget(lane, rules, now):
        # At once: it does not open before the next day.
        return start_of(DAY, now)
    return lane.closed_since + int(rules.fallback_after_seconds * 1000)


def fall_back(
    flow: str, of: FlowRules, before: Sequence[FlowRules], lanes: Mapping[str, Lane], now: int
) -> FellBack | None:
    """Whether ``flow`` may take jobs of the flow ``of`` at ``now``. Its own limits are not checked here.

    ``before``: the fallback flows of ``of`` that come before it. ``lanes``: the stored lanes of ``of`` and ``before``.
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
    """The first of these flows that takes jobs which fall back; ``None``: all are closed. ``lanes``: as stored."""
    for one in flows:
        lane = lanes.get(one.name, open_lane(one.name))
        if not lane.paused and not is_shut(lane, one, now):
            return one.name
    return None


def _is_for_probe(lane: Lane, rules: FlowRules, now: int) -> bool:
    opens = lane.closed_until
    due = lane.probe is None and opens is not None and opens <= now < opens + PROBE_FIRST_MS
    return due and not is_over_budget(lane, rules, now)
