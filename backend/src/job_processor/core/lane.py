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

OUT_OF_REACH = frozenset({Trouble.OUTAGE, Trouble.MISCONFIGURED})
"""Troubles behind which a processor may have ended and begun anew: one that starts is often found misconfigured."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What a store keeps of a flow's lane. Times in milliseconds since 1970."""

    flow: str
    rev: int = 0
    trouble: Trouble | None = None
    detail: str | None = None
    closed_until: int | None = None
    probe: str | None = None
    """Lease token of the probe. Nothing else is admitted while its job is RUNNING under that lease; a store that
    finds it is not takes the lane as ``without_probe``."""
    probed: str | None = None
    """Job of the last probe, or whose refusal closed the lane: the next probe is another, if any other is due."""
    wanted: str | None = None
    """Job that is to be the next probe: it is rate limited again and again while others get through."""
    strikes: int = 0
    """Troubles in a row: how far the wait between probes has grown."""
    errors: int = 0
    """Server errors in a row while still open."""
    paused: bool = False
    """A person paused the flow."""
    tokens: float = 0.0
    """What is left of the rate's bucket at ``tokens_at``."""
    tokens_at: int = 0
    troubled_at: int = 0
    """When the trouble was last stated: by a refusal, when its hand-over began."""
    accuser: str | None = None
    """The only job whose refusal states the trouble. ``None``: several jobs, or none in particular (an outage)."""
    lapses: bool = False
    """The trouble was stated by jobs during whose time others got through: with no job left it is over."""
    answered_at: int = 0
    """When the hand-over began of a job that was answered, the newest that was written down: nothing is written for it
    while the lane is well."""
    answered_by: str | None = None
    out_at: int | None = None
    """When the processor was last found out of reach, or to have lost a run: it may have lost what began before."""

    @property
    def is_open(self) -> bool:
        return self.trouble is None and not self.paused

    @property
    def is_well(self) -> bool:
        """Nothing is held against the processor: its answers are no news."""
        return self.trouble is None and self.errors == 0 and self.strikes == 0


def pause(lane: Lane, reason: str | None) -> Lane:
    """The lane paused by a person. ``reason`` is shown unless a trouble's detail stands there."""
    return replace(lane, paused=True, detail=reason if lane.trouble is None else lane.detail)


def resume(lane: Lane) -> Lane:
    """The lane no longer paused; a trouble it has stays."""
    return replace(lane, paused=False, detail=None if lane.trouble is None else lane.detail)


def admit(lane: Lane, wanted: int, in_flight: int, rules: FlowRules, now: int) -> tuple[int, Lane]:
    """How many of ``wanted`` jobs may be claimed now, and the lane as it then stands."""
    if lane.paused:
        return 0, lane
    allowed = wanted
    if rules.concurrency is not None:
        allowed = min(allowed, rules.concurrency - in_flight)
    if lane.trouble is not None:
        if is_shut(lane, now) or lane.probe is not None:
            return 0, lane
        allowed = min(allowed, 1)
    if rules.rate_per_minute is not None:
        lane = _refill(lane, rules.rate_per_minute, now)
        allowed = min(allowed, int(lane.tokens))
    return max(allowed, 0), lane


def took(lane: Lane, claimed: int, rules: FlowRules, probe: str, job_id: str) -> Lane:
    """The lane charged for ``claimed`` jobs. ``probe`` and ``job_id``: lease token and id of the first of them, which
    is the probe if the lane is in trouble."""
    if claimed == 0:
        return lane
    if rules.rate_per_minute is not None:
        lane = replace(lane, tokens=lane.tokens - claimed)
    if lane.trouble is not None:
        lane = replace(lane, probe=probe, probed=job_id, wanted=None if lane.wanted == job_id else lane.wanted)
    return lane


def lapsed(lane: Lane, now: int) -> Lane:
    """The lane when no job is due in it: open again if others got through in the time of the jobs that stated its
    trouble, or since. It then holds up nobody who could tell more."""
    others = lane.lapses or 0 < lane.troubled_at <= lane.answered_at
    return answered(lane) if lane.trouble is not None and others and not is_shut(lane, now) else lane


def without_probe(lane: Lane) -> Lane:
    """The lane when its probe has ended without a word: its worker died, its job was cancelled or put back."""
    return lane if lane.probe is None else replace(lane, probe=None)


def waits_until(lane: Lane, rules: FlowRules, now: int) -> int | None:
    """When the lane may admit again, if that is known: for the worker's sleep and for ``waitingOn``."""
    if lane.paused:
        return None
    if lane.trouble is not None and lane.closed_until is not None:
        # Past that time a probe is under way, and nobody knows when it ends.
        return lane.closed_until if now < lane.closed_until else None
    if rules.rate_per_minute is not None:
        missing = 1.0 - _refill(lane, rules.rate_per_minute, now).tokens
        if missing > 0:
            return now + int(missing * 60_000 / rules.rate_per_minute) + 1
    return None


