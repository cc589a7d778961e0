"""Load from a client that keeps a ledger: submits, repeats, cancels, retries, reports and reads until it is cut off."""

import asyncio
import json
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp

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
FINAL = ("COMPLETED", "FAILED", "CANCELLED")
_TEXTS = ("plain words", "ünï 漢字 🙂 \u202eright to left", '{"a": [1, 2]}', "line\nline\ttab \\ \" '", "x" * 3000)


class ServerGone(Exception):
    """The connection broke: whatever was asked last may or may not have happened."""


@dataclass(slots=True)
class Memory:
    """What the client remembers from cycle to cycle."""

    recent: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    own: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    """Jobs that nobody but the client reports on."""
    open_keys: dict[str, str] = field(default_factory=dict)
    """Idempotency keys whose submission was not answered, with the prompt: to be asked again."""
    used_keys: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=50))
    number: int = 0


class Client:
    def __init__(self, base: str, ledger: Ledger, memory: Memory, rng: random.Random, budget: int) -> None:
        self._base = base
        self._ledger = ledger
        self._memory = memory
        self._rng = rng
        self._budget = budget

    async def run(self, tasks: int) -> None:
        """Returns when the server is gone, or the budget of new jobs is spent and the rest was tried."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(self._base, connector=connector, timeout=timeout) as session:
            await asyncio.gather(*(self._work(session) for _ in range(tasks)))

    async def _work(self, session: aiohttp.ClientSession) -> None:
        try:
            while True:
                await self._step(session)
        except ServerGone:
            return

    async def _step(self, session: aiohttp.ClientSession) -> None:
        memory, rng = self._memory, self._rng
        if memory.open_keys:
            key, prompt = memory.open_keys.popitem()
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
        elif memory.own and rng.random() < 0.5:
            await self._report(session, rng.choice(memory.own))
        elif memory.recent:
            job = rng.choice(memory.recent)
            act = rng.random()
            if act < 0.1:
                await self._act(session, "cancel", job)
            elif act < 0.3:
                await self._act(session, "retry", job)
            else:
                await self._read(session, job)
        else:
            await asyncio.sleep(0)

    def _prompt(self) -> str:
        memory, rng = self._memory, self._rng
        memory.number += 1
        fault = rng.choices(("", "fault:lost ", "fault:early ", "fault:duplicate ", "fault:error "), (6, 3, 1, 1, 1))[0]
        return f"{fault}{memory.number}-{rng.randrange(1 << 48):012x} {rng.choice(_TEXTS)}"

    async def submit(self, session: aiohttp.ClientSession, prompt: str, key: str | None) -> None:
        request = self._ledger.sent("submit", prompt=prompt, key=key)
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            status, body = await self._ask(session, request, "POST", "/jobs", {"prompt": prompt}, headers)
        except ServerGone:
            if key is not None:
                self._memory.open_keys[key] = prompt
            raise
        if status == 201:
            job = str(body["id"])
            self._ledger.answered(request, "acked", status=status, job=job)
            (self._memory.own if prompt.startswith("fault:lost") else self._memory.recent).append(job)
            if key is not None:
                self._memory.used_keys.append((key, prompt))
        else:
            self._ledger.answered(request, "refused", status=status)
            if key is not None:
                self._memory.open_keys[key] = prompt

    async def _report(self, session: aiohttp.ClientSession, job: str) -> None:
        # Half of the reports say the same as others before, half say something new.
        result = json.dumps({"by": "client", "n": self._rng.randrange(4)})
        request = self._ledger.sent("report", job=job, result=result)
        headers = {"x-webhook-secret": SECRET}
        body = {"jobId": job, "result": result}
        status, answer = await self._ask(session, request, "POST", "/webhook/callback", body, headers)
        said = str(answer.get("callback")) if status == 200 else str(answer.get("code"))
        self._ledger.answered(request, "acked" if status == 200 else "refused", status=status, said=said)
        if status != 503:
            self._memory.recent.append(job)

    async def _act(self, session: aiohttp.ClientSession, act: str, job: str) -> None:
        request = self._ledger.sent(act, job=job)
        status, _ = await self._ask(session, request, "POST", f"/jobs/{job}/{act}", None, {})
        self._ledger.answered(request, "acked" if status == 200 else "refused", status=status)

    async def _read(self, session: aiohttp.ClientSession, job: str) -> None:
        request = self._ledger.sent("read", job=job)
        status, body = await self._ask(session, request, "GET", f"/jobs/{job}", None, {})
        self._ledger.answered(request, "acked" if status == 200 else "refused", status=status)
        if status == 200 and body["status"] in FINAL:
            self._ledger.saw(job, body["status"], body["result"], body["finishedAt"])

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        request: int,
        method: str,
        path: str,
        body: dict[str, str] | None,
        headers: dict[str, str],
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with session.request(method, path, json=body, headers=headers) as response:
                answer: dict[str, Any] = await response.json(content_type=None)
                return response.status, answer
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # A broken body behind a good status line is as unknown as no answer at all.
            self._ledger.answered(request, "unknown", said=type(error).__name__)
            raise ServerGone from None
