"""A submission with ``Prefer: wait`` that is being held."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.support.asgi import Reply
from tests.support.site import Site
from tests.support.waiting import until_true

MINUTE = {"prefer": "wait=60"}


@contextlib.asynccontextmanager
async def held(site: Site, headers: dict[str, str] | None = None) -> AsyncIterator["asyncio.Task[Reply]"]:
    """A submission that is being held; the block must bring it to its end."""
    before = site.bus.listeners
    task = asyncio.create_task(site.client.post("/jobs", {"prompt": "a"}, MINUTE | (headers or {})))
    await until_true(lambda: site.bus.listeners == before + 1, "the request is held")
    yield task
    await asyncio.wait_for(task, 20)
