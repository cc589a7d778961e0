"""A flow for each form of refusal and one that is never refused, in one process over one store, all at work at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from job_processor.acts.jobs import NewJob
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job
from job_processor.processors.base import Processor, ProcessorSetup
from job_processor.processors.model.openai import OpenAIOptions, OpenAIProcessor
from job_processor.store.base import Query
from job_processor.store.clock import SteadyClock
from tests.lanes.storm import FORMS, Storm, serving
from tests.store_suite import given
from tests.support.site import Site, open_site

CALM = "never refused"
CONCURRENCY = 10


@dataclass(frozen=True, slots=True)
class Scene:
    site: Site
    storms: dict[str, Storm]
    """By flow; without the calm one."""
    calm: Storm

    async def submit(self, jobs: int) -> None:
        """This many to each flow."""
        flows = [*self.storms, CALM]
        prompts = [(flow, f"prompt {n}") for n in range(jobs) for flow in flows]
        await asyncio.gather(*(self.site.acts.jobs.submit(NewJob(prompt, flow=flow)) for flow, prompt in prompts))

    async def jobs(self, flow: str) -> list[Job]:
        return await given.jobs_of(self.site.store, Query(limit=10_000, flow=flow))


@asynccontextmanager
async def scene(directory: Path, busy_seconds: float) -> AsyncIterator[Scene]:
    opened: list[Site] = []

    def strikes(flow: str) -> Callable[[], Awaitable[int]]:
        async def read() -> int:
            return next((lane.strikes for lane in await opened[0].store.lanes() if lane.flow == flow), 0)

        return read

    now = SteadyClock().now
    rules = {name: FlowRules(name, concurrency=CONCURRENCY, max_attempts=2) for name in (*FORMS, CALM)}
    servers = {name: Storm(FORMS.get(name), CONCURRENCY, strikes(name), busy_seconds) for name in rules}
    async with AsyncExitStack() as stack:
        processors: dict[str, Processor] = {}
        for name, server in servers.items():
            options = OpenAIOptions(model="m", base_url=await stack.enter_async_context(serving(server)))
            processor = OpenAIProcessor(options, ProcessorSetup(rules[name], {}, now, "secret"))
            await processor.open()
            stack.push_async_callback(processor.close)
            processors[name] = processor
        flows = tuple(rules.values())
        opened.append(
            await stack.enter_async_context(open_site(directory, now=now, flows=flows, processors=processors))
        )
        calm = servers.pop(CALM)
        yield Scene(opened[0], servers, calm)
