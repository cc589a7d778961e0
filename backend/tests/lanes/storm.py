"""A model server that answers 429 to everything until told otherwise, and remembers what it saw."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from job_processor.store.base import Store
from tests.processors.chat import chunk, usage


@dataclass(slots=True)
class Storm:
    """``headers``: what a 429 carries. ``early``: refusals that came while the lane was closed, which none may."""

    store: Store
    headers: Callable[[], Mapping[str, str]]
    raging: bool = True
    requests: int = 0
    burst: int = 0
    probes: int = 0
    early: int = 0
    together: int = 0
    _in_flight: int = field(default=0)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if not self.raging:
            lines = [json.dumps(chunk("ok")), json.dumps(chunk(finish="stop")), json.dumps(usage()), "[DONE]"]
            body = "".join(f"data: {line}\n\n" for line in lines)
            return web.Response(body=body.encode(), content_type="text/event-stream")
        lane = next(iter(await self.store.lanes()), None)
        if lane is None or lane.trouble is None:
            self.burst += 1
        else:
            self._in_flight += 1
            self.probes += 1
            self.together = max(self.together, self._in_flight)
            if lane.closed_until is not None and self.store.now() < lane.closed_until:
                self.early += 1
            self._in_flight -= 1
        return web.json_response({"error": {"message": "slow down"}}, status=429, headers=self.headers())


@asynccontextmanager
async def serving(storm: Storm) -> AsyncIterator[str]:
    """The server's base address."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", storm.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
