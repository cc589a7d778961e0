"""A receiver of webhooks that outlives the server under test. It verifies each request as it comes, keeps the first
bytes of each id, and refuses some notices once, so that they are sent again."""

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from tests.webhooks.verifying import python_says

STANDING = "/standing"
REFUSED = 0.02
"""The share of notices whose first try is answered 500. The next one is due after 5 s."""


class Data(msgspec.Struct, frozen=True):
    id: str
    counts: dict[str, int] = {}


class Notice(msgspec.Struct, frozen=True):
    """``timestamp``: of what it tells."""

    type: str
    timestamp: str
    data: Data


@dataclass(slots=True)
class Heard:
    """All that came. ``told``: by the path and id, the notice; ``wrong``: requests that are not as they must be."""

    told: dict[tuple[str, str], Notice] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    requests: int = 0


class Receiver:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.secrets: dict[str, str] = {}
        """By path."""
        self._bytes: dict[tuple[str, str], bytes] = {}
        self.url = ""
        self.heard = Heard()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator["Receiver"]:
        app = web.Application()
        app.router.add_post("/{kind}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def register(self, base: str) -> None:
        """Make it a standing endpoint of the server, and learn the secrets by which it knows its requests."""
        async with aiohttp.ClientSession(base, raise_for_status=True) as session:
            async with session.get("/webhook-secret") as response:
                own: list[str] = (await response.json())["secrets"]
            async with session.post("/webhook-endpoints", json={"url": self.url + STANDING}) as response:
                made: dict[str, Any] = await response.json()
        self.secrets = {"/job": own[0], "/batch": own[0], STANDING: made["secret"]}

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        heard, mark = self.heard, (request.path, request.headers.get("webhook-id", ""))
        heard.requests += 1
        genuine = python_says(self.secrets[request.path], request.headers, body.decode())
        if genuine != "ok":
            heard.wrong.append(f"signed wrongly: {mark}, {genuine}")
            return web.Response()
        first = self._bytes.setdefault(mark, body)
        if body != first:
            heard.wrong.append(f"other bytes of {mark}: {body!r} after {first!r}")
        if mark not in heard.told:
            heard.told[mark] = msgspec.json.decode(body, type=Notice)
            if self._rng.random() < REFUSED:
                return web.Response(status=500)
        return web.Response()
