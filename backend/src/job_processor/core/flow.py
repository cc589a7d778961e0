"""The rules of one flow that the life cycle needs: limits, deadlines and how to retry."""

from dataclasses import dataclass
from enum import StrEnum


class OnInvalidResult(StrEnum):
    """What a result that is not what was asked for leads to."""

    KEEP = "keep"
    """COMPLETED, with the verdict beside it."""
    RETRY = "retry"
    """A new attempt that is told what was wrong."""
    FAIL = "fail"
    """FAILED at once."""


@dataclass(frozen=True, slots=True)
class FlowRules:
    """Durations in seconds. ``concurrency`` and ``rate_per_minute`` hold across all workers; ``None``: no limit."""

    name: str
    max_attempts: int = 3
    lease_seconds: float = 30.0
    dispatch_timeout_seconds: float = 60.0
    callback_timeout_seconds: float = 300.0
    backoff_base_seconds: float = 2.0
    backoff_cap_seconds: float = 300.0
    concurrency: int | None = None
    rate_per_minute: float | None = None
    on_invalid_result: OnInvalidResult = OnInvalidResult.KEEP
