"""Where the jobs of a flow go while its lane is closed: to the processor of its first fallback flow that is open.

Only the attempt is another flow's: the job keeps its flow, with its retry rules, its result schema and its deadline.
The limits of an attempt are those of the flow whose processor has it. A flow that a person paused keeps its jobs: they
are to wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane, open_lane

PROBE_FIRST_MS = 2_000
"""How long jobs are left to the probe of their own lane when its wait is over; longer than the time between two
claims."""


@dataclass(frozen=True, slots=True)
class FellBack:
    """An attempt goes to the processor of ``flow``. ``why``: for the history."""

    flow: str
    why: str


def falls_back_at(lane: Lane, rules: FlowRules) -> int | None:
    """When jobs of the flow may go to its fallback flows (ms since 1970); ``None``: not as its lane is."""
    if not rules.fallback or lane.trouble is None or lane.paused:
        return None
    return lane.closed_since + int(rules.fallback_after_seconds * 1000)


def fall_back(flow: str, of: FlowRules, lanes: Mapping[str, Lane], now: int) -> FellBack | None:
    """Whether ``flow`` may take jobs of the flow ``of`` at ``now``; whether it has room for them is not looked at.

    ``lanes``: those of the flow ``of`` and of its fallback flows, as far as they are stored.
    """
    lane = lanes.get(of.name, open_lane(of.name))
    at = falls_back_at(lane, of)
    if at is None or now < at or flow not in of.fallback or _is_for_probe(lane, now):
        return None
    before = of.fallback[: of.fallback.index(flow)]
    if any(lanes.get(one, open_lane(one)).is_open for one in before):
        return None
    return FellBack(
        flow, f"The flow {of.name} is closed, the flow {flow} takes this attempt. {lane.detail or ''}".strip()
    )


def _is_for_probe(lane: Lane, now: int) -> bool:
    opens = lane.closed_until
    return lane.probe is None and opens is not None and opens <= now < opens + PROBE_FIRST_MS
