"""A flow's lane: how many jobs may be handed over now. One pure function admits, one closes and opens.

Capacity is counted in jobs handed over and not yet answered (RUNNING and WAITING), across all workers.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from job_processor.core.flow import FlowRules

MAX_CLOSED_MS = 3_600_000
"""The longest a processor's own word ("retry after a day") keeps a lane closed: one hour."""
MIN_CLOSED_MS = 1_000
OUTAGE_THRESHOLD = 3
"""Server errors in a row that make an outage; a refused connection is one at once."""
OUTAGE_CAP_MS = 20_000
"""Longest wait between two probes of an outage."""
CREDIT_MIN_MS, CREDIT_CAP_MS = 60_000, 300_000
"""First and longest wait between two probes of an account without credit: a person must pay first."""
UNSAID_CAP_MS = 4_000
"""Longest wait after a 429 that gave no time: such limits pass in seconds, and a probe costs one request."""


class Trouble(StrEnum):
    """Why a lane is closed."""

    RATE_LIMITED = "rate_limited"
    """The processor said 429 or 503 and until when."""
    OUTAGE = "outage"
    """The processor cannot be reached, or answers with server errors in a row."""
    MISCONFIGURED = "misconfigured"
    """The processor says that address, credentials or an option of the flow are wrong (401, 403, 404)."""
    OUT_OF_CREDIT = "out_of_credit"
    """The account behind the processor has no credit left (402, ``insufficient_quota``): nothing that waiting heals."""


_LONGEST = {Trouble.RATE_LIMITED: UNSAID_CAP_MS, Trouble.OUT_OF_CREDIT: CREDIT_CAP_MS}


@dataclass(frozen=True, slots=True)
class Lane:
    """What a store keeps of a flow's lane. Times in milliseconds since 1970."""

    flow: str
    rev: int = 0
    trouble: Trouble | None = None
    detail: str | None = None
    closed_until: int | None = None
    probing_until: int | None = None
    """A probe is under way; nothing else is admitted until it ends or this time passes."""
    strikes: int = 0
    """Troubles in a row: how far the wait between probes has grown."""
    errors: int = 0
    """Server errors in a row while still open."""
    paused: bool = False
    """A person paused the flow."""
    tokens: float = 0.0
    """What is left of the rate's bucket at ``tokens_at``."""
    tokens_at: int = 0

    @property
    def is_open(self) -> bool:
        return self.trouble is None and not self.paused

    @property
    def is_well(self) -> bool:
        """Nothing is held against the processor: its answers are no news."""
        return self.trouble is None and self.errors == 0 and self.strikes == 0


def admit(lane: Lane, wanted: int, in_flight: int, rules: FlowRules, now: int) -> tuple[int, Lane]:
    """How many of ``wanted`` jobs may be claimed now, and the lane as it then stands."""
    if lane.paused:
        return 0, lane
    allowed = wanted
    if rules.concurrency is not None:
        allowed = min(allowed, rules.concurrency - in_flight)
    if lane.trouble is not None:
        if lane.closed_until is not None and now < lane.closed_until:
            return 0, lane
        if lane.probing_until is not None and now < lane.probing_until:
            return 0, lane
        allowed = min(allowed, 1)
    if rules.rate_per_minute is not None:
        lane = _refill(lane, rules.rate_per_minute, now)
        allowed = min(allowed, int(lane.tokens))
    return max(allowed, 0), lane


def took(lane: Lane, claimed: int, rules: FlowRules, now: int) -> Lane:
    """The lane after ``claimed`` jobs were really claimed under an ``admit`` of the same moment."""
    if claimed == 0:
        return lane
    if rules.rate_per_minute is not None:
        lane = replace(lane, tokens=lane.tokens - claimed)
    if lane.trouble is not None:
        lane = replace(lane, probing_until=now + int(1000 * rules.dispatch_timeout_seconds) + 5_000)
    return lane


def waits_until(lane: Lane, rules: FlowRules, now: int) -> int | None:
    """When the lane may admit again, if that is known: for the worker's sleep and for ``waitingOn``."""
    if lane.paused:
        return None
    times = [t for t in (lane.closed_until, lane.probing_until) if lane.trouble is not None and t is not None]
    if times:
        return max(times)
    if rules.rate_per_minute is not None:
        missing = 1.0 - _refill(lane, rules.rate_per_minute, now).tokens
        if missing > 0:
            return now + int(missing * 60_000 / rules.rate_per_minute) + 1
    return None


def close(lane: Lane, trouble: Trouble, detail: str, until: int | None, now: int, jitter: float) -> Lane:
    """The lane closed by a trouble; ``until`` is the processor's own word, clamped, else a growing wait.

    Of many attempts under way that meet the same trouble only the first counts as a strike.
    """
    still_closed = lane.trouble is not None and lane.closed_until is not None and now < lane.closed_until
    strikes = lane.strikes if still_closed else lane.strikes + 1
    if until is None:
        first = CREDIT_MIN_MS if trouble is Trouble.OUT_OF_CREDIT else MIN_CLOSED_MS
        longest = _LONGEST.get(trouble, OUTAGE_CAP_MS)
        wait = int(min(longest, first * 2 ** min(strikes - 1, 30)) * (0.8 + 0.2 * jitter))
    else:
        wait = min(max(until - now, MIN_CLOSED_MS), MAX_CLOSED_MS)
    return replace(
        lane,
        trouble=trouble,
        detail=detail,
        closed_until=max(now + wait, lane.closed_until or 0) if still_closed else now + wait,
        probing_until=None,
        strikes=strikes,
        errors=0,
    )


def server_error(lane: Lane, detail: str, now: int, jitter: float) -> Lane:
    """One more 5xx: the lane closes when they come in a row, or at once when this was the probe."""
    if lane.trouble is not None or lane.errors + 1 >= OUTAGE_THRESHOLD:
        return close(lane, Trouble.OUTAGE, detail, None, now, jitter)
    return replace(lane, errors=lane.errors + 1)


def heard(lane: Lane, now: int) -> Lane:
    """An attempt was answered. While the lane's wait lasts that opens nothing: the attempt was sent before the
    processor said to wait, and is no probe."""
    if lane.closed_until is not None and now < lane.closed_until:
        return lane
    return answered(lane)


def answered(lane: Lane) -> Lane:
    """The processor did its part: whatever trouble there was is over."""
    if lane.is_well:
        return lane
    return replace(lane, trouble=None, detail=None, closed_until=None, probing_until=None, strikes=0, errors=0)


def _refill(lane: Lane, rate_per_minute: float, now: int) -> Lane:
    """A bucket of one second's worth (at least one job), so that a rate is spread and not spent in a burst."""
    size = max(1.0, rate_per_minute / 60)
    if lane.tokens_at == 0:
        return replace(lane, tokens=size, tokens_at=now)
    grown = lane.tokens + (now - lane.tokens_at) * rate_per_minute / 60_000
    return replace(lane, tokens=min(size, grown), tokens_at=now)
