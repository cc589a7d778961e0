"""Where callbacks and error reports arrive when there is no backend; it answers as told."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Arrived:
    body: dict[str, Any]
    secret: str | None


@dataclass(slots=True)
class Receiver:
    """``statuses``: what the next requests are answered, in turn; then 200."""

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    statuses: deque[int] = field(default_factory=deque)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [a.body for a in self.arrived]

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator["Receiver"]:
        app = web.Application()
        app.router.add_post("/webhook/callback", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            host, bound = runner.addresses[0][:2]
            self.url = f"http://{host}:{bound}/webhook/callback"
            yield self
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.arrived.append(Arrived(await request.json(), request.headers.get("x-webhook-secret")))
        return web.json_response({}, status=self.statuses.popleft() if self.statuses else 200)
