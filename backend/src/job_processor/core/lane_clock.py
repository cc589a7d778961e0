"""Corrects a lane after the system clock was set."""

from dataclasses import replace

from job_processor.core.lane import Lane


def shift_clock(lane: Lane, by: int) -> Lane:
    """The lane with all times shifted by ``by`` milliseconds, so that its waits keep their length."""
    tokens = lane.model_tokens
    return replace(
        lane,
        closed_until=None if lane.closed_until is None else lane.closed_until + by,
        closed_since=lane.closed_since + by if lane.closed_since else 0,
        tokens_at=lane.tokens_at + by if lane.tokens_at else 0,
        troubled_at=lane.troubled_at + by if lane.troubled_at else 0,
        answered_at=lane.answered_at + by if lane.answered_at else 0,
        out_at=None if lane.out_at is None else lane.out_at + by,
        model_tokens=replace(tokens, at=tokens.at + by) if tokens.at else tokens,
        asking=tuple((flow, at + by) for flow, at in lane.asking),
    )
