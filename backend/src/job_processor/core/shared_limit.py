"""A limit that several flows share (``[limits.NAME]``): a lane of its own, whose places the flows take in turn.

A flow that was refused stands in line (``Lane.asking``), and a place is left for each flow before it: the flow whose
worker is quickest does not get every place. A flow that no longer asks leaves the line after ``ASKED_MS``. Jobs
that fall back to a flow (``core.fallback``) have a place of their own, which the flow itself does not wait for: its own
jobs go first.
"""

from dataclasses import replace

from job_processor.core import model_tokens
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.lane import Lane, admit, admits_again_at, charge

ASKED_MS = 3_000
"""Longer than the time between two claims of a flow that waits."""
_ASK_AGAIN_MS = 500
_TURN_MS = 100
"""How long a flow waits for one before it in the line, until it asks again."""


def place_in_line(flow: str, of: str | None) -> str:
    """The name by which a flow stands in line, for its own jobs or for those ``of`` another. No flow has a slash."""
    return flow if of is None else f"{flow}/{of}"


def admit_flow(lane: Lane, limit: SharedLimit, flow: str, wanted: int, in_flight: int, now: int) -> tuple[int, Lane]:
    """How many of ``wanted`` jobs may be claimed, and the lane with its buckets refilled.

    ``flow``: its place in the line; ``in_flight``: RUNNING and WAITING jobs of all flows of the limit. The lane is not
    charged yet (``charge_flow``). A limit with ``tokens_per_minute`` admits one job at a time: what it takes is
    estimated when it is known which one it is.
    """
    ahead = _ahead(lane, flow, now)
    free, lane = admit(lane, wanted + ahead, in_flight, limit.rules, now)
    allowed = max(0, free - ahead)
    if limit.tokens_per_minute is not None:
        tokens = model_tokens.refill(lane.model_tokens, limit.tokens_per_minute, now)
        lane = replace(lane, model_tokens=tokens)
        allowed = min(allowed, model_tokens.may_start(tokens, ahead > 0))
    return allowed, lane


def estimated(lane: Lane, rules: FlowRules, prompt: str) -> int | None:
    """The tokens that a job of the flow will count as; ``None``: its limit counts none."""
    if rules.limit is None or rules.limit.tokens_per_minute is None:
        return None
    return model_tokens.estimate(lane.model_tokens, rules.name, prompt, rules.longest_answer)


def charge_flow(lane: Lane, limit: SharedLimit, claimed: int, tokens: int | None) -> Lane:
    """Charge the lane for the claimed jobs. ``tokens``: what they are ``estimated`` to take."""
    lane = charge(lane, claimed, limit.rules, "", "")
    return lane if tokens is None else replace(lane, model_tokens=model_tokens.charge(lane.model_tokens, tokens))


def opens_at(lane: Lane, limit: SharedLimit, flow: str, now: int) -> int | None:
    """When the limit may admit a job of the flow (ms since 1970); ``None``: now, or when a job has ended."""
    at = admits_again_at(lane, limit.rules, now)
    if limit.tokens_per_minute is None:
        return at
    then = model_tokens.starts_at(lane.model_tokens, limit.tokens_per_minute, now)
    if then is None and lane.model_tokens.short and _ahead(lane, flow, now):
        then = now + _TURN_MS
    return max((one for one in (at, then) if one is not None), default=None)


def _ahead(lane: Lane, flow: str, now: int) -> int:
    """The number of flows that stand in line before this one."""
    ahead = 0
    for other, asked in lane.asking:
        if other == flow:
            break
        ahead += now - asked < ASKED_MS and not other.startswith(f"{flow}/")
    return ahead


def is_news(lane: Lane, stored: Lane) -> bool:
    """Must the lane be written although no job was claimed?"""
    return lane.asking != stored.asking or lane.model_tokens.short != stored.model_tokens.short


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
