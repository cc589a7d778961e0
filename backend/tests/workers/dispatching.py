"""A site with one processor, and a job of it in a state."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from job_processor.core.flow import FlowRules
from job_processor.processors.base import Processor
from tests.support.clock import Clock
from tests.support.site import DEFAULT, Site, open_site
from tests.support.waiting import until


async def in_state(site: Site, job_id: str, state: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        job = await site.job(job_id)
        return job if job["status"] == state else None

    return await until(look, f"{state}")


def site_with(
    tmp_path: Path, processor: Processor, rules: FlowRules = DEFAULT, clock: Clock | None = None
) -> AbstractAsyncContextManager[Site]:
    return open_site(
        tmp_path / "data",
        now=None if clock is None else clock.now,
        flows=(rules,),
        processors={rules.name: processor},
    )
