"""One prompt that its processor refuses for ever, among fifty that it takes: real requests, a real store."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from job_processor.core import evidence
from job_processor.core.flow import FlowRules
from job_processor.processors.base import Processor, ProcessorSetup
from job_processor.processors.n8n.processor import N8nOptions, N8nProcessor
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.hand_over.stage import Stage, stage
from tests.support.clock import Clock
from tests.support.site import SECRET
from tests.support.waiting import until

GOOD = 50
RULES = FlowRules(
    "main",
    max_attempts=2,
    concurrency=20,
    backoff_base_seconds=1,
    # Longer than any wait of a closed lane: no attempt that has just begun is late when the clock is moved.
    lease_seconds=7_200,
    callback_timeout_seconds=7_200,
)
Make = Callable[[str, Clock], Processor]


def hook(url: str, clock: Clock) -> Processor:
    return WebhookProcessor(WebhookOptions(url=url), ProcessorSetup(RULES, {}, clock.now, SECRET))


def n8n(url: str, clock: Clock) -> Processor:
    return N8nProcessor(N8nOptions(url=url), ProcessorSetup(RULES, {}, clock.now, SECRET))


POISONS: Mapping[str, tuple[Make, int, str, str]] = {
    "a firewall's 403": (hook, 403, "The prompt looks like an attack.", "http_403"),
    "a router's 404": (hook, 404, "No such model.", "http_404"),
    "405": (hook, 405, "", "http_405"),
    "429 for this one alone": (hook, 429, "Too many tokens at once.", "http_429"),
    "n8n's 404": (n8n, 404, "Not registered.", "http_404"),
    "n8n answers nothing": (n8n, 200, "", "not_accepted"),
    "n8n answers JSON of another kind": (n8n, 200, '{"message":"Workflow was started"}', "not_accepted"),
}


class Server:
    """Takes a prompt and calls back at once; answers ``poison`` as it is told."""

    def __init__(self, status: int, body: str) -> None:
        self.status, self.body = status, body
        self.play: Stage | None = None
        self.seen: Counter[str] = Counter()

    async def answer(self, request: web.Request) -> web.Response:
        sent = await request.json()
        self.seen[sent["jobId"]] += 1
        if sent["prompt"] == "poison":
            return web.Response(status=self.status, text=self.body, headers={"Retry-After": "300"})
        assert self.play is not None
        await self.play.site.callback({"jobId": sent["jobId"], "result": "r"}, token=sent["callbackToken"])
        return web.json_response({"accepted": True, "jobId": sent["jobId"]}, status=202)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
        finally:
            await runner.cleanup()


@pytest.mark.parametrize("priority", [9, 0, -9])
@pytest.mark.parametrize("name", POISONS)
async def test_one_poisoned_prompt_of_fifty_one_fails_alone(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, name: str, priority: int
) -> None:
    # An hour instead of days for a rate limit that the last job of a flow meets: fewer windows to play.
    monkeypatch.setattr(evidence, "MAX_WAIT_FOR_EVIDENCE_MS", 3_600_000)
    make, status, body, code = POISONS[name]
    server = Server(status, body)
    async with server.serve() as url, stage(tmp_path, clock, RULES, make(url, clock)) as play:
        server.play = play
        jobs = [(await play.site.submit(f"good {n}"))["id"] for n in range(GOOD // 2)]
        poison = (await play.site.submit("poison", priority=priority))["id"]
        jobs += [(await play.site.submit(f"good {n}"))["id"] for n in range(GOOD // 2)]

        async def all_ended() -> bool:
            counts = (await play.site.client.get("/stats")).json()["byStatus"]
            if counts.get("RUNNING", 0) == 0:
                # Not while one is on its way: however slow this machine is, no attempt may be late for that.
                closed_until = (await play.lane()).closed_until or 0
                await play.time_goes_on(max(500, closed_until - clock.now()))
            return bool(counts.get("COMPLETED", 0) == GOOD and counts.get("FAILED", 0) == 1)

        await until(all_ended, "fifty to complete and one to fail")

        assert all(server.seen[job] == 1 for job in jobs)
        failed = await play.site.job(poison)
        assert failed["error"]["code"] == code
        assert body.strip("{}") in failed["error"]["message"] or body.startswith("{")
        assert server.seen[poison] <= RULES.max_attempts + 13
        await until(lambda: _is_open(play), "the lane to open")


async def _is_open(play: Stage) -> bool:
    await play.time_goes_on(500)
    return (await play.lane()).is_open
