"""A flow's lane: decides how many of its jobs may be handed over now (a circuit breaker and a rate limit).

``admit`` says how many jobs may be claimed; ``close``, ``count_server_error``, ``note_answer`` and ``reopen`` update
the lane. Concurrency counts the jobs in flight (RUNNING and WAITING) of all workers.
"""

import functools
from dataclasses import dataclass, replace
from enum import StrEnum

from job_processor.core.budget import Level, level_at, next_day
from job_processor.core.flow import FlowRules
from job_processor.core.model_tokens import UNUSED, ModelTokens
from job_processor.core.token_bucket import refilled

MAX_CLOSED_MS = 3_600_000
"""Maximum time a lane stays closed because of a processor's ``Retry-After``: one hour."""
MIN_CLOSED_MS = 1_000
"""Minimum time a lane stays closed, and the first probe interval."""
OUTAGE_THRESHOLD = 3
"""Number of consecutive server errors that make an outage; a refused connection is an outage at once."""
OUTAGE_CAP_MS = 20_000
"""Maximum probe interval during an outage."""
CREDIT_MIN_MS, CREDIT_CAP_MS = 60_000, 300_000
"""First and maximum probe interval while the account has no credit: a person must pay first."""
RATE_LIMIT_CAP_MS = 4_000
"""Maximum probe interval after a 429 without ``Retry-After``: such limits end within seconds."""


class Trouble(StrEnum):
    """Why a lane is closed."""

    RATE_LIMITED = "rate_limited"
    """The processor asks for fewer requests (429), or is overloaded (529, or 503 with ``Retry-After``)."""
    OUTAGE = "outage"
    """The processor cannot be reached, or gave several server errors in a row."""
    MISCONFIGURED = "misconfigured"
    """The processor rejects the address, the credentials or an option of the flow (401, 403, 404)."""
    OUT_OF_CREDIT = "out_of_credit"
    """The processor's account has no credit left (402, ``insufficient_quota``); waiting alone does not help."""


_LONGEST = {Trouble.RATE_LIMITED: RATE_LIMIT_CAP_MS, Trouble.OUT_OF_CREDIT: CREDIT_CAP_MS}

UNREACHABLE = frozenset({Trouble.OUTAGE, Trouble.MISCONFIGURED})
"""Troubles after which the processor may have restarted and lost its runs; a starting one often looks misconfigured."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The stored state of a flow's lane. Times in milliseconds since 1970."""

    flow: str
    rev: int = 0
    trouble: Trouble | None = None
    detail: str | None = None
    closed_until: int | None = None
    probe: str | None = None
    """Lease token of the probe. No other job is admitted while the probe's job is RUNNING under this lease; if it is
    not, the store uses ``clear_probe``."""
    probed: str | None = None
    """Id of the last probe's job, or of the job that closed the lane: the next probe is another job, if one is due."""
    wanted: str | None = None
    """Id of the job that must be the next probe: it keeps being rate limited while others get through."""
    strikes: int = 0
    """Consecutive troubles: the exponent of the probe interval."""
    errors: int = 0
    """Consecutive server errors while the lane is open."""
    paused: bool = False
    """A person paused the flow."""
    tokens: float = 0.0
    """Content of the rate limit's token bucket at ``tokens_at``."""
    tokens_at: int = 0
    troubled_at: int = 0
    """When the trouble was last confirmed; for a refusal, when its hand-over began."""
    accuser: str | None = None
    """Id of the only job that was refused. ``None``: several jobs were, or the trouble is not about a job (outage)."""
    lapses: bool = False
    """Others got through since a refused job was submitted; then the trouble ends when no job is due any more."""
    answered_at: int = 0
    """When the newest answered hand-over began. Written only while the lane is not well, to save writes."""
    answered_by: str | None = None
    """Id of the job of ``answered_at``."""
    asking: tuple[tuple[str, int], ...] = ()
    """The line of a shared limit (``core.shared_limit``): each place (``place_in_line``), and when it last asked."""
    out_at: int | None = None
    """When the processor was last found unreachable, or to have lost a run: earlier attempts may be lost too."""
    closed_since: int = 0
    """When the trouble began that closes it. Later troubles and probes that fail do not change it."""
    spent: int = 0
    """What the flow had cost (micros) on the day that began at ``spent_on``, as last noted (``core.budget``)."""
    spent_on: int = 0
    model_tokens: ModelTokens = UNUSED
    """Of a shared limit."""

    @property
    def is_open(self) -> bool:
        return self.trouble is None and not self.paused

    @property
    def is_well(self) -> bool:
        """No trouble and nothing counted against the processor: a good answer changes nothing."""
        return self.trouble is None and self.errors == 0 and self.strikes == 0


