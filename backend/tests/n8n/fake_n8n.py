"""An n8n of our own making: it answers, and misbehaves, as the real one was seen to do.

``fake.script(...)`` says what the next dispatches get, in turn; every further one gets ``fake.usual``.
The shapes of the answers are those of n8n 2.41.1.
"""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.n8n.fake_executions import (
    Delivery,
    Execution,
    ExecutionStatus,
    Received,
    accepted,
    callback_body,
    parse,
    run_data,
    summary,
)

WEBHOOK_PATH = "/webhook/job-processor"
CRASHED = "Workflow did not finish, possible out-of-memory issue"


Behaviour: TypeAlias = Callable[["FakeN8n", Received], Awaitable[web.Response]]


class HungUp(Exception):
    """Raised by a behaviour that gives no answer at all."""


@dataclass(slots=True)
class FakeN8n:
    """``secret`` is sent as x-webhook-secret; ``error_url`` is where the error workflow reports."""

    token: str
    secret: str
    api_key: str = "fake-api-key"
    error_url: str | None = None
    usual: Behaviour = field(default_factory=lambda: accept())
    received: list[Received] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    executions: dict[str, Execution] = field(default_factory=dict)
    url: str = ""
    """The webhook's address, once it serves; ``api_url`` is the server's root."""
    _script: deque[Behaviour] = field(default_factory=deque)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _client: ClientSession | None = None

    @property
    def api_url(self) -> str:
        return self.url.removesuffix(WEBHOOK_PATH)

    def script(self, *behaviours: Behaviour) -> None:
        """What the next dispatches get, one each."""
        self._script.extend(behaviours)

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator["FakeN8n"]:
        """Listen on loopback; leaving cancels whatever was still to be delivered, as a kill would."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post(WEBHOOK_PATH, self._dispatch)
        app.router.add_get("/api/v1/executions/{id}", self._execution)
        app.router.add_post("/api/v1/executions/{id}/stop", self._stop)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        async with ClientSession(timeout=ClientTimeout(total=10), trust_env=False) as self._client:
            site = web.TCPSite(runner, "127.0.0.1", port)
            try:
                await site.start()
                host, bound = runner.addresses[0][:2]
                self.url = f"http://{host}:{bound}{WEBHOOK_PATH}"
                yield self
            finally:
                await self._cancel_tasks()
                await runner.cleanup()

    def later(self, work: Awaitable[None]) -> None:
        """Go on with this after the answer, as n8n does."""
        task = asyncio.ensure_future(_run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def call_back(self, url: str, body: Mapping[str, object], secret: str | None = None) -> int | None:
        """One callback, one try."""
        assert self._client is not None, "serve() first"
        headers = {"x-webhook-secret": self.secret if secret is None else secret}
        try:
            async with self._client.post(url, json=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                status: int | None = response.status
        except (ClientError, TimeoutError):
            status = None
        self.deliveries.append(Delivery(body, status))
        return status

    async def report_crash(self, execution_id: str, error: str = CRASHED) -> int | None:
        """The error workflow: it knows the execution, never the job."""
        assert self.error_url is not None, "set error_url"
        self.executions[execution_id].status = ExecutionStatus.CRASHED
        body = {"executionId": execution_id, "error": error, "workflow": "Job Processor", "lastNode": "Webhook"}
        return await self.call_back(self.error_url, body)

    async def idle(self) -> None:
        """Wait until all that was promised is delivered."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _dispatch(self, request: web.Request) -> web.Response:
        if request.headers.get("x-n8n-token") != self.token:
            return web.Response(status=403, text="Authorization data is wrong!")
        try:
            received = parse(await request.text(), str(next(self._ids)))
        except json.JSONDecodeError:
            return web.json_response({"code": 422, "message": "Failed to parse request body"}, status=422)
        if received is None:
            error = "jobId, prompt and callbackUrl (http or https) are required"
            return web.json_response({"error": error}, status=400)
        self.received.append(received)
        behaviour = self._script.popleft() if self._script else self.usual
        try:
            return await behaviour(self, received)
        except HungUp:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

    async def _execution(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if isinstance(found, web.Response):
            return found
        answer = summary(found)
        if request.query.get("includeData") == "true":
            answer["data"] = {"resultData": {"runData": run_data(found)}}
        return web.json_response(answer)

    async def _stop(self, request: web.Request) -> web.Response:
        found = self._find(request)
        if isinstance(found, web.Response):
            return found
        if found.status not in (ExecutionStatus.RUNNING, ExecutionStatus.WAITING):
            message = (
                "Only running or waiting executions can be stopped and "
                f"{found.received.execution_id} is currently {found.status}"
            )
            return web.json_response({"message": message}, status=409)
        found.status = ExecutionStatus.CANCELED
        return web.json_response({"mode": "webhook", "finished": False, "status": found.status})

    def _find(self, request: web.Request) -> Execution | web.Response:
        if request.headers.get("x-n8n-api-key") != self.api_key:
            return web.json_response({"message": "Unauthorized"}, status=401)
        found = self.executions.get(request.match_info["id"])
        return web.json_response({"message": "Not Found"}, status=404) if found is None else found

    async def _cancel_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


# --- what a dispatch may get ---------------------------------------------------------------------


def accept(
    result: str | None = None,
    *,
    error: str | None = None,
    after: float = 0.0,
    deliveries: int = 1,
    before_answer: bool = False,
    secret: str | None = None,
) -> Behaviour:
    """The healthy way: 202, then the callback ``after`` seconds later, ``deliveries`` times.

    ``error``: a failed run. ``before_answer``: the callback overtakes the 202. ``secret``: another than ours.
    """

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        execution = _start(fake, received)
        body = callback_body(received, result, error)
        execution.body = json.dumps(body)

        async def deliver() -> None:
            await asyncio.sleep(after)
            if execution.status is ExecutionStatus.CANCELED:
                return
            for _ in range(deliveries):
                await fake.call_back(received.callback_url, body, secret)
            execution.status = ExecutionStatus.SUCCESS

        if before_answer:
            await deliver()
        else:
            fake.later(deliver())
        return accepted(received)

    return behave


def accept_and_forget(
    status: ExecutionStatus = ExecutionStatus.RUNNING, *, result: str | None = None, error: str | None = None
) -> Behaviour:
    """202, and never a callback. The API then says ``status``; ``result``: it was finished, only not delivered."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        execution = _start(fake, received)
        execution.status = status
        if result is not None or error is not None:
            execution.body = json.dumps(callback_body(received, result, error))
        return accepted(received)

    return behave


def accept_and_crash(*, after: float = 0.0, reports: int = 1, before_answer: bool = False) -> Behaviour:
    """202, then the process dies; after its restart the error workflow reports by execution id, and again
    after each later crash. ``before_answer``: the execution fails so fast that its report overtakes the 202."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        _start(fake, received)

        async def report() -> None:
            await asyncio.sleep(after)
            for _ in range(reports):
                await fake.report_crash(received.execution_id)

        if before_answer:
            await report()
        else:
            fake.later(report())
        return accepted(received)

    return behave


def slow(seconds: float, then: Behaviour | None = None) -> Behaviour:
    """The answer waits, as with n8n's own concurrency limit or on a busy machine."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        await asyncio.sleep(seconds)
        return await (accept() if then is None else then)(fake, received)

    return behave


def hang_up() -> Behaviour:
    """The connection ends without an answer; the run may or may not have begun."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        raise HungUp

    return behave


def _start(fake: FakeN8n, received: Received) -> Execution:
    return fake.executions.setdefault(received.execution_id, Execution(received))


async def _run(work: Awaitable[None]) -> None:
    await work
