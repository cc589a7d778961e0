"""A flow's lane: circuit breaker, concurrency limit and rate limit of the flow's hand-overs.

``admit`` computes how many jobs may be claimed; ``close``, ``count_server_error``, ``note_answer`` and ``reopen``
update the lane. Concurrency counts the jobs in flight (RUNNING and WAITING) of all workers.
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
"""Number of consecutive server errors that count as an outage; a refused connection does so at once."""
OUTAGE_CAP_MS = 20_000
"""Maximum probe interval during an outage."""
CREDIT_MIN_MS, CREDIT_CAP_MS = 60_000, 300_000
"""First and maximum probe interval while the account has no credit, which a person must pay for first."""
RATE_LIMIT_CAP_MS = 4_000
"""Maximum probe interval after a 429 without ``Retry-After``; such limits usually end within seconds."""


class Trouble(StrEnum):
    """Why a lane is closed."""

    RATE_LIMITED = "rate_limited"
    """The processor limits the rate (429), or is overloaded (529, or 503 with ``Retry-After``)."""
    OUTAGE = "outage"
    """The processor cannot be reached, or gave several server errors in a row."""
    MISCONFIGURED = "misconfigured"
    """The processor rejects the address, the credentials or an option of the flow (401, 403, 404)."""
    OUT_OF_CREDIT = "out_of_credit"
    """The processor's account has no credit left (402, ``insufficient_quota``); waiting alone does not help."""


_LONGEST = {Trouble.RATE_LIMITED: RATE_LIMIT_CAP_MS, Trouble.OUT_OF_CREDIT: CREDIT_CAP_MS}

UNREACHABLE = frozenset({Trouble.OUTAGE, Trouble.MISCONFIGURED})
"""Troubles after which the processor may have restarted and lost its runs; while starting it may answer 404."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The stored state of a flow's lane. Times in milliseconds since 1970."""

    flow: str
    rev: int = 0
    trouble: Trouble | None = None
    detail: str | None = None
    closed_until: int | None = None
    probe: str | None = None
    """Lease token of the probe. No other job is admitted while the probe's job is RUNNING under this lease; otherwise
    the store calls ``clear_probe``."""
    probed: str | None = None
    """Id of the last probe, or of the job that closed the lane; the next probe is another job if one is due."""
    wanted: str | None = None
    """Id of the job that must be the next probe, because it was rate limited repeatedly while others were answered."""
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
    """Id of the refused job if only one was; ``None``: several were, or the trouble concerns no single job (outage)."""
    lapses: bool = False
    """Other jobs were answered since a refused one was submitted; then the lane reopens when no job is due any more."""
    answered_at: int = 0
    """When the newest answered hand-over began. To save writes, updated only while the lane is not well."""
    answered_by: str | None = None
    """Id of the job that ``answered_at`` is about."""
    asking: tuple[tuple[str, int], ...] = ()
    """The queue of a shared limit (``core.shared_limit``): each entry (``queue_entry``) and when it last asked."""
    out_at: int | None = None
    """When the processor was last unreachable or had lost a run; attempts that began earlier may be lost too."""
    closed_since: int = 0
    """When the current trouble began. Later troubles and failed probes do not change it."""
    spent: int = 0
    """The flow's cost (micros) on the day that began at ``spent_on``, as last recorded (``core.budget``)."""
    spent_on: int = 0
    model_tokens: ModelTokens = UNUSED
    """The model tokens of a shared limit (``core.model_tokens``)."""

    @property
    def is_open(self) -> bool:
        return self.trouble is None and not self.paused

    @property
    def is_well(self) -> bool:
        """True without trouble, errors and strikes; then an answer of the processor changes nothing."""
        return self.trouble is None and self.errors == 0 and self.strikes == 0


@functools.lru_cache(maxsize=1024)
def open_lane(flow: str) -> Lane:
    """The lane of a flow without a stored one. Cached, because every new job needs it."""
    return Lane(flow)


def pause(lane: Lane, reason: str | None) -> Lane:
    """The lane paused by a person. ``reason`` becomes the detail, unless a trouble has set that."""
    return replace(lane, paused=True, detail=reason if lane.trouble is None else lane.detail)


def resume(lane: Lane) -> Lane:
    """The lane no longer paused; its trouble is unchanged."""
    return replace(lane, paused=False, detail=None if lane.trouble is None else lane.detail)


