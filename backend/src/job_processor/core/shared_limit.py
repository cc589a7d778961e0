"""A limit that several flows share (``[limits.NAME]``): a lane of its own, whose places the flows take in turn.

A flow that was refused stands in line (``Lane.asking``), and a place is left for each flow before it: the flow whose
worker is quickest does not get every place. A flow that no longer asks leaves the line after ``ASKED_MS``. Jobs
that fall back to a flow (``core.fallback``) have a place of their own, which the flow itself does not wait for: its own
jobs go first.
"""

from dataclasses import replace

from job_processor.core.flow import SharedLimit
from job_processor.core.lane import Lane, admit

ASKED_MS = 3_000
"""Longer than the time between two claims of a flow that waits."""
_ASK_AGAIN_MS = 500


def place_in_line(flow: str, of: str | None) -> str:
    """The name by which a flow stands in line, for its own jobs or for those ``of`` another. No flow has a slash."""
    return flow if of is None else f"{flow}/{of}"


def admit_flow(lane: Lane, limit: SharedLimit, flow: str, wanted: int, in_flight: int, now: int) -> tuple[int, Lane]:
    """How many of ``wanted`` jobs may be claimed, and the lane with its token bucket refilled.

    ``flow``: its place in the line; ``in_flight``: RUNNING and WAITING jobs of all flows of the limit. The lane is not
    charged yet (``core.lane.charge``).
    """
    ahead = 0
    for other, asked in lane.asking:
        if other == flow:
            break
        ahead += now - asked < ASKED_MS and not other.startswith(f"{flow}/")
    free, lane = admit(lane, wanted + ahead, in_flight, limit.rules, now)
    return max(0, free - ahead), lane


def stand_in_line(lane: Lane, flow: str, now: int) -> Lane:
    """The flow was refused: it keeps its place in the line, or gets the last one."""
    asking = {other: asked for other, asked in lane.asking if other == flow or now - asked < ASKED_MS}
    if now - asking.get(flow, 0) < _ASK_AGAIN_MS and len(asking) == len(lane.asking):
        return lane
    return replace(lane, asking=tuple((asking | {flow: now}).items()))


def leave_line(lane: Lane, flow: str, wants_more: bool, now: int) -> Lane:
    """The flow had its turn. ``wants_more``: it begins anew at the end of the line."""
    rest = tuple(one for one in lane.asking if one[0] != flow)
    after = (*rest, (flow, now)) if wants_more else rest
    return lane if after == lane.asking else replace(lane, asking=after)
