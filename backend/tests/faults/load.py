"""Load from a client that keeps a ledger, until it is cut off. It does what people and processors do: submits with
and without keys, repeats, cancels, retries, replays, deletes, reports too late, twice and otherwise, accepts, reads.
"""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.history import FINAL
from tests.faults.ledger import Ledger
from tests.faults.server import SECRET

FLOWS = """\
[flows.mock]
processor = "mock"
delay_seconds = 0.02
callback_timeout_seconds = 1.5
lease_seconds = 2
max_attempts = 4
backoff_base_seconds = 0.05
backoff_cap_seconds = 0.3
"""
_TEXTS = ("plain words", "ünï 漢字 🙂 \u202eright to left", '{"a": [1, 2]}', "line\nline\ttab \\ \" '", "x" * 3000)
_ACTS = {"read": 45, "retry": 16, "report": 14, "cancel": 9, "delete": 6, "accept": 5, "replay": 4, "reuse": 1}
"""How often each act comes, of a hundred."""


class ServerGone(Exception):
    """The connection broke: whatever was asked last may or may not have happened."""


@dataclass(slots=True)
class Memory:
    """What the client remembers from cycle to cycle."""

    recent: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    """Deleted ones stay among them: nobody may be told of those again."""
    own: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    """Jobs that nobody but the client reports on."""
    late: deque[str] = field(default_factory=lambda: deque(maxlen=30))
    """Jobs for which a result came too late, and is kept."""
    open_keys: dict[str, str] = field(default_factory=dict)
    """Idempotency keys whose submission was not answered, with the prompt: to be asked again."""
    used_keys: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=50))
    number: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    body: dict[str, Any]

    @property
    def outcome(self) -> str:
        return "acked" if 200 <= self.status < 300 else "refused"

    @property
    def code(self) -> str | None:
        code = self.body.get("code")
        return None if code is None else str(code)


