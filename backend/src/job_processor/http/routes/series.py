"""What happened over time: ``GET /stats/series``; what keys used: ``GET /stats/keys``."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.access import Principal
from job_processor.core.series import DAY, KEEP_MS, Stage, Step, Tally, percentiles, start_of
from job_processor.core.series_rows import Collected
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer
from job_processor.http.client_gone import cancel_on_disconnect
from job_processor.http.context import Context
from job_processor.http.job_filters import Text, Time
from job_processor.http.openapi import Answer, Operation
from job_processor.http.problems import invalid
from job_processor.http.query import parse, value_hint
from job_processor.store.base import KeysQuery, SeriesQuery

MAX_BUCKETS = 1_500
MAX_KEYS, MAX_DAYS = 1_000, 31
"""Maximum number of keys, and of days, in one answer about keys."""
DEFAULT_BUCKETS = 100
"""Without ``step`` the shortest one is taken that gives no more buckets."""
EXPIRED = "deadline"
"""The error code of jobs whose own deadline passed."""


class StatsQuery(msgspec.Struct, frozen=True, rename="camel"):
    """The range of time, its steps, and the flow."""

    since: Annotated[Time | None, Meta(description="RFC 3339; default: 24 hours before ``until``")] = None
    until: Annotated[Time | None, Meta(description="RFC 3339; default: now")] = None
    step: Annotated[
        Step | None,
        Meta(
            description=f"length of a bucket, in UTC; at most {MAX_BUCKETS} buckets; default: by the range",
            extra=value_hint(f"must be one of: {', '.join(Step)}"),
        ),
    ] = None
    flow: Annotated[Text | None, Meta(description="only jobs of this flow")] = None

    def store_query(self, principal: Principal, now: int) -> tuple[Step, SeriesQuery]:
        """Raises ``RequestRefused`` (422)."""
        until = now if self.until is None else render.time_in("until", self.until)
        since = max(0, until - DAY) if self.since is None else render.time_in("since", self.since)
        if since >= until:
            raise invalid("until", "must be after since")
        step = _by_range(since, until, now) if self.step is None else self.step
        begin, end = start_of(step.ms, since), start_of(step.ms, until - 1) + step.ms
        if (end - begin) // step.ms > MAX_BUCKETS:
            raise invalid("step", f"must give at most {MAX_BUCKETS} buckets: use a longer step or a shorter range")
        if not _is_kept(step, begin, now):
            days = KEEP_MS[step.span] // DAY
            raise invalid("step", f"must be longer: what is needed for {step} is kept for {days} days")
        return step, SeriesQuery(step.span, begin, end, step.ms, _flows(principal, self.flow))


class UsedKeysQuery(msgspec.Struct, frozen=True, rename="camel"):
    """The days, the flow, and the number of keys."""

    since: Annotated[
        Time | None, Meta(description="RFC 3339; its day (UTC) is the first; default: the day of ``until``")
    ] = None
    until: Annotated[
        Time | None, Meta(description="RFC 3339; the day (UTC) that it is in is the last; default: now")
    ] = None
    flow: Annotated[Text | None, Meta(description="only what was used in this flow")] = None
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_KEYS,
            description=f"the most keys, 1 to {MAX_KEYS}",
            extra=value_hint(f"must be a whole number from 1 to {MAX_KEYS}"),
        ),
    ] = 100

    def store_query(self, principal: Principal, now: int) -> KeysQuery:
        """Raises ``RequestRefused`` (422)."""
        until = now if self.until is None else render.time_in("until", self.until)
        since = until if self.since is None else render.time_in("since", self.since)
        if since > until:
            raise invalid("until", "must not be before since")
        begin, end = start_of(DAY, since), start_of(DAY, until) + DAY
        if end - begin > MAX_DAYS * DAY:
            raise invalid("since", f"must be at most {MAX_DAYS} days before until")
        return KeysQuery(begin, end, self.limit + 1, _flows(principal, self.flow))


def _flows(principal: Principal, wanted: str | None) -> frozenset[str] | None:
    """The flows of the answer, of those that the principal may see; ``None``: all."""
    if wanted is None:
        return principal.flows
    return frozenset({wanted}) if principal.flows is None else principal.flows & {wanted}


def _by_range(since: int, until: int, now: int) -> Step:
    for step in Step:
        if (until - since) // step.ms <= DEFAULT_BUCKETS and _is_kept(step, since, now):
            return step
    return Step.DAY


def _is_kept(step: Step, since: int, now: int) -> bool:
    """Whether the rows of ``step`` since then are kept, but for a part of the first. Those of days always are."""
    return step.span == DAY or since + step.ms > now - KEEP_MS[step.span]


async def get_series(context: Context, request: Request) -> Response:
    now = context.store.now()
    step, query = parse(request.query_params, StatsQuery).store_query(principal_of(request), now)
    found = await cancel_on_disconnect(request, context.store.series(query))
    counted_since = await context.store.series_since()
    # Earlier events were not all counted, or are no longer kept.
    whole_from = max(counted_since, now - KEEP_MS[query.span])
    # Rendering many buckets takes a while, so it is done off the event loop.
    currency = context.acts.flows.currency
    return answer(await asyncio.to_thread(_rendered, step, query, found, counted_since, whole_from, now, currency))


async def get_keys(context: Context, request: Request) -> Response:
    query = parse(request.query_params, UsedKeysQuery).store_query(principal_of(request), context.store.now())
    # One more key than is shown is read, to know whether there are more.
    found = await cancel_on_disconnect(request, context.store.series_of_keys(query))
    shown = found[: query.limit - 1]
    return answer(
        s.KeyUsesOut(
            since=render.time_out(query.since),
            until=render.time_out(query.until),
            currency=context.acts.flows.currency,
            keys=[s.KeyUseOut(key=key, tokens=_tokens(tally), cost_micros=tally.cost) for key, tally in shown],
            more=len(found) > len(shown),
        )
    )


def _rendered(
    step: Step,
    query: SeriesQuery,
    found: Collected,
    counted_since: int,
    whole_from: int,
    now: int,
    currency: str,
) -> s.SeriesOut:
    total = Tally()
    for tally in found.flows.values():
        total.add(tally)
    nothing = _counts(Tally())
    buckets = [
        s.SeriesBucket(
            at=render.time_out(at),
            partial=at + step.ms > now or at < whole_from,
            **(_counts(found.buckets[at]) if at in found.buckets else nothing),
        )
        for at in range(query.since, query.until, step.ms)
    ]
    return s.SeriesOut(
        since=render.time_out(query.since),
        until=render.time_out(query.until),
        step=step.value,
        counted_since=render.time_out(counted_since),
        currency=currency,
        total=s.SeriesCounts(**_counts(total)),
        flows=[s.SeriesFlow(flow=flow, **_counts(found.flows[flow])) for flow in sorted(found.flows)],
        buckets=buckets,
    )


def _counts(tally: Tally) -> dict[str, Any]:
    """The fields of ``SeriesCounts``."""
    stages = {_FIELDS[stage]: _percentiles(tally.durations.get(stage, {})) for stage in Stage}
    return {
        "completed": tally.completed,
        "failed": sum(tally.failed.values()),
        "failed_by_code": dict(sorted(tally.failed.items(), key=lambda one: (-one[1], one[0]))),
        "cancelled": tally.cancelled,
        "expired": tally.failed.get(EXPIRED, 0),
        "retried": tally.retried,
        "attempts_retried": tally.attempts_retried,
        "waiting_age_ms": tally.oldest_ms,
        "durations": s.DurationsOut(**stages),
        "tokens": _tokens(tally),
        "cost_micros": tally.cost,
        "verdicts": dict(sorted(tally.verdicts.items())),
    }


def _tokens(tally: Tally) -> s.TokensOut:
    return s.TokensOut(prompt=tally.prompt_tokens, completion=tally.completion_tokens)


_FIELDS = {
    Stage.SCHEDULED: "scheduled",
    Stage.QUEUED: "queued",
    Stage.HANDING_OVER: "handing_over",
    Stage.PROCESSING: "processing",
    Stage.TOTAL: "total",
}


def _percentiles(buckets: Mapping[int, int]) -> s.PercentilesOut | None:
    if not buckets:
        return None
    p50, p95, p99 = percentiles(buckets, (0.5, 0.95, 0.99))
    return s.PercentilesOut(p50=p50, p95=p95, p99=p99, jobs=sum(buckets.values()))


OPERATIONS = (
    Operation(
        "GET",
        "/stats/series",
        "getSeries",
        Needs.READ,
        "What happened to jobs over time: ends, durations, tokens",
        get_series,
        {200: Answer("counts and durations, in all, by flow and by time", s.SeriesOut)},
        query=StatsQuery,
        problems=(422, 503),
    ),
    Operation(
        "GET",
        "/stats/keys",
        "getKeyUse",
        Needs.READ,
        "What the jobs of each key used: tokens and cost, by day",
        get_keys,
        {200: Answer("the keys that used most", s.KeyUsesOut)},
        query=UsedKeysQuery,
        problems=(422, 503),
    ),
)
