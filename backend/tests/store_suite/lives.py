"""Random lives of jobs, and the series that they give, counted by hand."""

import random
from collections import Counter

from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, State, Usage
from job_processor.core.outcome import Accepted, Failed, ResultAccepted, Retried, Succeeded
from job_processor.core.series import DAY, Stage, Tally, bucket, start_of
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.store.base import Store
from tests.store_suite import given
from tests.store_suite.places import Clock

FLOWS = {
    "f": FlowRules("f", max_attempts=2, backoff_base_seconds=1, prices=Prices(3_000_000, 15_000_000)),
    "g": FlowRules("g", max_attempts=2, backoff_base_seconds=1),
}
KEYS = (None, "k", "a/b")
ALL_TIME = (0, 50_000 * DAY)


class Life:
    """The naive count: a book of what a test did, with the stages of each job as the test saw them."""

    def __init__(self, store: Store, clock: Clock, seed: int) -> None:
        self.store, self.clock, self.random = store, clock, random.Random(seed)
        self.events: list[tuple[int, str, str]] = []
        self.tokens: list[tuple[int, str, str | None, int, int]] = []
        self.durations: list[tuple[int, str, str, int]] = []

    def wait(self) -> int:
        ms = self.random.choice((0, 1, 37, 900, 20_000, 45_000, 4_000_000))
        self.clock.forward(ms)
        return ms

    def note(self, flow: str, what: str) -> None:
        self.events.append((self.clock.at, flow, what))

    async def live(self) -> None:
        flow = self.random.choice(sorted(FLOWS))
        rules, store = FLOWS[flow], self.store
        asked = self.random.choice((0, 0, 5_000, 100_000))
        now = self.clock.at
        job = await given.added(store, rules=rules, run_at=now + asked, key_of=self.random.choice(KEYS))
        spent: Counter[str] = Counter()
        waited = 0 if not self.random.random() < 0.3 else self.wait()
        scheduled = min(asked, waited)
        spent["queued"] = max(0, waited - asked)
        if self.random.random() < 0.15:
            job = await self.end(job, given.Cancelled("no"), "cancelled", spent, scheduled)
        else:
            if self.clock.at < now + asked:
                self.clock.at = now + asked
            scheduled = asked
            job = await self.work(job, rules, spent, scheduled)
        if job.state in (State.FAILED, State.CANCELLED) and self.random.random() < 0.5:
            self.wait()
            if self.random.random() < 0.5:
                job = await given.moved(store, job, ResultAccepted("r"), rules)
                self.note(flow, "completed")
            else:
                job = await given.moved(store, job, Retried(1), rules)
                self.note(flow, "retried")
                await self.work(job, rules, spent, scheduled)
        if job.is_final and self.random.random() < 0.2:
            # What was counted stays.
            assert await store.delete(job.id)

    async def work(self, job: Job, rules: FlowRules, spent: Counter[str], scheduled: int) -> Job:
        store = self.store
        while True:
            before = self.clock.at
            self.wait()
            self.clock.at = max(self.clock.at, job.run_at)
            spent["queued"] += self.clock.at - before
            job = await given.claimed(store, rules)
            spent["handingOver"] += self.wait()
            if self.random.random() < 0.5:
                job = await given.moved(store, job, given.says(job, Accepted(10**9)), rules)
                spent["processing"] += self.wait()
            usage = Usage(self.random.randrange(9), self.random.randrange(9)) if self.random.random() < 0.5 else None
            if usage is not None:
                tokens = usage.prompt_tokens or 0, usage.completion_tokens or 0
                self.tokens.append((self.clock.at, job.flow, job.key, *tokens))
            if self.random.random() < 0.5:
                kind = self.random.choice((ResultKind.JSON, ResultKind.TEXT, None))
                signal = given.says(job, Succeeded("r", None if kind is None else Verdict(kind), usage))
                if kind is not None:
                    self.events.append((self.clock.at, job.flow, f"verdict {kind}"))
                return await self.end(job, signal, "completed", spent, scheduled)
            code = self.random.choice(("bad", "worse"))
            again = job.failures + 1 < job.max_attempts and self.random.random() < 0.6
            signal = given.says(job, Failed(JobError(code, "no"), retryable=again, usage=usage))
            if not again:
                return await self.end(job, signal, code, spent, scheduled)
            job = await given.moved(store, job, signal, rules)
            self.note(job.flow, "attempt")

    async def end(self, job: Job, signal: given.Signal, what: str, spent: Counter[str], scheduled: int) -> Job:
        after = await given.moved(self.store, job, signal, FLOWS[job.flow])
        assert after.duration_ms == spent.total()
        self.note(job.flow, what)
        stages = {Stage.TOTAL: spent.total(), Stage.QUEUED: spent["queued"]}
        if after.attempt:
            stages[Stage.HANDING_OVER] = spent["handingOver"]
        stages |= {Stage.PROCESSING: spent["processing"]} if spent["processing"] else {}
        stages |= {Stage.SCHEDULED: scheduled} if scheduled else {}
        self.durations += [(self.clock.at, job.flow, stage.value, ms) for stage, ms in stages.items()]
        return after

    def expected(self, span: int, flow: str | None) -> dict[int, Tally]:
        found: dict[int, Tally] = {}

        def of(at: int, whose: str) -> Tally:
            return found.setdefault(start_of(span, at), Tally()) if flow in (None, whose) else Tally()

        for at, whose, what in self.events:
            tally = of(at, whose)
            match what:
                case "completed":
                    tally.completed += 1
                case "cancelled":
                    tally.cancelled += 1
                case "retried":
                    tally.retried += 1
                case "attempt":
                    tally.attempts_retried += 1
                case verdict if what.startswith("verdict "):
                    tally.verdicts[verdict[8:]] = tally.verdicts.get(verdict[8:], 0) + 1
                case code:
                    tally.failed[code] = tally.failed.get(code, 0) + 1
        for at, whose, _, prompt, completion in self.tokens:
            of(at, whose).add(used(whose, prompt, completion))
        for at, whose, stage, ms in self.durations:
            of(at, whose).add(Tally(durations={stage: {bucket(ms): 1}}))
        return found

    def of_keys(self, flows: frozenset[str] | None) -> dict[str, Tally]:
        found: dict[str, Tally] = {}
        for _, whose, key, prompt, completion in self.tokens:
            if key is not None and (flows is None or whose in flows) and prompt + completion:
                found.setdefault(key, Tally()).add(used(whose, prompt, completion))
        return found


def used(flow: str, prompt: int, completion: int) -> Tally:
    cost = 0 if FLOWS[flow].prices is None else 3 * prompt + 15 * completion
    return Tally(prompt_tokens=prompt, completion_tokens=completion, cost=cost)
