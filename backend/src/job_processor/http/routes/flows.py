"""Flows and their lanes, workers, and counts of jobs."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response

from job_processor.core.access import Principal
from job_processor.core.budget import OVER_BUDGET, why_closed
from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.job import FINAL
from job_processor.core.lane import Lane, admits_again_at, is_over_budget, open_lane
from job_processor.core.series import DAY, Tally, start_of
from job_processor.http import models as s
from job_processor.http import render
from job_processor.http.access import Needs, principal_of
from job_processor.http.answer import answer
from job_processor.http.body import read_json
from job_processor.http.context import Context, FlowInfo
from job_processor.http.flow_status import FlowStatus
from job_processor.http.openapi import Answer, Operation, Param
from job_processor.http.problems import RequestRefused
from job_processor.http.routes.shared import BODY_PROBLEMS
from job_processor.store.base import Counts, SeriesQuery, Worker

Used = Mapping[str, Tally]
WORKER_SEEN_MS = 15_000
"""Workers whose last heartbeat is older are not listed."""
COUNTS_TIMEOUT_SECONDS = 2.0
"""Timeout for reading counts after a write; without them the response has cached ones or none."""


async def flows(context: Context, request: Request) -> Response:
    sees = principal_of(request).sees
    status, today = await asyncio.gather(context.flow_status.read(), _today(context))
    with_open_jobs = {flow for (flow, state), n in status.counts.by_state.items() if n and state not in FINAL}
    return answer(
        [
            *(_flow(context, info, status, today, sees) for name, info in context.flows.items() if sees(name)),
            *(
                _removed(context, flow, status, today, sees)
                for flow in sorted(with_open_jobs - context.flows.keys())
                if sees(flow)
            ),
        ]
    )


async def pause(context: Context, request: Request) -> Response:
    sent = await read_json(request, s.PauseRequest, optional=True)
    info = _flow_in_path(context, request)
    lane = await context.acts.lanes.pause(info.rules.name, sent.reason, context.requester(request))
    return await _with_lane(context, info, lane, principal_of(request).sees)


async def resume(context: Context, request: Request) -> Response:
    await read_json(request, s.PauseRequest, optional=True)
    info = _flow_in_path(context, request)
    lane = await context.acts.lanes.resume(info.rules.name, context.requester(request))
    return await _with_lane(context, info, lane, principal_of(request).sees)


def _flow_in_path(context: Context, request: Request) -> FlowInfo:
    info = context.flows.get(request.path_params["name"])
    if info is None or not principal_of(request).sees(info.rules.name):
        raise RequestRefused(404, "flow_not_found", "There is no flow with this name.")
    return info


async def _with_lane(context: Context, info: FlowInfo, lane: Lane, sees: Callable[[str], bool]) -> Response:
    """The flow with its lane as just written. The lane is stored, so unavailable counts must not fail the request."""
    known, today = await asyncio.gather(context.flow_status.read_within(COUNTS_TIMEOUT_SECONDS), _today(context))
    if known is None:
        return answer(_flow(context, info, FlowStatus.of([lane], Counts({}, {})), today, sees))
    status = FlowStatus.of([lane], known.counts, full_keys=known.full_keys)
    return answer(_flow(context, info, status, today, sees))


async def _today(context: Context) -> Used | None:
    """What each flow used since the day began (UTC); ``None``: it could not be read in time."""
    day = start_of(DAY, context.store.now())
    with contextlib.suppress(StoreUnavailable, TimeoutError):
        async with asyncio.timeout(COUNTS_TIMEOUT_SECONDS):
            return (await context.store.series(SeriesQuery(DAY, day, day + DAY, DAY))).flows
    return None


def _spending(context: Context, rules: FlowRules, today: Used | None) -> s.SpendingOut:
    used = None if today is None else today.get(rules.name) or Tally()
    prices = rules.prices
    return s.SpendingOut(
        currency=context.acts.flows.currency,
        input_per_million_micros=None if prices is None else prices.input,
        output_per_million_micros=None if prices is None else prices.output,
        tokens_today=None if used is None else s.TokensOut(used.prompt_tokens, used.completion_tokens),
        cost_today_micros=None if used is None or (prices is None and not used.cost) else used.cost,
        budget_per_day_micros=rules.budget_per_day,
    )


def _flow(
    context: Context, info: FlowInfo, status: FlowStatus, today: Used | None, sees: Callable[[str], bool]
) -> s.FlowOut:
    rules = info.rules
    lane = status.lanes.get(rules.name) or open_lane(rules.name)
    return s.FlowOut(
        name=rules.name,
        processor=info.processor,
        is_default=rules.name == context.acts.flows.default,
        max_attempts=rules.max_attempts,
        concurrency=rules.concurrency,
        rate_per_minute=rules.rate_per_minute,
        concurrency_per_key=rules.concurrency_per_key,
        rate_per_key=rules.rate_per_key,
        keys_at_limit=len(status.full_keys.get(rules.name, {})),
        limit=None if rules.limit is None else _limit(rules.limit, status, sees),
        **_in_flight(rules, status, sees),
        on_invalid_result=rules.on_invalid_result.value,
        executions_url=info.executions_url,
        lane=_lane(context, lane, rules),
        spending=_spending(context, rules, today),
        by_status=render.by_flow(status.counts.by_state).get(rules.name, {}),
    )


class _InFlight(TypedDict):
    in_flight: int
    fallback: list[str]
    fallback_after_seconds: float
    fell_back: int


def _in_flight(rules: FlowRules, status: FlowStatus, sees: Callable[[str], bool]) -> _InFlight:
    fallen = status.counts.fallen_back.items()
    hidden = sum(n for (flow, via), n in fallen if via == rules.name and not sees(flow))
    return _InFlight(
        in_flight=status.in_flight.get(rules.name, 0) - hidden,
        fallback=list(rules.fallback),
        fallback_after_seconds=rules.fallback_after_seconds,
        fell_back=sum(n for (flow, _), n in fallen if flow == rules.name),
    )


def _lane(context: Context, lane: Lane, rules: FlowRules) -> s.LaneOut:
    now = context.store.now()
    budget = rules.budget_per_day if is_over_budget(lane, rules, now) else None
    if lane.is_open and budget is None:
        return s.LaneOut(state="open", kind=None, detail=None, until=None)
    kind = None if lane.trouble is None else lane.trouble.value
    detail = lane.detail
    if budget is not None and not lane.paused:
        kind, detail = OVER_BUDGET, why_closed(rules.name, budget, context.acts.flows.currency)
    state = "paused" if lane.paused else "closed"
    return s.LaneOut(state, kind, detail, render.maybe_time(admits_again_at(lane, rules, now)))


def _limit(limit: SharedLimit, status: FlowStatus, sees: Callable[[str], bool]) -> s.SharedLimitOut:
    _, in_flight = status.of_limit(limit)
    shown = in_flight if all(map(sees, limit.flows)) else None
    return s.SharedLimitOut(limit.name, limit.concurrency, limit.requests_per_minute, limit.tokens_per_minute, shown)


def _removed(
    context: Context, flow: str, status: FlowStatus, today: Used | None, sees: Callable[[str], bool]
) -> s.FlowOut:
    """A flow that was removed from flows.toml and still has unfinished jobs."""
    rules = FlowRules(flow)
    return s.FlowOut(
        name=flow,
        processor="none",
        is_default=False,
        max_attempts=rules.max_attempts,
        concurrency=None,
        rate_per_minute=None,
        concurrency_per_key=None,
        rate_per_key=None,
        keys_at_limit=0,
        limit=None,
        **_in_flight(rules, status, sees),
        on_invalid_result=rules.on_invalid_result.value,
        executions_url=None,
        lane=s.LaneOut(
            state="removed",
            kind="no_flow",
            detail="The flow is not in flows.toml any more. Its jobs fail seven days after they were due.",
            until=None,
        ),
        spending=_spending(context, rules, today),
        by_status=render.by_flow(status.counts.by_state).get(flow, {}),
    )


async def workers(context: Context, request: Request) -> Response:
    seen = await context.store.workers(context.store.now() - WORKER_SEEN_MS)
    principal = principal_of(request)
    return answer([_worker(worker, principal) for worker in seen if any(map(principal.sees, worker.flows))])


def _worker(worker: Worker, principal: Principal) -> s.WorkerOut:
    shown = render.worker(worker)
    if principal.flows is not None:
        shown.flows = [flow for flow in shown.flows if principal.sees(flow)]
        shown.running = None
    return shown


async def stats(context: Context, request: Request) -> Response:
    sees = principal_of(request).sees
    counts = (await context.flow_status.read()).counts
    by_state = {key: n for key, n in counts.by_state.items() if sees(key[0])}
    by_status: dict[str, int] = {}
    for (_, state), n in by_state.items():
        by_status[state.value] = by_status.get(state.value, 0) + n
    oldest = min((at for flow, at in counts.oldest_due.items() if sees(flow)), default=None)
    now = context.store.now()
    return answer(
        s.StatsOut(
            total=sum(by_status.values()),
            by_status=by_status,
            by_flow=render.by_flow(by_state),
            oldest_pending_seconds=None if oldest is None else max(0, now - oldest) / 1000,
        )
    )


_FLOW = Param("name", "path", "the flow's name")
OPERATIONS = (
    Operation(
        "GET",
        "/stats",
        "getStats",
        Needs.READ,
        "Counts of jobs",
        stats,
        {200: Answer("counts", s.StatsOut)},
        problems=(503,),
    ),
    Operation(
        "GET",
        "/flows",
        "listFlows",
        Needs.READ,
        "Flows and their lanes",
        flows,
        {200: Answer("every flow", s.FlowOut, many=True)},
        problems=(503,),
    ),
    Operation(
        "POST",
        "/flows/{name}/pause",
        "pauseFlow",
        Needs.OPERATE,
        "Pause a flow: hand over no more of its jobs",
        pause,
        {200: Answer("the flow", s.FlowOut)},
        body=s.PauseRequest,
        body_required=False,
        params=(_FLOW,),
        problems=(*BODY_PROBLEMS, 404, 503),
    ),
    Operation(
        "POST",
        "/flows/{name}/resume",
        "resumeFlow",
        Needs.OPERATE,
        "Resume a paused flow",
        resume,
        {200: Answer("the flow", s.FlowOut)},
        body=s.PauseRequest,
        body_required=False,
        params=(_FLOW,),
        problems=(*BODY_PROBLEMS, 404, 503),
    ),
    Operation(
        "GET",
        "/workers",
        "listWorkers",
        Needs.READ,
        "Workers with a recent heartbeat",
        workers,
        {200: Answer("every worker", s.WorkerOut, many=True)},
        problems=(503,),
    ),
)
