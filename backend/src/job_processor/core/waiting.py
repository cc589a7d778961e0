"""What a job waits for (the API's ``waitingOn``). Every job that is not final waits for something."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from job_processor.core.budget import OVER_BUDGET, next_day, why_closed
from job_processor.core.failure import ends_without_flow
from job_processor.core.fallback import falls_back_at
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.job import Refusals, Snooze, State
from job_processor.core.lane import Lane, admits_again_at, is_over_budget
from job_processor.core.model_tokens import starts_at


class WaitingFor(msgspec.Struct, frozen=True, gc=False):
    """What a job waits for: ``kind`` for programs, ``detail`` for people; ``until``: ms since 1970, if known."""

    kind: str
    detail: str
    until: int | None = None


_NO_KEYS: Mapping[int, int | None] = {}
_NEXT = WaitingFor("worker", "A worker takes it next.")


class WaitingFields(Protocol):
    """The fields that ``waiting_on`` needs: those of a job, or of its row in a list."""

    @property
    def flow(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def run_at(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def failures(self) -> int: ...
    @property
    def lease_until(self) -> int | None: ...
    @property
    def snooze(self) -> Snooze | None: ...
    @property
    def refusals(self) -> Refusals | None: ...
    def key_hash(self) -> int: ...


def waiting_on(
    job: WaitingFields,
    lane: Lane,
    rules: FlowRules,
    in_flight: int,
    now: int,
    full_keys: Mapping[int, int | None] = _NO_KEYS,
    shared: tuple[Lane, int] | None = None,
    currency: str = "",
    falls_to: str | None = None,
) -> WaitingFor | None:
    """What the job waits for; ``None`` for a final job.

    ``in_flight``: number of RUNNING and WAITING jobs of the flow; ``full_keys``: the keys (by their hash) that may
    start no job, and until when (``None``: until one of their jobs has ended); ``shared``: the lane of the shared
    limit, and the number of RUNNING and WAITING jobs of all its flows; ``currency``: the currency of the budget;
    ``falls_to``: the first open fallback flow. ``now``: milliseconds since 1970.
    """
    if job.state is State.RUNNING and job.lease_until is not None:
        return WaitingFor("processor", f"Attempt {job.attempt} is with the processor.", job.lease_until)
    if job.state is State.WAITING and job.lease_until is not None:
        return WaitingFor("callback", "The processor accepted the job and will call back.", job.lease_until)
    if job.state is not State.PENDING:
        return None
    if lane.paused:
        why = f": {lane.detail}" if lane.detail and lane.trouble is None else "."
        return WaitingFor("paused", f"The flow {job.flow} is paused{why}")
    if rules.budget_per_day is not None and is_over_budget(lane, rules, now):
        detail = why_closed(job.flow, rules.budget_per_day, currency) + _fallback_words(lane, rules, now, falls_to)
        return WaitingFor(OVER_BUDGET, detail, next_day(now))
    if lane.trouble is not None:
        detail = lane.detail or "The lane is closed."
        if words := _fallback_words(lane, rules, now, falls_to):
            # The processor's text may lack the full stop.
            detail = f"{detail.removesuffix('.')}.{words}"
        return WaitingFor(lane.trouble.value, detail, admits_again_at(lane, rules, now))
    if job.run_at > now:
        return waiting_for_run_at(job, now)
    if (key := job.key_hash()) in full_keys:
        return _waiting_for_key(job.flow, rules, full_keys[key])
    if rules.concurrency is not None and in_flight >= rules.concurrency:
        return WaitingFor("concurrency", _taken(rules.concurrency, f"the flow {job.flow}"))
    if rules.rate_per_minute is not None and (next_token := admits_again_at(lane, rules, now)) is not None:
        return WaitingFor("rate", f"The flow {job.flow} takes {_rate(rules.rate_per_minute)}.", next_token)
    return _NEXT if shared is None or rules.limit is None else _waiting_for_limit(rules.limit, *shared, now)


def _waiting_for_limit(limit: SharedLimit, lane: Lane, in_flight: int, now: int) -> WaitingFor:
    if limit.concurrency is not None and in_flight >= limit.concurrency:
        return WaitingFor("shared_concurrency", _taken(limit.concurrency, f"the limit {limit.name}"))
    if (at := admits_again_at(lane, limit.rules, now)) is not None and limit.requests_per_minute is not None:
        detail = f"The flows of the limit {limit.name} take {_rate(limit.requests_per_minute)} together."
        return WaitingFor("shared_rate", detail, at)
    if limit.tokens_per_minute is not None:
        at = starts_at(lane.model_tokens, limit.tokens_per_minute, now)
        if at is not None:
            detail = (
                f"The flows of the limit {limit.name} take {limit.tokens_per_minute:,.12g} tokens a minute together."
            )
            return WaitingFor("shared_tokens", detail, at)
    return _NEXT


def _waiting_for_key(flow: str, rules: FlowRules, until: int | None) -> WaitingFor:
    if until is None:
        return WaitingFor("key_concurrency", _taken(rules.concurrency_per_key or 1, f"its key in the flow {flow}"))
    return WaitingFor("key_rate", f"The flow {flow} takes {_rate(rules.rate_per_key or 0)} of each key.", until)


def _rate(per_minute: float) -> str:
    return f"{per_minute:g} {'job' if per_minute == 1 else 'jobs'} a minute"


def _fallback_words(lane: Lane, rules: FlowRules, now: int, falls_to: str | None) -> str:
    at, flows = falls_back_at(lane, rules, now), ", else ".join(rules.fallback)
    if at is None:
        return ""
    if now < at:
        return f" When it has been closed for {rules.fallback_after_seconds:g} s, jobs go to the flow {flows}."
    if falls_to is not None:
        return f" Meanwhile jobs go to the flow {falls_to}."
    closed = "that is closed too" if len(rules.fallback) == 1 else "these are closed too"
    return f" Meanwhile jobs would go to the flow {flows}, but {closed}."


def _taken(places: int, of: str) -> str:
    return f"The one place of {of} is taken." if places == 1 else f"All {places} places of {of} are taken."


def waiting_without_flow(job: WaitingFields) -> WaitingFor | None:
    """What a job waits for if its flow is not defined any more; ``None`` if the job is not PENDING."""
    if job.state is not State.PENDING:
        return None
    detail = f"The flow {job.flow} is not in flows.toml any more. If it is not defined again by then, the job fails."
    return WaitingFor("no_flow", detail, ends_without_flow(job.run_at))


def waiting_for_run_at(job: WaitingFields, now: int) -> WaitingFor | None:
    """What a PENDING job waits for if it is not due yet; ``None`` if it is due."""
    if job.run_at <= now:
        return None
    if job.snooze is not None:
        return WaitingFor(job.snooze.kind, job.snooze.detail, job.run_at)
    if job.failures and job.refusals is not None:
        why = "which is held against this job, and the next one follows"
        return WaitingFor("retry", f"Attempt {job.attempt} was refused, {why}.", job.run_at)
    if job.failures:
        return WaitingFor("retry", f"Attempt {job.attempt} failed; the next one follows.", job.run_at)
    return WaitingFor("schedule", "The job is to start later.", job.run_at)
