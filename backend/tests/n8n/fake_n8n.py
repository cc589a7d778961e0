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
from enum import StrEnum
from typing import TypeAlias

from aiohttp import ClientError, ClientSession, ClientTimeout, web

WEBHOOK_PATH = "/webhook/job-processor"
CRASHED = "Workflow did not finish, possible out-of-memory issue"


class ExecutionStatus(StrEnum):
    """What n8n's API says of an execution; these are its words."""

    RUNNING = "running"
    WAITING = "waiting"
    SUCCESS = "success"
    ERROR = "error"
    CRASHED = "crashed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Received:
    """One dispatch as it came in."""

    job_id: str
    attempt: int
    prompt: str
    metadata: Mapping[str, object]
    callback_url: str
    callback_token: str
    execution_id: str


@dataclass(slots=True)
class Execution:
    """What the fake remembers of a run, for its API. ``body``: the callback it built, if it got that far."""

    received: Received
    status: ExecutionStatus = ExecutionStatus.RUNNING
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback the fake sent: its body, and the status it got (``None``: nobody there)."""

    body: Mapping[str, object]
    status: int | None


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
            received = _parse(await request.text(), str(next(self._ids)))
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
        answer = _summary(found)
        if request.query.get("includeData") == "true":
            answer["data"] = {"resultData": {"runData": _run_data(found)}}
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
        body = _callback_body(received, result, error)
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
        return _accepted(received)

    return behave


def accept_and_forget(
    status: ExecutionStatus = ExecutionStatus.RUNNING, *, result: str | None = None, error: str | None = None
) -> Behaviour:
    """202, and never a callback. The API then says ``status``; ``result``: it was finished, only not delivered."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        execution = _start(fake, received)
        execution.status = status
        if result is not None or error is not None:
            execution.body = json.dumps(_callback_body(received, result, error))
        return _accepted(received)

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
        return _accepted(received)

    return behave


def slow(seconds: float, then: Behaviour | None = None) -> Behaviour:
    """The answer waits, as with n8n's own concurrency limit or on a busy machine."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        await asyncio.sleep(seconds)
        return await (accept() if then is None else then)(fake, received)

    return behave


def starting() -> Behaviour:
    """The first moments of a start: 200 and a web page."""
    page = "<html><head></head><body>n8n is starting up. Please wait</body></html>"
    return _just(lambda: web.Response(text=page, content_type="text/html"))


def not_published() -> Behaviour:
    """No such webhook: the workflow is not published, or n8n has only just started."""
    message = 'The requested webhook "POST job-processor" is not registered.'
    hint = "The workflow must be active for a production URL to run successfully."
    return _just(lambda: web.json_response({"code": 404, "message": message, "hint": hint}, status=404))


def wrong_token() -> Behaviour:
    return _just(lambda: web.Response(status=403, text="Authorization data is wrong!"))


def refused_payload() -> Behaviour:
    """The workflow will not have this job: a fault of the job, not of the lane."""
    return _just(lambda: web.json_response({"error": "jobId, prompt and callbackUrl are required"}, status=400))


def server_error(status: int = 500) -> Behaviour:
    return _just(lambda: web.json_response({"code": 0, "message": "Internal Server Error"}, status=status))


def rate_limited(headers: Mapping[str, str]) -> Behaviour:
    """A proxy before n8n says 429, in one of the forms there are."""
    return _just(lambda: web.Response(status=429, headers=dict(headers), text="Too Many Requests"))


def accept_another() -> Behaviour:
    """202 for somebody else's job: no proof that ours was taken."""
    other = {"accepted": True, "jobId": "0" * 24, "executionId": "1"}
    return _just(lambda: web.json_response(other, status=202))


def accept_without_proof(body: object = None) -> Behaviour:
    """202 whose body does not say that our job was accepted."""
    return _just(lambda: web.json_response({"message": "Workflow was started"} if body is None else body, status=202))


def hang_up() -> Behaviour:
    """The connection ends without an answer; the run may or may not have begun."""

    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        raise HungUp

    return behave


def _just(make: Callable[[], web.Response]) -> Behaviour:
    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        return make()

    return behave


# --- shapes ---------------------------------------------------------------------------------------


def _parse(text: str, execution_id: str) -> Received | None:
    """The dispatch, or ``None`` when it lacks what the workflow's "Dispatch ok?" asks for."""
    body = json.loads(text)
    match body:
        case {"jobId": str(job_id), "prompt": str(prompt), "callbackUrl": str(callback_url)} if job_id:
            attempt, metadata, token = body.get("attempt"), body.get("metadata"), body.get("callbackToken")
            return Received(
                job_id=job_id,
                attempt=attempt if isinstance(attempt, int) else 0,
                prompt=prompt,
                metadata=metadata if isinstance(metadata, dict) else {},
                callback_url=callback_url,
                callback_token=token if isinstance(token, str) else "",
                execution_id=execution_id,
            )
        case _:
            return None


def _start(fake: FakeN8n, received: Received) -> Execution:
    return fake.executions.setdefault(received.execution_id, Execution(received))


def _accepted(received: Received) -> web.Response:
    body = {"accepted": True, "jobId": received.job_id, "executionId": received.execution_id}
    return web.json_response(body, status=202)


def _callback_body(received: Received, result: str | None, error: str | None) -> dict[str, object]:
    body: dict[str, object] = {
        "jobId": received.job_id,
        "attempt": received.attempt,
        "executionId": received.execution_id,
    }
    if error is not None:
        return body | {"error": error}
    return body | {"result": json.dumps({"answer": f"echo: {received.prompt}"}) if result is None else result}


def _summary(execution: Execution) -> dict[str, object]:
    return {
        "id": execution.received.execution_id,
        "finished": execution.status is ExecutionStatus.SUCCESS,
        "mode": "webhook",
        "status": execution.status,
        "workflowId": "jpMain0000000001",
    }


def _run_data(execution: Execution) -> dict[str, object]:
    """Nodes that ran and what each put out; only the one that others read."""
    if execution.body is None:
        return {}
    item = {"json": {"body": execution.body}, "pairedItem": {"item": 0}}
    return {"Callback body": [{"executionStatus": "success", "data": {"main": [[item]]}}]}


async def _run(work: Awaitable[None]) -> None:
    await work
