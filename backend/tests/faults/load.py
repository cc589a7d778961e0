"""Load from a client that keeps a ledger, until it is cut off. It does what people and processors do: submits with
and without keys, repeats, cancels, retries, replays, deletes, reports too late, twice and otherwise, accepts, reads.
"""

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from tests.faults.asking import Asker, ServerGone
from tests.faults.history import FINAL
from tests.faults.ledger import Ledger
from tests.faults.many import ALONE, TOLD, Many, Remembered, body_of
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
    many: Remembered = field(default_factory=Remembered)
    number: int = 0

    def prompt(self, rng: random.Random) -> str:
        """One that nobody had before. The mock does as it says; of some the end is to be told."""
        self.number += 1
        fault = rng.choices(("", "fault:lost ", "fault:early ", "fault:duplicate ", "fault:error "), (6, 3, 1, 1, 1))[0]
        mark = f"{TOLD} " if rng.random() < 0.3 else ""
        return f"{fault}{mark}{self.number}-{rng.randrange(1 << 48):012x} {rng.choice(_TEXTS)}"

    def learn(self, job: str, prompt: str) -> None:
        (self.own if prompt.startswith("fault:lost") else self.recent).append(job)


class Client:
    """``pause``: seconds between two things that one task of it does; ``flow``: where its jobs go, if not to the
    default; ``posted`` is told how many seconds each answered submission took; ``hooks``: where ends are to be told;
    ``batches`` and ``bulks``: how many of each it asks for."""

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
        hooks: str | None = None,
        batches: int = 0,
        bulks: int = 0,
    ) -> None:
        self._hooks = hooks
        self._many = Many(ledger, memory, rng, hooks, batches, bulks)
        self._posted = posted
        self._base = base
        self._ledger = ledger
        self._memory = memory
        self._rng = rng
        self._budget = budget
        self._replays = budget // 10
        self._pause = pause
        self._gone = False
        self._flow = flow

    def allow(self, jobs: int) -> None:
        """So many more jobs, and a tenth of them more by replays."""
        self._budget += jobs
        self._replays += -(-jobs // 10)

    async def run(self, tasks: int) -> None:
        """Returns when the server is gone, for one task and so for all. It makes no more jobs than its budget, and goes
        on with those it knows."""
        # A task that slept while the server was started again would go on alone.
        self._gone = False
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(self._base, connector=connector, timeout=timeout) as session:
            asker = Asker(session, self._ledger, self._posted)
            await asyncio.gather(*(self._work(asker) for _ in range(tasks)))

    async def end(self) -> None:
        """With the faults over: ask once more for what was not answered, and end the jobs that are due in a year."""
        async with aiohttp.ClientSession(self._base, timeout=aiohttp.ClientTimeout(total=60)) as session:
            await self._many.end(Asker(session, self._ledger))

    async def _work(self, asker: Asker) -> None:
        try:
            while not self._gone:
                await self._step(asker)
                await asyncio.sleep(self._pause)
        except ServerGone:
            self._gone = True

    async def _step(self, asker: Asker) -> None:
        memory, rng = self._memory, self._rng
        if await self._many.step(asker):
            return
        if memory.open_keys:
            key, prompt = memory.open_keys.popitem()
            if rng.random() < 0.1:
                await self.submit(asker, memory.prompt(rng), key, insist=False)
            await self.submit(asker, prompt, key)
        elif self._budget > 0 and rng.random() < 0.5:
            self._budget -= 1
            prompt = memory.prompt(rng)
            if rng.random() < 0.5:
                await self.submit(asker, prompt, None)
            else:
                await self.submit(asker, prompt, f"key-{memory.number}-{rng.randrange(1 << 32):08x}")
        elif memory.used_keys and rng.random() < 0.1:
            key, prompt = rng.choice(memory.used_keys)
            await self.submit(asker, prompt, key)
        elif memory.own and rng.random() < 0.3:
            await self._act(asker, "report" if rng.random() < 0.7 else "cancel", rng.choice(memory.own))
        elif memory.recent:
            await self._act(asker, rng.choices(list(_ACTS), list(_ACTS.values()))[0], rng.choice(memory.recent))

    async def _act(self, asker: Asker, act: str, job: str) -> None:
        memory, rng = self._memory, self._rng
        match act:
            case "read":
                await self._read(asker, job)
            case "report":
                await self._report(asker, job)
            case "accept":
                await self._accept(asker, rng.choice(memory.late) if memory.late and rng.random() < 0.8 else job)
            case "replay":
                await self._replay(asker, job)
            case "delete":
                await self._ask_of_job(asker, act, "DELETE", f"/jobs/{job}", job)
            case "reuse" if memory.used_keys:
                # A key that was used, and another body.
                await self.submit(asker, memory.prompt(rng), rng.choice(memory.used_keys)[0], insist=False)
            case "cancel" | "retry":
                await self._ask_of_job(asker, act, "POST", f"/jobs/{job}/{act}", job)

    async def submit(self, asker: Asker, prompt: str, key: str | None, *, insist: bool = True) -> None:
        """``insist``: ask again until it is known what came of it; only with a key, without one it could be doubled."""
        request = self._ledger.sent("submit", prompt=prompt, key=key)
        headers = {} if key is None else {"Idempotency-Key": key}
        again = key if insist else None
        wanted = {**body_of(prompt, self._hooks), "tags": [ALONE]}
        if self._flow is not None:
            wanted["flow"] = self._flow
        try:
            told = await asker.ask(request, "POST", "/jobs", wanted, headers)
        except ServerGone:
            if again is not None:
                self._memory.open_keys[again] = prompt
            raise
        if told.status == 201:
            job = str(told.body["id"])
            self._ledger.answered(request, "acked", status=201, job=job)
            self._memory.learn(job, prompt)
            if key is not None:
                self._memory.used_keys.append((key, prompt))
            return
        self._ledger.answered(request, "refused", status=told.status, said=told.code)
        if again is not None and told.status == 503:
            self._memory.open_keys[again] = prompt

    async def _report(self, asker: Asker, job: str) -> None:
        """A callback: a result that others brought before or a new one, an error, of this attempt or another, or
        what nobody can read."""
        rng = self._rng
        if rng.random() < 0.05:
            await self._report_unreadable(asker, job)
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
        told = await asker.ask(request, "POST", "/webhook/callback", body, headers)
        said = told.code if told.outcome == "refused" else str(told.body["callback"])
        self._ledger.answered(request, told.outcome, status=told.status, said=said)
        if told.code == "late_result":
            self._memory.late.append(job)
        self._remember(job)

    async def _report_unreadable(self, asker: Asker, job: str) -> None:
        request = self._ledger.sent("report unreadable", job=job)
        headers = {"x-webhook-secret": SECRET, "content-type": "application/json"}
        told = await asker.ask(request, "POST", "/webhook/callback", f'{{"jobId": "{job}", "resu', headers)
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)

    async def _accept(self, asker: Asker, job: str) -> None:
        """Take a result that came too late, or what could not be read, of those that are kept of this job."""
        request = self._ledger.sent("inbox")
        kept = await asker.rows(request, f"/callbacks?jobId={job}&verdict=late,unreadable")
        self._ledger.answered(request, "acked", status=200)
        if not kept:
            return
        one = self._rng.choice(kept)
        result = str(one["content"]) if one["verdict"] == "late" else f'{{"jobId": "{job}", "resu'
        request = self._ledger.sent("accept", job=job, callback=str(one["id"]), result=result)
        told = await asker.ask(request, "POST", f"/callbacks/{one['id']}/accept")
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)

    async def _replay(self, asker: Asker, job: str) -> None:
        if self._replays <= 0:
            return
        self._replays -= 1
        request = self._ledger.sent("replay", job=job)
        told = await asker.ask(request, "POST", f"/jobs/{job}/replay")
        made = str(told.body["id"]) if told.status == 201 else None
        self._ledger.answered(request, told.outcome, status=told.status, job=made, said=told.code)
        if made is not None:
            self._memory.recent.append(made)

    async def _ask_of_job(self, asker: Asker, act: str, method: str, path: str, job: str) -> None:
        request = self._ledger.sent(act, job=job)
        told = await asker.ask(request, method, path)
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)
        self._remember(job)

    def _remember(self, job: str) -> None:
        if job not in self._memory.recent:
            self._memory.recent.append(job)

    async def _read(self, asker: Asker, job: str) -> None:
        request = self._ledger.sent("read", job=job)
        told = await asker.ask(request, "GET", f"/jobs/{job}")
        self._ledger.answered(request, told.outcome, status=told.status, said=told.code)
        if told.status == 200 and told.body["status"] in FINAL:
            self._ledger.saw(job, told.body["status"], told.body["result"], told.body["finishedAt"])
