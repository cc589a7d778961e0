"""What the machine stands on: stores and a model side by side, and what must hold between them after every step."""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition

from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job
from job_processor.core.outcome import Signal
from job_processor.core.transitions import Change, decide
from job_processor.store.base import Query, Resync, Store
from tests.machine import model
from tests.machine.model import Model, ModelJob
from tests.store_suite import given
from tests.store_suite.places import Place

T = TypeVar("T")
RULES = {
    flow: FlowRules(
        flow,
        lease_seconds=model.LEASE_MS / 1000,
        backoff_base_seconds=model.BACKOFF_BASE_MS / 1000,
        backoff_cap_seconds=model.BACKOFF_CAP_MS / 1000,
        callback_timeout_seconds=model.CALLBACK_MS / 1000,
        concurrency=limit,
    )
    for flow, limit in model.LIMITS.items()
}
EVERYTHING = Query(limit=1000, clip=10_000)


class Ground(RuleBasedStateMachine):
    """Subclasses say where: ``make_place``."""

    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.model = Model()
        self.old: list[Change] = []
        """Changes that were decided and not yet written: a worker that was stopped in between."""
        self.ids = IdFactory(secrets.randbits(48))
        self.stores: list[Store] = []
        self.touched: set[str] = set()
        """Whose notices must come since ``position``."""
        self.position = 0
        self.finals: dict[str, Job] = {}

    async def make_place(self) -> Place:
        raise NotImplementedError

    async def lose_place(self) -> None:
        await self.place.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        async def opened() -> None:
            self.place = await self.make_place()
            self.stores = [await self.place.open(), await self.place.open()]
            self.position = await self._head()

        self.run(opened())

    def teardown(self) -> None:
        try:
            if self.stores:
                self.run(self.lose_place())
        finally:
            self.runner.close()

    # What must hold after every step -----------------------------------------------------------------------

    @precondition(lambda self: self.stores)
    @invariant()
    def the_store_holds_what_the_model_says(self) -> None:
        async def read() -> tuple[dict[str, Job], dict[tuple[str, str], int]]:
            jobs = await given.jobs_of(self.stores[0], EVERYTHING)
            counts = await self.stores[-1].counts()
            by_state = {(flow, state.value): n for (flow, state), n in counts.by_state.items()}
            return {job.id: job for job in jobs}, by_state

        stored, by_state = self.run(read())
        # I1: nothing acknowledged is lost. I2: nothing is there that nobody submitted.
        assert set(stored) == set(self.model.jobs)
        expected: dict[tuple[str, str], int] = {}
        for job_id, known in self.model.jobs.items():
            _same(stored[job_id], known)
            expected[known.flow, known.state] = expected.get((known.flow, known.state), 0) + 1
        # I14: counters are counts.
        assert by_state == expected
        self._final_is_final(stored)

    def _final_is_final(self, stored: dict[str, Job]) -> None:
        """I5: but for a person's retry or acceptance a final job never changes in anything."""
        for job_id, job in self.finals.items():
            assert stored[job_id] == job
        self.finals = {job_id: job for job_id, job in stored.items() if job.is_final}

    # Helpers -----------------------------------------------------------------------------------------------

    def _store(self, who: int) -> Store:
        return self.stores[who % len(self.stores)]

    def _pick(self, pick: int) -> ModelJob:
        known = sorted(self.model.jobs)
        return self.model.jobs[known[pick % len(known)]]

    def _leases(self) -> list[tuple[ModelJob, str]]:
        """The leases of jobs that are not final, present and past; when all are final, theirs."""
        every = [(job, token) for job in self.model.jobs.values() for token in job.tokens]
        return [(job, token) for job, token in every if not job.is_final] or every

    def _in_flight(self) -> list[ModelJob]:
        return [job for job in self.model.jobs.values() if job.state in model.IN_FLIGHT]

    def _one_called_off(self, pick: int) -> ModelJob | None:
        known = [job for job in self.model.jobs.values() if job.called_off]
        return known[pick % len(known)] if known else None

    def _is_stale(self, change: Change) -> bool:
        known = self.model.jobs.get(change.job.id)
        return known is None or known.changes != change.guard.rev

    def _signal(self, known: ModelJob, signal: Signal, written: bool, who: int) -> None:
        """One signal through the one door; the model has said before whether it lands."""

        async def through() -> bool:
            store = self._store(who)
            job = await store.get(known.id)
            assert job is not None
            change = decide(job, signal, self.place.clock.now(), RULES[job.flow], model.JITTER)
            return change is not None and await store.apply(change)

        assert self.run(through()) == written
        if written:
            self.touched.add(known.id)

    async def _head(self) -> int:
        answer = await self.stores[0].since(2**62, 1)
        assert isinstance(answer, Resync)
        return answer.position


def _same(job: Job, known: ModelJob) -> None:
    assert (job.state, job.prompt, job.result) == (known.state, known.prompt, known.result)
    assert (job.rev, job.run_at, job.deadline) == (known.changes, known.run_at, known.deadline)
    # I7: one owner, and it is the last that claimed.
    assert (job.lease.token if job.lease is not None else None) == known.token
    assert (job.lease.until if job.lease is not None else None) == known.until
    assert (job.lease.ask_at if job.lease is not None else None) == known.ask_at
    assert (job.lease is not None) == (job.state in model.IN_FLIGHT)
    # I9: attempts are numbered without a gap, recorded when they start, and bounded.
    assert [a.number for a in job.attempts] == list(range(1, known.attempt + 1))
    assert [a.number for a in job.attempts if a.end is None] == ([known.attempt] if job.lease is not None else [])
    assert (job.attempts[-1].asked_at if job.attempts else None) == known.asked_at
    assert (job.failures, job.max_attempts) == (known.failures, known.max_attempts)
    assert job.failures <= job.max_attempts
    # I4 and I14: history is a legal path to where the job is, with one completion each.
    history = [str(event.what.value) for event in job.history]
    assert model.end_of(history) == job.state
    assert sum(what in ("completed", "result_accepted") for what in history) == known.completions <= 1
    assert history.count("late_result") == len(known.late)
    assert history.count("callback_unreadable") == len(known.unread)
    assert (job.finished_at is not None) == job.is_final
