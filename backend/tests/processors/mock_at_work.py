"""The mock as a flow's processor, calling back over a real port."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from job_processor.core.flow import FlowRules
from job_processor.processors.base import ProcessorSetup
from job_processor.processors.mock import MockOptions, MockProcessor
from tests.support.clock import Clock
from tests.support.served import served
from tests.support.site import SECRET, Site, open_site
from tests.support.waiting import until

RULES = FlowRules("main", max_attempts=2, callback_timeout_seconds=60, backoff_base_seconds=0)


def options(**given: Any) -> MockOptions:
    return msgspec.convert({"delay_seconds": 0, **given}, MockOptions)


def surroundings(rules: FlowRules = RULES) -> ProcessorSetup:
    return ProcessorSetup(rules, {}, lambda: 0, SECRET)


def mock(**given: Any) -> MockProcessor:
    return MockProcessor(options(**given), surroundings())


@contextlib.asynccontextmanager
async def at_work(
    tmp_path: Path, processor: MockProcessor, clock: Clock | None = None, rules: FlowRules = RULES
) -> AsyncIterator[Site]:
    """The mock as the flow's processor, calling back over a real port."""
    now = None if clock is None else clock.now
    await processor.open()
    try:
        async with open_site(tmp_path / "data", now=now, flows=(rules,), processors={"main": processor}) as site:
            async with served(site) as web:
                site.dispatchers["main"]._callback_url = f"http://127.0.0.1:{web.port}/webhook/callback"
                yield site
            await processor.close()
    finally:
        await processor.close()


async def in_state(site: Site, job_id: str, state: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        job = await site.job(job_id)
        return job if job["status"] == state else None

    return await until(look, state)


def callbacks(site: Site, verdict: str) -> float:
    found = site.telemetry.registry.get_sample_value("job_processor_callbacks_total", {"verdict": verdict})
    return found or 0.0