@functools.lru_cache(maxsize=1024)
def open_lane(flow: str) -> Lane:
    """The lane of a flow that has none stored. Cached: it is needed for every new job."""
    return Lane(flow)


def pause(lane: Lane, reason: str | None) -> Lane:
    """The lane paused by a person. ``reason`` is shown unless a trouble's detail stands there."""
    return replace(lane, paused=True, detail=reason if lane.trouble is None else lane.detail)


def resume(lane: Lane) -> Lane:
    """The lane no longer paused; a trouble it has stays."""
    return replace(lane, paused=False, detail=None if lane.trouble is None else lane.detail)


def admit(lane: Lane, wanted: int, in_flight: int, rules: FlowRules, now: int) -> tuple[int, Lane]:
    """How many of ``wanted`` jobs may be claimed at ``now``, and the lane with its token bucket refilled.

    ``in_flight``: RUNNING and WAITING jobs of the flow. The lane is not charged yet (``charge``).
    """
    if lane.paused or is_over_budget(lane, rules, now):
        return 0, lane
    allowed = wanted
    if rules.concurrency is not None:
        allowed = min(allowed, rules.concurrency - in_flight)
    if lane.trouble is not None:
        if is_closed(lane, now) or lane.probe is not None:
            return 0, lane
        allowed = min(allowed, 1)
    if rules.rate_per_minute is not None:
        lane = _refill(lane, rules.rate_per_minute, now)
        allowed = min(allowed, int(lane.tokens))
    return max(allowed, 0), lane


def charge(lane: Lane, claimed: int, rules: FlowRules, probe: str, job_id: str) -> Lane:
    """Charge the lane for the ``claimed`` jobs.

    ``probe`` and ``job_id``: lease token and job id of the first of them; it is the probe if the lane is in trouble.
    """
    if claimed == 0:
        return lane
    if rules.rate_per_minute is not None:
        lane = replace(lane, tokens=lane.tokens - claimed)
    if lane.trouble is not None:
        lane = replace(lane, probe=probe, probed=job_id, wanted=None if lane.wanted == job_id else lane.wanted)
    return lane


def reopen_if_idle(lane: Lane, now: int) -> Lane:
    """Reopen a lane in which no job is due, if only the refused jobs may have been to blame; else return it unchanged.

    That is the case if its wait is over, and others got through after the trouble or since a refused job was submitted.
    """
    # No job is left that could be the probe: the lane would stay closed without need.
    others_got_through = lane.lapses or 0 < lane.troubled_at <= lane.answered_at
    return reopen(lane) if lane.trouble is not None and others_got_through and not is_closed(lane, now) else lane


def clear_probe(lane: Lane) -> Lane:
    """Clear a probe that ended without an outcome: its worker died, or its job was cancelled or put back."""
    return lane if lane.probe is None else replace(lane, probe=None)


