"""A model server that answers 429 to everything while its storm lasts, and remembers what came when."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web

from tests.processors.chat import chunk, usage


@dataclass(frozen=True, slots=True)
class Form:
    """How a server says until when. ``seconds``: what must at least lie between a refusal and the next request."""

    headers: Callable[[], Mapping[str, str]]
    seconds: float


FORMS: Mapping[str, Form] = {
    "retry-after-ms": Form(lambda: {"retry-after-ms": "1200", "retry-after": "600"}, 1.2),
    "seconds": Form(lambda: {"retry-after": "1"}, 1.0),
    # A date has whole seconds, so that of these two up to one is lost.
    "date": Form(lambda: {"retry-after": formatdate(time.time() + 2, usegmt=True)}, 0.99),
    "reset": Form(lambda: {"x-ratelimit-reset-requests": "1s"}, 1.0),
    "no word at all": Form(dict, 0.8),
    "negative": Form(lambda: {"retry-after": "-7"}, 0.8),
}


@dataclass(slots=True)
class Storm:
    """Times are seconds of ``time.monotonic``. ``form``: how it refuses; ``None``: it never does.

    The first ``burst`` requests are answered together, so that all of them were sent before anything was refused:
    every other request of the storm is a probe. ``strikes``: how often the lane has closed in a row.
    """

    form: Form | None
    burst: int
    strikes: Callable[[], Awaitable[int]]
    busy_seconds: float = 0.0
    """How long an answer takes that is no refusal."""
    ended_at: float | None = None
    refused: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    early: int = 0
    """Probes that came sooner than the refusal before had said."""
    windows: int = 0
    """How often the lane had closed when the first request got through: each is to have had one probe."""
    _together: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: int = 0

    @property
    def probes(self) -> int:
        """Requests that were refused though others had been before."""
        return max(0, len(self.refused) - self.burst)

    def end(self) -> None:
        self.ended_at = time.monotonic()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.form is None:
            return await self._serve()
        if self._waiting < self.burst:
            await self._wait_for_the_others()
        elif not self.served and time.monotonic() - self.refused[-1] < self.form.seconds:
            self.early += 1
        if self.ended_at is None:
            self.refused.append(time.monotonic())
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers=dict(self.form.headers()))
        if not self.windows:
            self.windows = await self.strikes()
        return await self._serve()

    async def _wait_for_the_others(self) -> None:
        self._waiting += 1
        if self._waiting == self.burst:
            self._together.set()
        await self._together.wait()

    async def _serve(self) -> web.StreamResponse:
        await asyncio.sleep(self.busy_seconds)
        self.served.append(time.monotonic())
        lines = [json.dumps(chunk("ok")), json.dumps(chunk(finish="stop")), json.dumps(usage()), "[DONE]"]
        body = "".join(f"data: {line}\n\n" for line in lines)
        return web.Response(body=body.encode(), content_type="text/event-stream")


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
