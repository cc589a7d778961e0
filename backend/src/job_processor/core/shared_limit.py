"""A limit that several flows share (``[limits.NAME]``): a lane of its own with a fair queue of flows.

A flow that was refused enters the queue (``Lane.asking``). One place is reserved for each flow ahead in the queue, so
that the flow with the fastest worker does not get all of them. An entry expires ``ASKED_MS`` after its flow last asked.
Jobs that fall back to a flow (``core.fallback``) have a separate entry. The flow's own jobs do not wait for that one.
"""

from dataclasses import replace

from job_processor.core import model_tokens
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.lane import Lane, admit, admits_again_at, charge

ASKED_MS = 3_000
"""How long an entry stays in the queue without asking again: longer than the interval between two claims."""
_ASK_AGAIN_MS = 500
"""Minimum age of an entry's time before it is renewed, to save writes."""
_TURN_MS = 100
"""How long a flow waits for those ahead in the queue, before it asks again."""


def queue_entry(flow: str, of: str | None) -> str:
    """The name of a flow's entry in the queue, for its own jobs (``of`` is ``None``) or for jobs that fall back from
    the flow ``of``. Unique, because names of flows contain no slash."""
    return flow if of is None else f"{flow}/{of}"


def admit_flow(lane: Lane, limit: SharedLimit, flow: str, wanted: int, in_flight: int, now: int) -> tuple[int, Lane]:
    """The number of jobs, at most ``wanted``, that may be claimed, and the lane with its buckets refilled.

    ``flow``: its ``queue_entry``; ``in_flight``: RUNNING and WAITING jobs of all flows of the limit. ``charge_flow``
    must be called for claimed jobs. A limit with ``tokens_per_minute`` admits one job at a time, because its tokens can
    be estimated only when its prompt is known.
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
    """The estimated model tokens of a job of the flow; ``None``: its limit does not count tokens."""
    if rules.limit is None or rules.limit.tokens_per_minute is None:
        return None
    return model_tokens.estimate(lane.model_tokens, rules.name, prompt, rules.longest_answer)


def charge_flow(lane: Lane, limit: SharedLimit, claimed: int, tokens: int | None) -> Lane:
    """The lane after ``claimed`` jobs. ``tokens``: their ``estimated`` model tokens."""
    lane = charge(lane, claimed, limit.rules, "", "")
    return lane if tokens is None else replace(lane, model_tokens=model_tokens.charge(lane.model_tokens, tokens))


def opens_at(lane: Lane, limit: SharedLimit, flow: str, now: int) -> int | None:
    """When the limit may admit a job of the flow (ms since 1970); ``None``: now, or after the end of a job."""
    at = admits_again_at(lane, limit.rules, now)
    if limit.tokens_per_minute is None:
        return at
    then = model_tokens.starts_at(lane.model_tokens, limit.tokens_per_minute, now)
    if then is None and lane.model_tokens.short and _ahead(lane, flow, now):
        then = now + _TURN_MS
    return max((one for one in (at, then) if one is not None), default=None)


def _ahead(lane: Lane, flow: str, now: int) -> int:
    """The number of entries ahead of this one in the queue."""
    ahead = 0
    for other, asked in lane.asking:
        if other == flow:
            break
        ahead += now - asked < ASKED_MS and not other.startswith(f"{flow}/")
    return ahead


def needs_write(lane: Lane, stored: Lane) -> bool:
    """Whether the lane must be written even if no job was claimed."""
    return lane.asking != stored.asking or lane.model_tokens.short != stored.model_tokens.short


def enqueue(lane: Lane, flow: str, now: int) -> Lane:
    """The lane after the flow was refused: its entry keeps its position, or is appended to the queue."""
    asking = {other: asked for other, asked in lane.asking if other == flow or now - asked < ASKED_MS}
    if now - asking.get(flow, 0) < _ASK_AGAIN_MS and len(asking) == len(lane.asking):
        return lane
    return replace(lane, asking=tuple((asking | {flow: now}).items()))


def dequeue(lane: Lane, flow: str, wants_more: bool, now: int) -> Lane:
    """The lane after the flow had its turn: its entry is removed, or moved to the end if it ``wants_more``."""
    rest = tuple(one for one in lane.asking if one[0] != flow)
    after = (*rest, (flow, now)) if wants_more else rest
    return lane if after == lane.asking else replace(lane, asking=after)
