"""Flows, workers, counts and health."""

from job_processor.http.models.series import TokensOut
from job_processor.http.models.types import Time, WireOut


class StatsOut(WireOut):
    """Numbers of jobs, in total and by flow. ``oldestPendingSeconds``: how long the oldest due job has waited."""

    total: int
    by_status: dict[str, int]
    by_flow: dict[str, dict[str, int]]
    oldest_pending_seconds: float | None


class LaneOut(WireOut):
    """``state``: open, closed, paused, or removed (a flow that is not in flows.toml any more but has unfinished jobs).

    ``kind``: over_budget, rate_limited, outage, misconfigured, out_of_credit, no_flow or null.
    """

    state: str
    kind: str | None
    detail: str | None
    until: Time | None


class SharedLimitOut(WireOut):
    """A limit that several flows share. ``in_flight``: jobs of all of them; null for a key that is limited to flows."""

    name: str
    concurrency: int | None
    requests_per_minute: float | None
    tokens_per_minute: float | None
    in_flight: int | None


class SpendingOut(WireOut):
    """What a million tokens cost, of prompts and of answers, and what was used since 00:00 UTC. Money is in millionths
    of ``currency``; null: the flow has no price or no budget, or what was used could not be read."""

    currency: str
    input_per_million_micros: int | None
    output_per_million_micros: int | None
    tokens_today: TokensOut | None
    cost_today_micros: int | None
    budget_per_day_micros: int | None


class FlowOut(WireOut):
    """``rate_per_key``: jobs a minute of each key; ``keys_at_limit``: keys that may start no job now because of it or
    of ``concurrency_per_key``; ``in_flight``: jobs that its processor has, of other flows too that fell back to it;
    ``fallback``: the flows that take its jobs when its lane has been closed for ``fallback_after_seconds``;
    ``fell_back``: its jobs that they have; ``executions_url``: where people see what its attempts started elsewhere,
    once ``/`` and an attempt's ``executionId`` follow; null: not known."""

    name: str
    processor: str
    is_default: bool
    max_attempts: int
    concurrency: int | None
    rate_per_minute: float | None
    concurrency_per_key: int | None
    rate_per_key: float | None
    keys_at_limit: int
    limit: SharedLimitOut | None
    in_flight: int
    fallback: list[str]
    fallback_after_seconds: float
    fell_back: int
    on_invalid_result: str
    executions_url: str | None
    lane: LaneOut
    spending: SpendingOut
    by_status: dict[str, int]


class WorkerOut(WireOut):
    """``running``: its attempts; null for a key that is limited to flows, as they may be of other flows."""

    id: str
    name: str
    flows: list[str]
    running: int | None
    started_at: Time
    seen_at: Time


class StoreOut(WireOut):
    kind: str
    state: str


class HealthOut(WireOut):
    """``status``: ok or down."""

    status: str
    store: StoreOut
    version: str


class LiveOut(WireOut):
    status: str
