"""The series: what happened to jobs, counted in the write in which it happened, each once, and rolled up."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping

import pytest

from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, JobError, State, Usage
from job_processor.core.outcome import Accepted, Failed, ResultAccepted, Retried, Succeeded
from job_processor.core.series import DAY, HOUR, KEEP_MS, MINUTE, Stage, Tally, bucket, start_of
from job_processor.core.series_rows import KEEP_KEYS_MS, Row
from job_processor.core.verdict import ResultKind, Verdict
from job_processor.store.base import KeysQuery, SeriesQuery, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

FLOWS = {
    "f": FlowRules("f", max_attempts=2, backoff_base_seconds=1, prices=Prices(3_000_000, 15_000_000)),
    "g": FlowRules("g", max_attempts=2, backoff_base_seconds=1),
}
KEYS = (None, "k", "a/b")
ALL_TIME = (0, 50_000 * DAY)


async def rolled_up(store: Store) -> None:
    while await store.roll_up_series(7):
        pass


async def rows(store: Store, span: int = MINUTE, flows: frozenset[str] | None = None) -> Mapping[int, Tally]:
    return (await store.series(SeriesQuery(span, *ALL_TIME, span, flows))).buckets


async def whole(store: Store, flow: str | None = None) -> Tally:
    """Everything that was counted."""
    found = await store.series(SeriesQuery(DAY, *ALL_TIME, DAY, None if flow is None else frozenset({flow})))
    tally = Tally()
    for one in found.buckets.values():
        tally.add(one)
    return tally


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


async def keys_of(store: Store, flows: frozenset[str] | None = None, limit: int = 100) -> dict[str, Tally]:
    return dict(await store.series_of_keys(KeysQuery(*ALL_TIME, limit, flows)))


@pytest.mark.parametrize("seed", range(2))
async def test_random_lives_give_the_series_that_is_counted_by_hand(place: Place, store: Store, seed: int) -> None:
    life = Life(store, place.clock, seed)
    for number in range(25):
        await life.live()
        if number % 9 == 4:
            await store.roll_up_series(5)
        if number == 12:
            life.store = store = await place.crash(store)
    await rolled_up(store)
    for span in KEEP_MS:
        for flow in (None, *FLOWS):
            assert await rows(store, span, None if flow is None else frozenset({flow})) == life.expected(span, flow)
    for flows in (None, frozenset({"f"}), frozenset({"g"}), frozenset({"none"})):
        assert await keys_of(store, flows) == life.of_keys(flows)


async def test_the_keys_with_the_highest_cost_come_first_and_no_more_than_wanted(store: Store, clock: Clock) -> None:
    for key, tokens in (("cheap", 1), ("dear", 9), ("middle", 4), ("free", 0)):
        job = await given.added(store, rules=FLOWS["f"], key_of=key)
        job = await given.claimed(store, FLOWS["f"])
        await given.moved(store, job, given.says(job, Succeeded("r", usage=Usage(tokens, 0))), FLOWS["f"])
    clock.forward(DAY)
    await rolled_up(store)
    assert list(await keys_of(store)) == ["dear", "middle", "cheap"]
    assert list(await keys_of(store, limit=2)) == ["dear", "middle"]
    today = KeysQuery(start_of(DAY, clock.at), start_of(DAY, clock.at) + DAY, 100)
    assert await store.series_of_keys(today) == []


async def test_the_rows_of_keys_are_deleted_after_their_time(store: Store, clock: Clock) -> None:
    await given.added(store, key_of="k")
    job = await given.claimed(store)
    await given.moved(store, job, given.says(job, Succeeded("r", usage=Usage(1, 1))))
    await rolled_up(store)
    day = start_of(DAY, clock.at)
    await store.prune_series(day + KEEP_KEYS_MS, 100)
    assert list(await keys_of(store)) == ["k"]
    await store.prune_series(day + KEEP_KEYS_MS + 1, 100)
    assert await keys_of(store) == {}


async def test_a_change_that_loses_is_not_counted(store: Store) -> None:
    job = await given.added(store)
    changes = [given.decided(job, given.Cancelled(str(n)), store.now()) for n in range(5)]
    assert sorted(await asyncio.gather(*(store.apply(one) for one in changes))) == [False] * 4 + [True]
    await rolled_up(store)
    assert (await whole(store)).cancelled == 1


async def test_roll_ups_of_several_processes_at_once_count_everything_once(place: Place, store: Store) -> None:
    others = [store, await place.open(), await place.open()]
    for _ in range(3):
        await asyncio.gather(*(given.cancelled(store) for _ in range(10)))
        await asyncio.gather(*(one.roll_up_series(4) for one in others * 3))
    for _ in range(20):
        await asyncio.gather(*(one.roll_up_series(4) for one in others))
    await rolled_up(store)
    assert (await whole(store)).cancelled == 30
    assert await store.roll_up_series(100) == 0


async def test_a_deleted_or_pruned_job_stays_in_the_series(store: Store, clock: Clock) -> None:
    job = await given.cancelled(store)
    assert await store.delete(job.id)
    await given.cancelled(store)
    clock.forward(1)
    assert await store.prune(store.now(), 10) == 1
    await rolled_up(store)
    assert (await whole(store)).cancelled == 2


async def test_the_longest_wait_of_a_time_is_kept(store: Store, clock: Clock) -> None:
    for waited in (5_000, 9_000, 7_000):
        await store.note_waiting({"f": waited, "g": 1})
    clock.forward(MINUTE)
    await store.note_waiting({"f": 3_000})
    await given.cancelled(store)
    await rolled_up(store)
    await store.note_waiting({"f": 2_000})
    await rolled_up(store)
    by_minute = await rows(store, flows=frozenset({"f"}))
    assert [by_minute[at].oldest_ms for at in sorted(by_minute)] == [9_000, 3_000]
    assert (await whole(store, "f")).oldest_ms == 9_000
    assert (await whole(store, "f")).cancelled == 1


async def test_rows_are_deleted_each_after_its_time(store: Store, clock: Clock) -> None:
    await given.cancelled(store)
    await rolled_up(store)
    for span, keep in KEEP_MS.items():
        begun = min(await rows(store, span))
        assert await store.prune_series(begun + keep, 10) == 0
        assert await rows(store, span)
        assert await store.prune_series(begun + keep + 1, 10) == 1
        assert not await rows(store, span)


async def test_rows_are_listed_in_pages_and_put_into_another_store_once(store: Store, clock: Clock) -> None:
    for _ in range(3):
        await given.cancelled(store)
        clock.forward(HOUR)
    await rolled_up(store)
    listed: list[Row] = []
    while page := await store.list_series(listed[-1].id if listed else "", 2):
        listed += page
    assert [row.id for row in listed] == sorted({row.id for row in listed})
    assert {row.span for row in listed} == set(KEEP_MS)
    moved = [Row(row.span, row.at, "other", row.tally) for row in listed]
    for _ in range(2):
        await store.put_series(moved, 5)
    assert (await whole(store, "other")).cancelled == 3
    assert (await whole(store)).cancelled == 6
    assert await store.series_since() == 5
    await store.put_series([], 9)
    assert await store.series_since() == 5


async def test_counting_began_when_the_store_was_first_opened(place: Place, store: Store, clock: Clock) -> None:
    began = clock.at
    clock.forward(HOUR)
    assert await (await place.crash(store)).series_since() == began
