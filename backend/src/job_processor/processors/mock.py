"""``processor = "mock"``: answers by a real HTTP callback after a delay, and can inject faults.

A fault is chosen at the flow's seeded rates, or named in the prompt: ``fault:malformed``.
"""

import asyncio
import json
import random
import re
from enum import StrEnum
from typing import Annotated

import aiohttp
import msgspec
import structlog
from msgspec import Meta

from job_processor import tasks
from job_processor.core.job import Attempt
from job_processor.core.outcome import Accepted, Outcome
from job_processor.processors.base import Dispatch, ProcessorSetup

log = structlog.get_logger(__name__)


class Fault(StrEnum):
    MALFORMED = "malformed"
    """The result is JSON with a trailing comma and a missing quote."""
    PROSE = "prose"
    """The JSON is surrounded by prose."""
    TRUNCATED = "truncated"
    """The result is cut off in the middle."""
    LOST = "lost"
    """No callback is sent."""
    DUPLICATE = "duplicate"
    """The same callback is sent twice."""
    LATE = "late"
    """The callback is sent after its deadline."""
    EARLY = "early"
    """The callback is sent before the dispatch has returned."""
    WRONG_SECRET = "wrong_secret"
    """The callback is sent only with a wrong secret."""
    ERROR = "error"
    """The callback reports an error."""
    SLOW = "slow"
    """The callback is sent after three times the delay."""


Rate = Annotated[float, Meta(ge=0, le=1)]
_NAMED = re.compile(r"\bfault:([a-z_]+)")
_MAX_RETRY_DELAY_SECONDS = 10.0
"""Maximum delay between two tries of a callback."""
_LATE_BY_SECONDS = 5.0
"""Delay after the deadline, long enough for the reaper to detect the overdue callback, even on a busy machine."""


class MockOptions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    delay_seconds: Annotated[float, Meta(ge=0, le=3600)] = 5.0
    faults: dict[Fault, Rate] = {}
    seed: int = 0


class MockProcessor:
    def __init__(self, options: MockOptions, setup: ProcessorSetup) -> None:
        self.sends_to = "the mock"
        self._options = options
        self._timeout_ms = int(setup.rules.callback_timeout_seconds * 1000)
        self._secret = setup.callback_secret
        self._random = random.Random(options.seed)
        self._session: aiohttp.ClientSession | None = None
        self._pending: dict[tuple[str, int], asyncio.Task[None]] = {}

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=256),
            timeout=aiohttp.ClientTimeout(total=10),
            trust_env=False,
        )

    async def close(self) -> None:
        await tasks.end(*self._pending.values())
        if self._session is not None:
            await self._session.close()

    async def run(self, dispatch: Dispatch) -> Outcome:
        fault = self._fault(dispatch)
        delay = self._options.delay_seconds
        if fault is Fault.EARLY:
            await self._deliver(dispatch, fault)
            return Accepted(self._timeout_ms)
        if fault is Fault.SLOW:
            delay *= 3
        elif fault is Fault.LATE:
            delay = self._timeout_ms / 1000 + _LATE_BY_SECONDS
        key = (dispatch.job_id, dispatch.attempt)
        task = asyncio.create_task(self._later(delay, dispatch, fault))
        self._pending[key] = task
        task.add_done_callback(lambda _: self._pending.pop(key, None))
        return Accepted(self._timeout_ms, execution_id=f"mock-{dispatch.job_id}-{dispatch.attempt}")

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        task = self._pending.get((job_id, attempt.number))
        if task is None:
            return None
        task.cancel()
        return "The mock stopped its work."

    def _fault(self, dispatch: Dispatch) -> Fault | None:
        named = _NAMED.search(dispatch.prompt)
        if named is not None and named[1] in {f.value for f in Fault}:
            return Fault(named[1])
        for fault, rate in self._options.faults.items():
            if self._random.random() < rate:
                return fault
        return None

    async def _later(self, delay: float, dispatch: Dispatch, fault: Fault | None) -> None:
        await asyncio.sleep(delay)
        await self._deliver(dispatch, fault)

    async def _deliver(self, dispatch: Dispatch, fault: Fault | None) -> None:
        if fault is Fault.LOST:
            return
        body: dict[str, object] = {"jobId": dispatch.job_id, "attempt": dispatch.attempt}
        if fault is Fault.ERROR:
            body["error"] = "The mock was asked to fail."
        else:
            body["result"] = _result(dispatch, fault)
        secret = "wrong-on-purpose" if fault is Fault.WRONG_SECRET else self._secret
        await self._post(dispatch.callback_url, body, secret)
        if fault is Fault.DUPLICATE:
            await self._post(dispatch.callback_url, body, secret)

    async def _post(self, url: str, body: dict[str, object], secret: str) -> None:
        """POST the callback. Retries after connection errors and 5xx until the callback timeout, never after a 4xx."""
        assert self._session is not None
        pause, waited = 0.2, 0.0
        while True:
            try:
                async with self._session.post(
                    url, json=body, headers={"x-webhook-secret": secret}, allow_redirects=False
                ) as response:
                    if response.status < 500:
                        return
                    reason = str(response.status)
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = type(error).__name__
            if waited >= self._timeout_ms / 1000:
                log.warning("mock_callback_given_up", job=body["jobId"], reason=reason)
                return
            log.info("mock_callback_again", job=body["jobId"], reason=reason)
            await asyncio.sleep(pause)
            waited += pause
            pause = min(_MAX_RETRY_DELAY_SECONDS, 2 * pause)


def _result(dispatch: Dispatch, fault: Fault | None) -> str:
    words = dispatch.prompt.split()
    answer = {
        "summary": f"Processed a prompt of {len(words)} words.",
        "words": len(words),
        "attempt": dispatch.attempt,
        "echo": dispatch.prompt[:200],
    }
    text = json.dumps(answer, ensure_ascii=False)
    match fault:
        case Fault.MALFORMED:
            return text[:-1].replace('"words"', "words", 1) + ",}"
        case Fault.PROSE:
            return f"Sure! Here is the JSON you asked for:\n\n{text}\n\nLet me know if you need anything else."
        case Fault.TRUNCATED:
            return text[: len(text) // 2]
        case _:
            return text
