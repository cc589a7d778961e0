"""The single steps of the machine: what clients, workers, processors and people do, one thing at a time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from job_processor.core.job import JobError
from job_processor.core.outcome import Accepted, Cancelled, Deferred, Expired, Failed, Reported, Retried, Succeeded
from job_processor.core.transitions import submit
from job_processor.store.base import Claim, Held, IdempotencyKey, Resync
from tests.machine.ground import RULES, Ground
from tests.machine.model import ModelJob

which = st.integers(0, 10**6)
waits = st.sampled_from([0, 1, 500, 1_500, 29_999, 30_000, 60_000, 400_000])
texts = st.sampled_from(["", "r", "ä\0😀", '{"a": 1}'])
kinds = st.sampled_from(["succeed", "accept", "fail", "fail for good", "defer"])


class Steps(Ground):
    """Every process of the place may do any of them."""

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
                written = known.succeed(result)
                self._signal(known, Reported(Succeeded(result), attempt, token), written, who)
            case "accept":
                written = known.accept(now, wait, attempt, token)
                self._signal(known, Reported(Accepted(wait), attempt, token), written, who)
            case "defer":
                written = known.defer(now, now + wait, attempt, token)
                self._signal(known, Reported(Deferred(now + wait, "outage", "down"), attempt, token), written, who)
            case _:
                retryable = kind == "fail"
                written = known.fail(now, retryable, attempt, token)
                self._signal(known, Reported(Failed(JobError("x", "y"), retryable), attempt, token), written, who)

    @rule(who=which)
    def reap(self, who: int) -> None:
        now = self.place.clock.now()
        late = self.run(self._store(who).overdue(1000))
        assert {job.id for job in late} == self.model.overdue(now)
        for job in late:
            written = self.model.jobs[job.id].expire(now)
            self._signal(self.model.jobs[job.id], Expired(), written, who)

    @precondition(lambda self: self._leases())
    @rule(pick=which, wait=waits, who=which)
    def renew(self, pick: int, wait: int, who: int) -> None:
        leases = self._leases()
        known, token = leases[pick % len(leases)]
        lost = self.run(self._store(who).extend([Held(known.id, token)], wait))
        if known.state == "RUNNING" and known.token == token:
            assert list(lost) == []
            known.until = self.place.clock.now() + wait
        else:
            assert list(lost) == [known.id]

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, who=which)
    def cancel(self, pick: int, who: int) -> None:
        known = self._pick(pick)
        self._signal(known, Cancelled("no"), known.cancel(), who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, more=st.integers(1, 3), who=which)
    def retry(self, pick: int, more: int, who: int) -> None:
        known = self._pick(pick)
        self.finals.pop(known.id, None)
        self._signal(known, Retried(more), known.retry(self.place.clock.now(), more), who)

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
