"""One worker over a store that fails on demand, with every loop in the test's hands."""

import asyncio
import contextlib
from typing import Any

from job_processor.acts import acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job
from job_processor.store.base import Store
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.leases import LeaseRenewer
from job_processor.workers.reaper import Reaper
from tests.store_suite.places import Clock
from tests.support.waiting import until_true
from tests.workers.processors import Doing

RULES = FlowRules("f", max_attempts=1, lease_seconds=30, backoff_base_seconds=0)


class Fickle:
    """A store that is away from the first call of ``verb`` after ``arm`` until a time; ``loses_answer``: that call is
    done all the same, and only its answer is lost."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._verb: str | None = None
        self._only = False
        self._ms = 0
        self._loses_answer = False
        self._back_at = 0
        self.calls: list[str] = []
        self.refused: list[str] = []

    def arm(self, verb: str, ms: int, *, only: bool = False, loses_answer: bool = False) -> None:
        """``only``: other verbs go on working."""
        self._verb, self._ms, self._only, self._loses_answer = verb, ms, only, loses_answer

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if name in ("now", "info", "watch", "queue_seconds"):
            return real

        async def call(*args: Any, **named: Any) -> Any:
            self.calls.append(name)
            if name == self._verb and not self._back_at:
                self._back_at = self._clock.now() + self._ms
                if self._loses_answer:
                    await real(*args, **named)
            if self._clock.now() < self._back_at and (name == self._verb or not self._only):
                self.refused.append(name)
                raise StoreUnavailable("away")
            return await real(*args, **named)

        return call


class Stage:
    """One worker with all its loops in the test's hands: while it waits for the store the others have their turn."""

    def __init__(self, store: Store, clock: Clock, processor: Doing) -> None:
        self.clock = clock
        self.fickle = Fickle(store, clock)
        self.processor = processor
        acts = self.acts = acts_over(self.fickle, FlowTable({"f": RULES}, "f"), IdFactory(7), jitter=lambda: 0.5)
        self.dispatcher = Dispatcher(
            acts=acts,
            store=self.fickle,
            rules=RULES,
            processor=processor,
            owner="w1",
            callback_url="http://127.0.0.1:1/webhook/callback",
            callback_token=lambda job: "token",
            pause=self._pause,
        )
        self._others = [
            LeaseRenewer(self.acts, self.dispatcher),
            Reaper(acts, self.fickle),
        ]
        self.real = store

    async def _pause(self, seconds: float) -> None:
        self.clock.forward(int(1000 * seconds))
        for loop in (*self._others, self.dispatcher):
            with contextlib.suppress(StoreUnavailable):
                await loop.tick()
        await asyncio.sleep(0)

    async def turn(self) -> None:
        """The dispatcher's turn, which it has again later when the store is away."""
        try:
            await self.dispatcher.tick()
        except StoreUnavailable:
            self.clock.forward(1_000)

    async def until_final(self, job_id: str, step_ms: int = 0) -> Job:
        for _ in range(1_000):
            self.clock.forward(step_ms)
            await self.turn()
            await until_true(lambda: self.dispatcher.running == 0, "the attempt to end")
            job = await self.real.get(job_id)
            assert job is not None
            if job.is_final:
                return job
        raise AssertionError("the job did not end")