def admit(lane: Lane, wanted: int, in_flight: int, rules: FlowRules, now: int) -> tuple[int, Lane]:
    """The number of jobs, at most ``wanted``, that may be claimed at ``now``, and the lane with its bucket refilled.

    ``in_flight``: number of RUNNING and WAITING jobs of the flow. ``charge`` must be called for claimed jobs.
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
    """The lane after ``claimed`` jobs: rate tokens are taken, and if it is in trouble, the first job is the probe.

    ``probe``, ``job_id``: lease token and job id of the first job.
    """
    if claimed == 0:
        return lane
    if rules.rate_per_minute is not None:
        lane = replace(lane, tokens=lane.tokens - claimed)
    if lane.trouble is not None:
        lane = replace(lane, probe=probe, probed=job_id, wanted=None if lane.wanted == job_id else lane.wanted)
    return lane


def reopen_if_idle(lane: Lane, now: int) -> Lane:
    """The lane of a flow without due jobs, reopened if the refused jobs may have been the cause; else unchanged.

    It is reopened if its wait is over, and others were answered after the trouble or since a refused job was submitted.
    Without a due job there is no probe, so the lane would stay closed without need.
    """
    others_got_through = lane.lapses or 0 < lane.troubled_at <= lane.answered_at
    return reopen(lane) if lane.trouble is not None and others_got_through and not is_closed(lane, now) else lane


def clear_probe(lane: Lane) -> Lane:
    """The lane without its probe, which ended without an outcome: worker died, job cancelled or put back."""
    return lane if lane.probe is None else replace(lane, probe=None)


def admits_again_at(lane: Lane, rules: FlowRules, now: int) -> int | None:
    """When the lane may admit jobs again (ms since 1970), for the worker's sleep and for ``waitingOn``.

    ``None``: now, or unknown (paused, or a probe is running).
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
    """The lane closed by ``trouble``: until the processor's ``until`` (clamped), else for a growing probe interval.

    ``accuser``: the refused job, if it may be the cause; ``began``: when its hand-over began (default: ``now``).
    ``jitter``: in [0, 1). Of several attempts in flight with the same trouble only the first counts as a strike. A lane
    that is already closed for at least as long is returned unchanged (no write), except that ``accuser`` is cleared if
    another job was refused before.
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
    """The lane after a 5xx. It closes at ``OUTAGE_THRESHOLD`` consecutive ones, or at once if it is in trouble."""
    if lane.trouble is not None or lane.errors + 1 >= OUTAGE_THRESHOLD:
        return close(lane, Trouble.OUTAGE, detail, None, now, jitter)
    return replace(lane, errors=lane.errors + 1)


def note_answer(lane: Lane, now: int, job_id: str | None = None, began: int = 0) -> Lane:
    """The lane after an answered attempt, whose hand-over began at ``began``.

    During the wait of a closed lane the answer does not reopen it, because the attempt was sent before the lane closed.
    It is recorded as evidence if only one job was refused (``accuser``).
    """
    if is_closed(lane, now):
        return lane if lane.accuser is None else note_answer_at(lane, job_id, began)
    return reopen(lane, job_id, began)


def reopen(lane: Lane, job_id: str | None = None, began: int = 0) -> Lane:
    """The lane open and without trouble, because the processor answered."""
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
    """The lane with the answer to a job handed over at ``at`` recorded, unless a newer one is."""
    if job_id is None or at <= lane.answered_at:
        return lane
    return replace(lane, answered_at=at, answered_by=job_id)


def is_over_budget(lane: Lane, rules: FlowRules, now: int) -> bool:
    """True if the flow's budget of today (UTC) is used up."""
    return level_at(lane.spent, lane.spent_on, rules.budget_per_day, now) is Level.USED_UP


def is_closed(lane: Lane, now: int) -> bool:
    """True while the lane is closed and its wait is not over, so that not even a probe may be sent."""
    return lane.trouble is not None and lane.closed_until is not None and now < lane.closed_until


def _wait(trouble: Trouble, strikes: int, jitter: float) -> int:
    """Probe interval in milliseconds when the processor gave no ``Retry-After``."""
    first = CREDIT_MIN_MS if trouble is Trouble.OUT_OF_CREDIT else MIN_CLOSED_MS
    return int(min(_LONGEST.get(trouble, OUTAGE_CAP_MS), first * 2 ** min(strikes - 1, 30)) * (0.8 + 0.2 * jitter))


def _refill(lane: Lane, rate_per_minute: float, now: int) -> Lane:
    return replace(lane, tokens=refilled(lane.tokens, lane.tokens_at, rate_per_minute, now), tokens_at=now)