class Client:
    """``pause``: seconds between two things that one task of it does; ``flow``: where its jobs go, if not to the
    default; ``posted`` is told how many seconds each answered submission took."""

    def __init__(
        self,
        base: str,
        ledger: Ledger,
        memory: Memory,
        rng: random.Random,
        budget: int,
        pause: float = 0.0,
        flow: str | None = None,
        posted: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._posted = posted
        self._base = base
        self._ledger = ledger
        self._memory = memory
        self._rng = rng
        self._budget = budget
        self._replays = budget // 10
        self._pause = pause
        self._flow = flow

    def allow(self, jobs: int) -> None:
        """So many more jobs, and a tenth of them more by replays."""
        self._budget += jobs
        self._replays += -(-jobs // 10)

    async def run(self, tasks: int) -> None:
        """Returns when the server is gone. It makes no more jobs than its budget, and goes on with those it knows."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(self._base, connector=connector, timeout=timeout) as session:
            await asyncio.gather(*(self._work(session) for _ in range(tasks)))

    async def _work(self, session: aiohttp.ClientSession) -> None:
        try:
            while True:
                await self._step(session)
                await asyncio.sleep(self._pause)
        except ServerGone:
            return

    async def _step(self, session: aiohttp.ClientSession) -> None:
        memory, rng = self._memory, self._rng
        if memory.open_keys:
            key, prompt = memory.open_keys.popitem()
            if rng.random() < 0.1:
                await self.submit(session, self._prompt(), key, insist=False)
            await self.submit(session, prompt, key)
        elif self._budget > 0 and rng.random() < 0.5:
            self._budget -= 1
            prompt = self._prompt()
            if rng.random() < 0.5:
                await self.submit(session, prompt, None)
            else:
                await self.submit(session, prompt, f"key-{memory.number}-{rng.randrange(1 << 32):08x}")
        elif memory.used_keys and rng.random() < 0.1:
            key, prompt = rng.choice(memory.used_keys)
            await self.submit(session, prompt, key)
        elif memory.own and rng.random() < 0.3:
            await self._act(session, "report" if rng.random() < 0.7 else "cancel", rng.choice(memory.own))
        elif memory.recent:
            await self._act(session, rng.choices(list(_ACTS), list(_ACTS.values()))[0], rng.choice(memory.recent))

    async def _act(self, session: aiohttp.ClientSession, act: str, job: str) -> None:
        memory, rng = self._memory, self._rng
        match act:
            case "read":
                await self._read(session, job)
            case "report":
                await self._report(session, job)
            case "accept":
                await self._accept(session, rng.choice(memory.late) if memory.late and rng.random() < 0.8 else job)
            case "replay":
                await self._replay(session, job)
            case "delete":
                await self._ask_of_job(session, act, "DELETE", f"/jobs/{job}", job)
            case "reuse" if memory.used_keys:
                # A key that was used, and another body.
                await self.submit(session, self._prompt(), rng.choice(memory.used_keys)[0], insist=False)
            case "cancel" | "retry":
                await self._ask_of_job(session, act, "POST", f"/jobs/{job}/{act}", job)

    def _prompt(self) -> str:
        memory, rng = self._memory, self._rng
        memory.number += 1
        fault = rng.choices(("", "fault:lost ", "fault:early ", "fault:duplicate ", "fault:error "), (6, 3, 1, 1, 1))[0]
        return f"{fault}{memory.number}-{rng.randrange(1 << 48):012x} {rng.choice(_TEXTS)}"

    async def submit(
        self, session: aiohttp.ClientSession, prompt: str, key: str | None, *, insist: bool = True
    ) -> None:
        """``insist``: ask again until it is known what came of it; only with a key, without one it could be doubled."""
        request = self._ledger.sent("submit", prompt=prompt, key=key)
        headers = {} if key is None else {"Idempotency-Key": key}
        again = key if insist else None
        wanted = {"prompt": prompt} if self._flow is None else {"prompt": prompt, "flow": self._flow}
        try:
            told = await self._ask(session, request, "POST", "/jobs", wanted, headers)
        except ServerGone:
            if again is not None:
                self._memory.open_keys[again] = prompt
            raise
        if told.status == 201:
            job = str(told.body["id"])
            self._ledger.answered(request, "acked", status=201, job=job)
            (self._memory.own if prompt.startswith("fault:lost") else self._memory.recent).append(job)
            if key is not None:
                self._memory.used_keys.append((key, prompt))
            return
        self._ledger.answered(request, "refused", status=told.status, said=told.code)
        if again is not None and told.status == 503:
            self._memory.open_keys[again] = prompt

    async def _report(self, session: aiohttp.ClientSession, job: str) -> None:
        """A callback: a result that others brought before or a new one, an error, of this attempt or another, or
        what nobody can read."""
        rng = self._rng
        if rng.random() < 0.05:
            await self._report_unreadable(session, job)
            return
        attempt = rng.choice((None, None, None, 1, 2))
        body: dict[str, str | int] = {"jobId": job}
        if attempt is not None:
            body["attempt"] = attempt
        if rng.random() < 0.2:
            result, error = None, "the client says that it failed"
            body["error"] = error
        else:
            result, error = json.dumps({"by": "client", "n": rng.randrange(4)}), None
            body["result"] = result
        request = self._ledger.sent("report", job=job, result=result, error=error, attempt=attempt)
        headers = {"x-webhook-secret": SECRET}
        told = await self._ask(session, request, "POST", "/webhook/callback", body, headers)
        said = told.code if told.outcome == "refused" else str(told.body["callback"])
        self._ledger.answered(request, told.outcome, status=told.status, said=said)
        if told.code == "late_result":
            self._memory.late.append(job)
        self._remember(job)

    async def _report_unreadable(self, session: aiohttp.ClientSession, job: str) -> None:
        request = self._ledger.sent("report unreadable", job=job)
        headers = {"x-webhook-secret": SECRET, "content-type": "application/json"}
        told = await self._ask(session, request, "POST", "/webhook/callback", f'{{"jobId": "{job}", "resu', headers)
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)

    async def _accept(self, session: aiohttp.ClientSession, job: str) -> None:
        """Take a result that came too late, or what could not be read, of those that are kept of this job."""
        request = self._ledger.sent("inbox")
        kept = await self._rows(session, request, f"/callbacks?jobId={job}&verdict=late,unreadable")
        self._ledger.answered(request, "acked", status=200)
        if not kept:
            return
        one = self._rng.choice(kept)
        result = str(one["content"]) if one["verdict"] == "late" else f'{{"jobId": "{job}", "resu'
        request = self._ledger.sent("accept", job=job, callback=str(one["id"]), result=result)
        told = await self._ask(session, request, "POST", f"/callbacks/{one['id']}/accept", None, {})
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)

    async def _replay(self, session: aiohttp.ClientSession, job: str) -> None:
        if self._replays <= 0:
            return
        self._replays -= 1
        request = self._ledger.sent("replay", job=job)
        told = await self._ask(session, request, "POST", f"/jobs/{job}/replay", None, {})
        made = str(told.body["id"]) if told.status == 201 else None
        self._ledger.answered(request, told.outcome, status=told.status, job=made, said=told.code)
        if made is not None:
            self._memory.recent.append(made)

    async def _ask_of_job(self, session: aiohttp.ClientSession, act: str, method: str, path: str, job: str) -> None:
        request = self._ledger.sent(act, job=job)
        told = await self._ask(session, request, method, path, None, {})
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)
        self._remember(job)

    def _remember(self, job: str) -> None:
        if job not in self._memory.recent:
            self._memory.recent.append(job)

    async def _read(self, session: aiohttp.ClientSession, job: str) -> None:
        request = self._ledger.sent("read", job=job)
        told = await self._ask(session, request, "GET", f"/jobs/{job}", None, {})
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)
        if told.status == 200 and told.body["status"] in FINAL:
            self._ledger.saw(job, told.body["status"], told.body["result"], told.body["finishedAt"])

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        request: int,
        method: str,
        path: str,
        body: Mapping[str, str | int] | str | None,
        headers: dict[str, str],
    ) -> Told:
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        if data is not None:
            headers = {"content-type": "application/json", **headers}
        status, answer = await self._exchange(session, request, method, path, data, headers)
        assert isinstance(answer, dict) or status == 204
        return Told(status, answer if isinstance(answer, dict) else {})

    async def _rows(self, session: aiohttp.ClientSession, request: int, path: str) -> list[dict[str, Any]]:
        status, answer = await self._exchange(session, request, "GET", path, None, {})
        return answer if status == 200 and isinstance(answer, list) else []

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: int,
        method: str,
        path: str,
        data: str | None,
        headers: dict[str, str],
    ) -> tuple[int, object]:
        """Raises ``ServerGone``, with the request written down as unknown."""
        began = time.monotonic()
        try:
            async with session.request(method, path, data=data, headers=headers) as response:
                answer = response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # A broken body behind a good status line is as unknown as no answer at all.
            self._ledger.answered(request, "unknown", said=type(error).__name__)
            raise ServerGone from None
        if (method, path) == ("POST", "/jobs"):
            self._posted(time.monotonic() - began)
        return answer