def close(
    lane: Lane,
    trouble: Trouble,
    detail: str,
    until: int | None,
    now: int,
    jitter: float,
    accuser: str | None = None,
    began: int | None = None,
) -> Lane:
    """The lane closed by a trouble; ``until`` is the processor's own word, clamped, else a growing wait.

    ``accuser``: the job whose refusal says so, if a job may be to blame; ``began``: when its hand-over did. Of many
    attempts under way that meet the same trouble only the first counts as a strike; a lane that is closed for as long
    already is returned as it is (nothing to write), unless the blame spreads.
    """
    shut = is_shut(lane, now)
    strikes = lane.strikes if shut else lane.strikes + 1
    wait = _wait(trouble, strikes, jitter) if until is None else min(max(until - now, MIN_CLOSED_MS), MAX_CLOSED_MS)
    blamed = accuser if lane.trouble is None or lane.accuser == accuser else None
    if shut and lane.closed_until is not None and (until is None or now + wait <= lane.closed_until):
        if blamed == lane.accuser:
            return lane
        return replace(lane, accuser=None, troubled_at=max(lane.troubled_at, now if began is None else began))
    return replace(
        lane,
        trouble=trouble,
        detail=detail,
        closed_until=now + wait,
        probe=None,
        probed=lane.probed or accuser,
        strikes=strikes,
        errors=0,
        out_at=now if trouble in OUT_OF_REACH and lane.trouble not in OUT_OF_REACH else lane.out_at,
        troubled_at=max(lane.troubled_at, now if began is None else began),
        accuser=blamed,
    )


def server_error(lane: Lane, detail: str, now: int, jitter: float) -> Lane:
    """One more 5xx: the lane closes when they come in a row, or at once when this was the probe."""
    if lane.trouble is not None or lane.errors + 1 >= OUTAGE_THRESHOLD:
        return close(lane, Trouble.OUTAGE, detail, None, now, jitter)
    return replace(lane, errors=lane.errors + 1)


def heard(lane: Lane, now: int, job_id: str | None = None, began: int = 0) -> Lane:
    """An attempt was answered; ``began``: when its hand-over did. While the lane's wait lasts that opens nothing: the
    attempt was sent before the processor said to wait, and is no probe. But it is evidence, if a job is blamed."""
    if is_shut(lane, now):
        return lane if lane.accuser is None else testified(lane, job_id, began)
    return answered(lane, job_id, began)


def answered(lane: Lane, job_id: str | None = None, began: int = 0) -> Lane:
    """The processor did its part: whatever trouble there was is over."""
    if lane.is_well:
        return lane
    lane = testified(lane, job_id, began)
    return replace(
        lane,
        trouble=None,
        detail=None,
        closed_until=None,
        probe=None,
        probed=None,
        wanted=None,
        strikes=0,
        errors=0,
        troubled_at=0,
        accuser=None,
        lapses=False,
    )


def testified(lane: Lane, job_id: str | None, at: int) -> Lane:
    """The lane with a note that this job was answered, handed over at ``at``, unless a newer note is there."""
    if job_id is None or at <= lane.answered_at:
        return lane
    return replace(lane, answered_at=at, answered_by=job_id)


def is_shut(lane: Lane, now: int) -> bool:
    """Is it closed, and its wait not over yet?"""
    return lane.trouble is not None and lane.closed_until is not None and now < lane.closed_until


def _wait(trouble: Trouble, strikes: int, jitter: float) -> int:
    """Milliseconds between two probes when the processor gave no time."""
    first = CREDIT_MIN_MS if trouble is Trouble.OUT_OF_CREDIT else MIN_CLOSED_MS
    return int(min(_LONGEST.get(trouble, OUTAGE_CAP_MS), first * 2 ** min(strikes - 1, 30)) * (0.8 + 0.2 * jitter))


def moved(lane: Lane, by: int) -> Lane:
    """The lane after the clock was set by so many milliseconds: its waits last as long as before."""
    return replace(
        lane,
        closed_until=None if lane.closed_until is None else lane.closed_until + by,
        tokens_at=lane.tokens_at + by if lane.tokens_at else 0,
        troubled_at=lane.troubled_at + by if lane.troubled_at else 0,
        answered_at=lane.answered_at + by if lane.answered_at else 0,
        out_at=None if lane.out_at is None else lane.out_at + by,
    )


def unheard_since(lane: Lane) -> int | None:
    """The processor does its part again: attempts that began before this may be lost, and are to be asked about."""
    return None if lane.trouble is not None else lane.out_at


def lost_runs(lane: Lane, now: int) -> Lane:
    """A question showed that the processor is out of reach, or that it has lost a run: what else was with it?"""
    return replace(lane, out_at=now)


def _refill(lane: Lane, rate_per_minute: float, now: int) -> Lane:
    """A bucket of one second's worth (at least one job), so that a rate is spread and not spent in a burst."""
    size = max(1.0, rate_per_minute / 60)
    if lane.tokens_at == 0:
        return replace(lane, tokens=size, tokens_at=now)
    grown = lane.tokens + (now - lane.tokens_at) * rate_per_minute / 60_000
    return replace(lane, tokens=min(size, grown), tokens_at=now)
