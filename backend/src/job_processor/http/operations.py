"""What operators look at: flows and their lanes, workers, statistics, health, metrics."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from job_processor import __version__
from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.job import FINAL
from job_processor.core.lane import Lane, waits_until
from job_processor.http import schemas, wire
from job_processor.http.context import Context, FlowInfo, answer
from job_processor.http.gate import read_json
from job_processor.http.problems import Refused
from job_processor.http.situation import Situation
from job_processor.store.base import Counts

WORKER_SEEN_MS = 15_000
_TRIES = 20
_PATIENCE_SECONDS = 2.0
"""What an answer waits for counts that it can do without."""


class Operations:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def flows(self, request: Request) -> Response:
        situation = await self._context.situations.read()
        flows = self._context.flows
        open_in = {flow for (flow, state), n in situation.counts.by_state.items() if n and state not in FINAL}
        return answer(
            [
                *(self._flow(info, situation) for info in flows.values()),
                *(_removed(flow, situation) for flow in sorted(open_in - flows.keys())),
            ]
        )

    async def pause(self, request: Request) -> Response:
        wanted = await read_json(request, schemas.PauseRequest, optional=True)
        return await self._set_paused(request, True, wanted.reason)

    async def resume(self, request: Request) -> Response:
        await read_json(request, schemas.PauseRequest, optional=True)
        return await self._set_paused(request, False, None)

    async def _set_paused(self, request: Request, paused: bool, reason: str | None) -> Response:
        context = self._context
        info = context.flows.get(request.path_params["name"])
        if info is None:
            raise Refused(404, "flow_not_found", "There is no flow of this name.")
        for _ in range(_TRIES):
            lanes = {lane.flow: lane for lane in await context.store.lanes()}
            lane = lanes.get(info.rules.name) or Lane(info.rules.name)
            detail = reason if lane.trouble is None else lane.detail
            changed = replace(lane, paused=paused, detail=detail)
            if await context.store.put_lane(changed):
                known = await context.situations.newest(_PATIENCE_SECONDS)
                counts = Counts({}, {}) if known is None else known.counts
                return answer(self._flow(info, Situation({lane.flow: changed}, counts, 0.0)))
        raise StoreUnavailable("The lane changes faster than it can be written.")

    def _flow(self, info: FlowInfo, situation: Situation) -> schemas.FlowOut:
        rules = info.rules
        lane = situation.lanes.get(rules.name) or Lane(rules.name)
        state = "paused" if lane.paused else "open" if lane.trouble is None else "closed"
        until = None if lane.is_open else waits_until(lane, rules, self._context.store.now())
        return schemas.FlowOut(
            name=rules.name,
            processor=info.processor,
            is_default=rules.name == self._context.default_flow,
            max_attempts=rules.max_attempts,
            concurrency=rules.concurrency,
            rate_per_minute=rules.rate_per_minute,
            on_invalid_result=rules.on_invalid_result.value,
            lane=schemas.LaneOut(
                state=state,
                kind=None if lane.trouble is None else lane.trouble.value,
                detail=None if lane.is_open else lane.detail,
                until=wire.maybe_time(until),
            ),
            by_status=wire.by_flow(situation.counts.by_state).get(rules.name, {}),
        )

    async def workers(self, request: Request) -> Response:
        seen = await self._context.store.workers(self._context.store.now() - WORKER_SEEN_MS)
        return answer([wire.worker(w) for w in seen])

    async def stats(self, request: Request) -> Response:
        counts = (await self._context.situations.read()).counts
        by_status: dict[str, int] = {}
        for (_, state), n in counts.by_state.items():
            by_status[state.value] = by_status.get(state.value, 0) + n
        oldest = min(counts.oldest_due.values(), default=None)
        now = self._context.store.now()
        return answer(
            schemas.StatsOut(
                total=sum(by_status.values()),
                by_status=by_status,
                by_flow=wire.by_flow(counts.by_state),
                oldest_pending_seconds=None if oldest is None else max(0, now - oldest) / 1000,
            )
        )

    async def health(self, request: Request) -> Response:
        return await self._health()

    async def ready(self, request: Request) -> Response:
        return await self._health()

    async def _health(self) -> Response:
        store = self._context.store
        if not await self._is_up():
            down = schemas.StoreOut(kind=store.info.kind, state="down")
            return answer(schemas.HealthOut(status="down", store=down, version=__version__), 503, {"retry-after": "2"})
        up = schemas.StoreOut(kind=store.info.kind, state="up")
        return answer(schemas.HealthOut(status="ok", store=up, version=__version__))

    async def _is_up(self) -> bool:
        try:
            await self._context.store.ping()
        except StoreUnavailable:
            return False
        return True

    async def live(self, request: Request) -> Response:
        return answer(schemas.LiveOut(status="ok"))

    async def metrics(self, request: Request) -> Response:
        context = self._context
        up = await self._is_up()
        situation = await context.situations.newest(_PATIENCE_SECONDS) if up else None
        body = context.telemetry.render(
            up,
            None if situation is None else situation.counts,
            () if situation is None else situation.lanes.values(),
            context.flows,
            context.store.now(),
        )
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


def _removed(flow: str, situation: Situation) -> schemas.FlowOut:
    """A flow that is not defined any more, and still has jobs that are not final."""
    rules = FlowRules(flow)
    return schemas.FlowOut(
        name=flow,
        processor="none",
        is_default=False,
        max_attempts=rules.max_attempts,
        concurrency=None,
        rate_per_minute=None,
        on_invalid_result=rules.on_invalid_result.value,
        lane=schemas.LaneOut(
            state="removed",
            kind="no_flow",
            detail="The flow is not in flows.toml any more. Its jobs fail seven days after they were due.",
            until=None,
        ),
        by_status=wire.by_flow(situation.counts.by_state).get(flow, {}),
    )
