"""Health checks and metrics."""

import asyncio
import contextlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from job_processor import __version__
from job_processor.core.budget import Level
from job_processor.core.errors import StoreUnavailable
from job_processor.core.lane import Lane, open_lane
from job_processor.core.lane_budget import level_of
from job_processor.http import models as s
from job_processor.http.access import Needs
from job_processor.http.answer import answer
from job_processor.http.context import Context
from job_processor.http.openapi import Answer, Operation
from job_processor.http.routes.flows import WORKER_SEEN_MS
from job_processor.telemetry import GaugeValues

COUNTS_TIMEOUT_SECONDS = 2.0
"""Timeout for reading counts, and for counting workers; the metrics then have cached counts or none."""


async def health(context: Context, request: Request) -> Response:
    store = context.store
    if not await _is_up(context):
        down = s.StoreOut(kind=store.info.kind, state="down")
        return answer(s.HealthOut(status="down", store=down, version=__version__), 503, {"retry-after": "2"})
    up = s.StoreOut(kind=store.info.kind, state="up")
    return answer(s.HealthOut(status="ok", store=up, version=__version__))


async def _is_up(context: Context) -> bool:
    try:
        await context.store.ping()
    except StoreUnavailable:
        return False
    return True


async def live(context: Context, request: Request) -> Response:
    return answer(s.LiveOut(status="ok"))


async def metrics(context: Context, request: Request) -> Response:
    up = await _is_up(context)
    status = await context.flow_status.read_within(COUNTS_TIMEOUT_SECONDS) if up else None
    lanes = {} if status is None else status.lanes
    now = context.store.now()
    values = GaugeValues(
        up,
        tuple(context.flows),
        now,
        None if status is None else status.counts,
        lanes,
        await _workers(context) if up else None,
        {} if status is None else _budgets(context, lanes, now),
    )
    return Response(context.telemetry.render(values), media_type="text/plain; version=0.0.4; charset=utf-8")


def _budgets(context: Context, lanes: Mapping[str, Lane], now: int) -> Mapping[str, Level]:
    limited = {name: info.rules.budget_per_day for name, info in context.flows.items() if info.rules.budget_per_day}
    return {name: level_of(lanes.get(name) or open_lane(name), budget, now) for name, budget in limited.items()}


async def _workers(context: Context) -> int | None:
    with contextlib.suppress(StoreUnavailable, TimeoutError):
        async with asyncio.timeout(COUNTS_TIMEOUT_SECONDS):
            return len(await context.store.workers(context.store.now() - WORKER_SEEN_MS))
    return None


OPERATIONS = (
    Operation(
        "GET",
        "/health",
        "getHealth",
        Needs.NOTHING,
        "Is the store up?",
        health,
        {200: Answer("up", s.HealthOut), 503: Answer("down", s.HealthOut)},
        limited=False,
    ),
    Operation(
        "GET",
        "/health/ready",
        "getReadiness",
        Needs.NOTHING,
        "The same as /health, for load balancers",
        health,
        {200: Answer("ready", s.HealthOut), 503: Answer("not ready", s.HealthOut)},
        limited=False,
    ),
    Operation(
        "GET",
        "/health/live",
        "getLiveness",
        Needs.NOTHING,
        "Is the process alive?",
        live,
        {200: Answer("alive", s.LiveOut)},
        limited=False,
    ),
    Operation(
        "GET",
        "/metrics",
        "getMetrics",
        Needs.READ,
        "Prometheus metrics",
        metrics,
        {200: Answer("text exposition format", media="text/plain")},
        all_flows=True,
    ),
)
