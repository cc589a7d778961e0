"""The machine: everything that can happen to jobs, in any order, from anyone, at any time."""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, JobError
from job_processor.core.outcome import (
    Accepted,
    CancelAnswered,
    Cancelled,
    Deferred,
    Expired,
    Failed,
    Reported,
    ResultAccepted,
    Retried,
    Signal,
    Succeeded,
)
from job_processor.core.transitions import Change, decide, submit
from job_processor.store.base import Claim, Held, IdempotencyKey, Query, Resync, Store
from tests.machine import model
from tests.machine.model import Model, ModelJob
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

which = st.integers(0, 10**6)
waits = st.sampled_from([0, 1, 500, 1_500, 29_999, 30_000, 60_000, 400_000])
texts = st.sampled_from(["", "r", "ä\0😀", '{"a": 1}'])
kinds = st.sampled_from(["succeed", "accept", "fail", "fail for good", "defer"])


class LifeCycle(RuleBasedStateMachine):
    """Subclasses say where: ``make_place``. Every process of the place may do any step."""

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

    # Steps -----------------------------------------------------------------------------------------------

    @rule(
        flow=st.sampled_from(sorted(RULES)),
        delays=st.lists(st.sampled_from([0, 0, 0, 1, 500, 60_000]), min_size=1, max_size=4),
        priority=st.integers(-1, 1),
        attempts=st.integers(1, 3),
        deadline=st.sampled_from([None, None, None, 1_000, 20_000, 100_000]),
        who=which,
    )
    def submit(
        self, flow: str, delays: list[int], priority: int, attempts: int, deadline: int | None, who: int
    ) -> None:
        for delay in delays:
            self._submit(flow, delay, priority, attempts, deadline, who)

    def _submit(self, flow: str, delay: int, priority: int, attempts: int, deadline: int | None, who: int) -> None:
        now = self.place.clock.now()
        job = submit(
            job_id=self.ids.new(now),
            prompt=f"prompt {len(self.model.jobs)} \0ä",
            rules=RULES[flow],
            now=now,
            run_at=now + delay,
            priority=priority,
            max_attempts=attempts,
            deadline=None if deadline is None else now + delay + deadline,
        )
        added = self.run(self._store(who).add(job, IdempotencyKey(job.id, "body")))
        assert added.created
        assert added.job == job
        self.model.jobs[job.id] = ModelJob(job.id, job.prompt, flow, job.run_at, priority, attempts, job.deadline)
        self.touched.add(job.id)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, who=which)
    def submit_again(self, pick: int, who: int) -> None:
        """A client that never saw its answer sends the same once more (I3)."""
        known = self._pick(pick)
        now = self.place.clock.now()
        job = submit(job_id=self.ids.new(now), prompt=known.prompt, rules=RULES[known.flow], now=now)
        added = self.run(self._store(who).add(job, IdempotencyKey(known.id, "body")))
        assert (added.created, added.job.id) == (False, known.id)

    @rule(flow=st.sampled_from(sorted(RULES)), limit=st.integers(1, 4), who=which)
    def claim(self, flow: str, limit: int, who: int) -> None:
        now = self.place.clock.now()
        expected = self.model.claimable(flow, limit, now)
        claimed = self.run(self._store(who).claim(Claim(RULES[flow], limit, f"w{who % 3}")))
        assert [job.id for job in claimed.jobs] == [job.id for job in expected]
        for job in claimed.jobs:
            assert job.lease is not None
            self.model.claim(self.model.jobs[job.id], job.lease.token, now)
            self.touched.add(job.id)

    @rule(
        flow=st.sampled_from(sorted(RULES)),
        priorities=st.lists(st.integers(-1, 1), min_size=1, max_size=4),
        said=st.lists(st.tuples(kinds, waits, texts), max_size=4),
        who=which,
    )
    def a_busy_moment(self, flow: str, priorities: list[int], said: list[tuple[str, int, str]], who: int) -> None:
        """Steps that belong together, so that most of the time jobs are under way: they come, are claimed, answered."""
        for priority in priorities:
            self._submit(flow, 0, priority, 3, None, who)
        self.claim(flow, 3, who)
        for known, (kind, wait, result) in zip(self._in_flight(), said, strict=False):
            self._report(known, kind, wait, result, known.attempt, known.token, who + 1)

    @rule(
        pick=which,
        flow=st.sampled_from(sorted(RULES)),
        kind=kinds,
        late=kinds,
        wait=waits,
        result=texts,
        who=which,
    )
    def a_worker_stops_past_its_lease(
        self, pick: int, flow: str, kind: str, late: str, wait: int, result: str, who: int
    ) -> None:
        """Its job is given to another; then it wakes up, and says and writes what it had in mind."""
        known = self._one_in_flight(pick, flow, who)
        if known is None:
            return
        zombie, attempt, until = known.token, known.attempt, known.until
        assert until is not None
        self.decide_and_stop_at(known, kind, result, who)
        self.place.clock.forward(max(0, until - self.place.clock.now()))
        self.reap(who)
        if known.state == "PENDING":
            self.place.clock.forward(max(0, known.run_at - self.place.clock.now()))
            self.claim(known.flow, 4, who + 1)
        self.go_on_too_late(0, who)
        self._report(known, late, wait, result, attempt, zombie, who)

    @rule(pick=which, flow=st.sampled_from(sorted(RULES)), steps=st.lists(waits, min_size=2, max_size=4), who=which)
    def a_processor_says_again_and_again_that_it_works(self, pick: int, flow: str, steps: list[int], who: int) -> None:
        known = self._one_in_flight(pick, flow, who)
        if known is None:
            return
        for wait in steps:
            self._report(known, "accept", wait, "", known.attempt, known.token, who)
            self.place.clock.forward(wait)

    @precondition(lambda self: self._leases())
    @rule(pick=which, kind=kinds, wait=waits, result=texts, who=which)
    def worker_speaks(self, pick: int, kind: str, wait: int, result: str, who: int) -> None:
        """A worker, of the present lease or of any earlier one (a zombie), says what became of its attempt."""
        leases = self._leases()
        known, token = leases[pick % len(leases)]
        self._report(known, kind, wait, result, known.tokens[token], token, who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, kind=kinds, wait=waits, result=texts, back=st.none() | st.integers(0, 2), who=which)
    def callback(self, pick: int, kind: str, wait: int, result: str, back: int | None, who: int) -> None:
        """A callback: with the shared secret alone, or bound to the newest attempt or one before it."""
        known = self._pick(pick)
        attempt = None if back is None else known.attempt - back
        if attempt is not None and attempt < 1:
            return
        self._report(known, kind, wait, result, attempt, None, who)

    def _report(
        self, known: ModelJob, kind: str, wait: int, result: str, attempt: int | None, token: str | None, who: int
    ) -> None:
        now = self.place.clock.now()
        match kind:
            case "succeed":
                landed = known.succeed(result)
                self._signal(known, Reported(Succeeded(result), attempt, token), landed, who)
            case "accept":
                landed = known.accept(now, wait, attempt, token)
                self._signal(known, Reported(Accepted(wait), attempt, token), landed, who)
            case "defer":
                landed = known.defer(now, now + wait, attempt, token)
                self._signal(known, Reported(Deferred(now + wait, "outage", "down"), attempt, token), landed, who)
            case _:
                retryable = kind == "fail"
                landed = known.fail(now, retryable, attempt, token)
                self._signal(known, Reported(Failed(JobError("x", "y"), retryable), attempt, token), landed, who)

    @rule(who=which)
    def reap(self, who: int) -> None:
        now = self.place.clock.now()
        late = self.run(self._store(who).overdue(1000))
        assert {job.id for job in late} == self.model.overdue(now)
        for job in late:
            landed = self.model.jobs[job.id].expire(now)
            self._signal(self.model.jobs[job.id], Expired(), landed, who)

    @precondition(lambda self: self._leases())
    @rule(pick=which, wait=waits, who=which)
    def renew(self, pick: int, wait: int, who: int) -> None:
        leases = self._leases()
        known, token = leases[pick % len(leases)]
        until = self.place.clock.now() + wait
        lost = self.run(self._store(who).extend([Held(known.id, token)], until))
        if known.state == "RUNNING" and known.token == token:
            assert list(lost) == []
            known.until = until
        else:
            assert list(lost) == [known.id]

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, kind=kinds, result=texts, who=which)
    def decide_and_stop(self, pick: int, kind: str, result: str, who: int) -> None:
        """A process reads, decides, and is stopped before it writes."""
        self.decide_and_stop_at(self._pick(pick), kind, result, who)

    def decide_and_stop_at(self, known: ModelJob, kind: str, result: str, who: int) -> None:
        job = self.run(self._store(who).get(known.id))
        assert job is not None
        now = self.place.clock.now()
        signals: dict[str, Signal] = {
            "succeed": Reported(Succeeded(result)),
            "accept": Reported(Accepted(1000)),
            "fail": Reported(Failed(JobError("x", "y"))),
            "fail for good": Cancelled("stopped"),
            "defer": Retried(1),
        }
        change = decide(job, signals[kind], now, RULES[job.flow], model.JITTER)
        if change is not None:
            self.old.append(change)

    @precondition(lambda self: any(self._is_stale(change) for change in self.old))
    @rule(pick=which, who=which)
    def go_on_too_late(self, pick: int, who: int) -> None:
        """It wakes up after the job has moved: what it writes lands nowhere (I7)."""
        stale = [change for change in self.old if self._is_stale(change)]
        for change in stale[pick % max(1, len(stale)) :][:3]:
            assert not self.run(self._store(who).apply(change))

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, who=which)
    def cancel(self, pick: int, who: int) -> None:
        known = self._pick(pick)
        self._signal(known, Cancelled("no"), known.cancel(), who)

    @rule(pick=which, flow=st.sampled_from(sorted(RULES)), retried=st.booleans(), text=texts, who=which)
    def a_processor_answers_to_a_cancel(self, pick: int, flow: str, retried: bool, text: str, who: int) -> None:
        """At once, or after a person's retry; now and then of an attempt that nobody called off."""
        known = self._one_in_flight(pick, flow, who) if pick % 2 else self._one_called_off(pick)
        if known is None:
            return
        if known.state in model.IN_FLIGHT:
            self._signal(known, Cancelled("no"), known.cancel(), who)
        if retried and known.state == "CANCELLED":
            self.finals.pop(known.id, None)
            self._signal(known, Retried(1), known.retry(self.place.clock.now(), 1), who)
        attempts = sorted({*known.called_off, known.attempt})
        attempt = attempts[pick % len(attempts)]
        landed = known.answer_to_a_cancel(attempt)
        if landed:
            self.finals.pop(known.id, None)
        self._signal(known, CancelAnswered(text, attempt), landed, who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, more=st.integers(1, 3), who=which)
    def retry(self, pick: int, more: int, who: int) -> None:
        known = self._pick(pick)
        self.finals.pop(known.id, None)
        self._signal(known, Retried(more), known.retry(self.place.clock.now(), more), who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, result=texts, who=which)
    def accept_late_result(self, pick: int, result: str, who: int) -> None:
        known = self._pick(pick)
        if known.state != "COMPLETED":
            self.finals.pop(known.id, None)
        self._signal(known, ResultAccepted(result), known.accept_result(result), who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, who=which)
    def delete(self, pick: int, who: int) -> None:
        known = self._pick(pick)
        assert self.run(self._store(who).delete(known.id)) == known.is_final
        if known.is_final:
            del self.model.jobs[known.id]
            self.model.deleted.add(known.id)
            self.finals.pop(known.id, None)
            self.touched.add(known.id)

    @rule(ms=waits)
    def time_goes_on(self, ms: int) -> None:
        self.place.clock.forward(ms)

    @rule(who=which)
    def crash(self, who: int) -> None:
        async def crashed() -> None:
            at = who % len(self.stores)
            after = await self.place.crash(self.stores[at])
            if after.info.shared:
                self.stores[at] = after
            else:
                self.stores = [after, after]
                self.model.end_leases()

        self.run(crashed())

    @rule(who=which)
    def follow(self, who: int) -> None:
        """Whoever resumes from a position hears of everything since, or is told to fetch anew (I11)."""

        async def followed() -> None:
            answer = await self._store(who).since(self.position, 1000)
            if not isinstance(answer, Resync):
                told = {notice.job_id: notice.state for notice in answer}
                assert set(told) >= self.touched
                assert all(told[job_id] is None for job_id in self.touched & self.model.deleted)
            self.position = await self._head()

        self.run(followed())
        self.touched.clear()

    # What must hold after every step -----------------------------------------------------------------------

    @precondition(lambda self: self.stores)
    @invariant()
    def the_store_holds_what_the_model_says(self) -> None:
        async def read() -> tuple[dict[str, Job], dict[tuple[str, str], int]]:
            listed = await self.stores[0].list(EVERYTHING)
            counts = await self.stores[-1].counts()
            by_state = {(flow, state.value): n for (flow, state), n in counts.by_state.items()}
            return {one.job.id: one.job for one in listed}, by_state

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

    def _one_in_flight(self, pick: int, flow: str, who: int) -> ModelJob | None:
        if not self._in_flight():
            self._submit(flow, 0, 1, 3, None, who)
            self.claim(flow, 3, who)
        known = self._in_flight()
        return known[pick % len(known)] if known else None

    def _one_called_off(self, pick: int) -> ModelJob | None:
        known = [job for job in self.model.jobs.values() if job.called_off]
        return known[pick % len(known)] if known else None

    def _is_stale(self, change: Change) -> bool:
        known = self.model.jobs.get(change.job.id)
        return known is None or known.changes != change.guard.rev

    def _signal(self, known: ModelJob, signal: Signal, landed: bool, who: int) -> None:
        """One signal through the one door; the model has said before whether it lands."""

        async def through() -> bool:
            store = self._store(who)
            job = await store.get(known.id)
            assert job is not None
            change = decide(job, signal, self.place.clock.now(), RULES[job.flow], model.JITTER)
            return change is not None and await store.apply(change)

        assert self.run(through()) == landed
        if landed:
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
    assert (job.lease is not None) == (job.state in model.IN_FLIGHT)
    # I9: attempts are numbered without a gap, recorded when they start, and bounded.
    assert [a.number for a in job.attempts] == list(range(1, known.attempt + 1))
    assert [a.number for a in job.attempts if a.end is None] == ([known.attempt] if job.lease is not None else [])
    assert (job.failures, job.max_attempts) == (known.failures, known.max_attempts)
    assert job.failures <= job.max_attempts
    # I4 and I14: history is a legal path to where the job is, with one completion each.
    history = [str(event.what.value) for event in job.history]
    assert model.end_of(history) == job.state
    assert sum(what in ("completed", "result_accepted") for what in history) == known.completions <= 1
    assert (job.finished_at is not None) == job.is_final