def admits_again_at(lane: Lane, rules: FlowRules, now: int) -> int | None:
    """When the lane may admit jobs again (ms since 1970), for the worker's sleep and for ``waitingOn``.

    ``None``: now, or not known (paused, or a probe is under way).
    """
    if lane.paused:
        return None
    if is_over_budget(lane, rules, now):
        return next_day(now)
    if lane.trouble is not None and lane.closed_until is not None:
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
    """Close the lane because of ``trouble``, until the processor's ``until`` (clamped), or for a growing interval.

    ``accuser``: the job that was refused, if a job may be to blame; ``began``: when its hand-over began (default:
    ``now``). ``jitter`` is in [0, 1). Of several attempts in flight with the same trouble only the first is a strike.
    A lane that is closed for at least as long is returned unchanged (nothing to write), unless another job is refused
    than before; then ``accuser`` is cleared.
    """
    shut = is_closed(lane, now)
    strikes = lane.strikes if shut else lane.strikes + 1
    wait = _wait(trouble, strikes, jitter) if until is None else min(max(until - now, MIN_CLOSED_MS), MAX_CLOSED_MS)
    only_accuser = accuser if lane.trouble is None or lane.accuser == accuser else None
    if shut and lane.closed_until is not None and (until is None or now + wait <= lane.closed_until):
        if only_accuser == lane.accuser:
            return lane
        return replace(lane, accuser=None, troubled_at=max(lane.troubled_at, now if began is None else began))
    return replace(
        lane,
        trouble=trouble,
        detail=detail,
        closed_until=now + wait,
        closed_since=now if lane.trouble is None else lane.closed_since,
        probe=None,
        probed=lane.probed or accuser,
        strikes=strikes,
        errors=0,
        out_at=now if trouble in UNREACHABLE and lane.trouble not in UNREACHABLE else lane.out_at,
        troubled_at=max(lane.troubled_at, now if began is None else began),
        accuser=only_accuser,
    )


def count_server_error(lane: Lane, detail: str, now: int, jitter: float) -> Lane:
    """Count a 5xx: the lane closes after ``OUTAGE_THRESHOLD`` in a row, or at once if it is in trouble already."""
    if lane.trouble is not None or lane.errors + 1 >= OUTAGE_THRESHOLD:
        return close(lane, Trouble.OUTAGE, detail, None, now, jitter)
    return replace(lane, errors=lane.errors + 1)


def note_answer(lane: Lane, now: int, job_id: str | None = None, began: int = 0) -> Lane:
    """Record that an attempt was answered; ``began``: when its hand-over began.

    While the lane's wait lasts this does not open it: the attempt was sent before the lane closed and is no probe. It
    is recorded as evidence if a single job is blamed for the trouble.
    """
    if is_closed(lane, now):
        return lane if lane.accuser is None else note_answer_at(lane, job_id, began)
    return reopen(lane, job_id, began)


def reopen(lane: Lane, job_id: str | None = None, began: int = 0) -> Lane:
    """Open the lane and clear its trouble, because the processor answered."""
    if lane.is_well:
        return lane
    lane = note_answer_at(lane, job_id, began)
    return replace(
        lane,
        trouble=None,
        detail=None,
        closed_until=None,
        closed_since=0,
        probe=None,
        probed=None,
        wanted=None,
        strikes=0,
        errors=0,
        troubled_at=0,
        accuser=None,
        lapses=False,
    )


def note_answer_at(lane: Lane, job_id: str | None, at: int) -> Lane:
    """Record in the lane that a job handed over at ``at`` was answered, unless a newer one is recorded."""
    if job_id is None or at <= lane.answered_at:
        return lane
    return replace(lane, answered_at=at, answered_by=job_id)


def is_over_budget(lane: Lane, rules: FlowRules, now: int) -> bool:
    """True until the next day (UTC) once the flow's budget is used up."""
    return level_at(lane.spent, lane.spent_on, rules.budget_per_day, now) is Level.USED_UP


def is_closed(lane: Lane, now: int) -> bool:
    """True while the lane is closed and its wait is not over: not even a probe may be sent."""
    return lane.trouble is not None and lane.closed_until is not None and now < lane.closed_until


def _wait(trouble: Trouble, strikes: int, jitter: float) -> int:
    """Probe interval in milliseconds when the processor gave no ``Retry-After``."""
    first = CREDIT_MIN_MS if trouble is Trouble.OUT_OF_CREDIT else MIN_CLOSED_MS
    return int(min(_LONGEST.get(trouble, OUTAGE_CAP_MS), first * 2 ** min(strikes - 1, 30)) * (0.8 + 0.2 * jitter))


def _refill(lane: Lane, rate_per_minute: float, now: int) -> Lane:
    return replace(lane, tokens=refilled(lane.tokens, lane.tokens_at, rate_per_minute, now), tokens_at=now)
