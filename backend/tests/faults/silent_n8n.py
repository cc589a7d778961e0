"""An n8n that says nothing: it takes every second job and never reports, and answers nothing else at all.

``recover``: from then on it takes every job and reports a result at once.
"""

import asyncio
import itertools

import aiohttp
from aiohttp import web

FLOW = """\

[flows.silent]
processor = "n8n"
url = "http://127.0.0.1:{port}/webhook/job"
api_url = "http://127.0.0.1:{port}"
api_key_env = "SILENT_N8N_KEY"
dispatch_timeout_seconds = 3
callback_timeout_seconds = 3
max_attempts = 2
concurrency = 8
backoff_base_seconds = 0.1
backoff_cap_seconds = 0.5
"""
ENVIRONMENT = {"SILENT_N8N_KEY": "a key for a server that never looks at it"}


class SilentN8n:
    """``asked``: how many requests came while it was silent."""

    def __init__(self) -> None:
        self.asked = 0
        self._numbers = itertools.count(1)
        self._speaks = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._reports: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Returns the flow that hands jobs to it, for a flows.toml."""
        app = web.Application()
        app.router.add_post("/webhook/job", self._take)
        app.router.add_route("*", "/{tail:.*}", self._other)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return FLOW.format(port=self._runner.addresses[0][1])

    def recover(self) -> None:
        self._speaks.set()

    async def stop(self) -> None:
        for task in self._reports:
            task.cancel()
        await asyncio.gather(*self._reports, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        job = await request.json()
        number = next(self._numbers)
        if not self._speaks.is_set():
            self.asked += 1
            if number % 2:
                await self._speaks.wait()
        if self._speaks.is_set():
            task = asyncio.create_task(self._report(job))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
        return web.json_response({"accepted": True, "jobId": job["jobId"], "executionId": str(number)}, status=202)

    async def _report(self, job: dict[str, str]) -> None:
        proof = {"authorization": f"Bearer {job['callbackToken']}"}
        report = {"jobId": job["jobId"], "result": "It speaks again."}
        async with (
            aiohttp.ClientSession() as session,
            session.post(job["callbackUrl"], json=report, headers=proof) as response,
        ):
            await response.read()

    async def _other(self, request: web.Request) -> web.Response:
        if not self._speaks.is_set():
            self.asked += 1
            await self._speaks.wait()
        return web.json_response({"message": "The requested resource was not found"}, status=404)
