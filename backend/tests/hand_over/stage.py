"""What plays: the API, a dispatcher for each flow, a reaper in the test's hands, and webhook processors on loopback."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane
from job_processor.processors.base import Processor, ProcessorSetup
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from job_processor.workers.reaper import Reaper
from tests.processors.rogue import Request, Rogue
from tests.support.asgi import Reply
from tests.support.clock import Clock
from tests.support.site import SECRET, Site, open_site
from tests.support.waiting import until

RULES = FlowRules("main", max_attempts=2, callback_timeout_seconds=60, backoff_base_seconds=0)


@dataclass(slots=True)
class Stage:
    site: Site
    clock: Clock
    reaper: Reaper

    async def in_state(self, job_id: str, state: str, attempt: int | None = None) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            job = await self.site.job(job_id)
            return job if job["status"] == state and attempt in (None, job["attempt"]) else None

        return await until(look, f"{state} in attempt {attempt}")

    async def time_goes_on(self, ms: int) -> None:
        """And who waits for it looks at once."""
        self.clock.forward(ms)
        await self.reaper.tick()
        for dispatcher in self.site.dispatchers.values():
            dispatcher.wake()

    async def lane(self, flow: str = "main") -> Lane:
        return next((one for one in await self.site.store.lanes() if one.flow == flow), Lane(flow))

    async def call_back(self, request: Request, **report: object) -> Reply:
        """What the processor reports about the attempt that this request asked of it, with the proof it was given."""
        sent = request.json
        return await self.site.callback({"jobId": sent["jobId"], **report}, token=str(sent["callbackToken"]))


def hook(rogue: Rogue, rules: FlowRules, now: Clock) -> WebhookProcessor:
    return WebhookProcessor(WebhookOptions(url=rogue.url), ProcessorSetup(rules, {}, now.now, SECRET))


@contextlib.asynccontextmanager
async def stage(
    tmp_path: Path, clock: Clock, rules: FlowRules, processor: Processor, *others: tuple[FlowRules, Processor]
) -> AsyncIterator[Stage]:
    every = ((rules, processor), *others)
    async with contextlib.AsyncExitStack() as stack:
        for _, one in every:
            await one.open()
            stack.push_async_callback(one.close)
        flows = [flow for flow, _ in every]
        processors = {flow.name: one for flow, one in every}
        site = await stack.enter_async_context(
            open_site(tmp_path / "data", now=clock.now, flows=flows, processors=processors)
        )
        yield Stage(site, clock, Reaper(site.acts, site.store))


def words(job: Mapping[str, Any]) -> list[str]:
    return [entry["what"] for entry in job["history"]]


def ends(job: Mapping[str, Any]) -> list[str | None]:
    return [attempt["end"] for attempt in job["attempts"]]
