"""claim: jobs of a flow that is closed go to another flow's processor, under that flow's limits."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.ids import IdFactory
from job_processor.core.job import IN_FLIGHT, Job, Usage
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted, Asking, Succeeded
from job_processor.core.series import DAY, start_of
from job_processor.core.transitions import submit
from job_processor.store.base import Claim, Claimed, KeysQuery, Query, SeriesQuery, Store, WaitingQuery
from tests.store_suite import given
from tests.store_suite.given import RULES
from tests.store_suite.places import Clock, Place

F = replace(RULES, fallback=("g", "h"), fallback_after_seconds=60)
G = replace(RULES, name="g")
H = replace(RULES, name="h")
HOUR = 3_600_000


async def shut(store: Store, flow: str = "f", ago: int = 60_000, wait: int = HOUR) -> None:
    now = store.now()
    await given.changed_lane(store, flow, trouble=Trouble.OUTAGE, closed_since=now - ago, closed_until=now + wait)


async def opened(store: Store, flow: str = "f") -> None:
    await given.changed_lane(store, flow, trouble=None, closed_since=0, closed_until=None, probe=None)


def wish(rules: FlowRules = G, limit: int = 1, of: FlowRules = F, owner: str = "w1", first: FlowRules = G) -> Claim:
    """``first``: the rules of g, if it is not g that asks."""
    return Claim(rules, limit, owner, of, () if rules.name == "g" else (first,))


async def fallen(
    store: Store, rules: FlowRules = G, limit: int = 1, of: FlowRules = F, first: FlowRules = G
) -> Claimed:
    return await store.claim(wish(rules, limit, of, first=first))


async def many(store: Store, number: int, rules: FlowRules = F) -> list[Job]:
    return [await given.added(store, rules=rules) for _ in range(number)]


async def ended(store: Store, job: Job) -> None:
    await given.moved(store, job, given.says(job, Succeeded("r")))


async def test_the_job_of_a_closed_flow_is_handed_to_the_next_one(store: Store) -> None:
    [made] = await many(store, 1)
    assert not (await fallen(store)).jobs, "f is open"
    await shut(store)
    assert not (await given.claim(store, 1, F)).jobs
    assert not (await given.claim(store, 1, G)).jobs, "g claims its own jobs only"
    [job] = (await fallen(store)).jobs
    assert (job.id, job.flow, job.via(), job.attempts[-1].flow) == (made.id, "f", "g", "g")
    assert job == await given.stored(store, made.id)
    await ended(store, job)
    assert (await given.stored(store, made.id)).answered_by == "g"


async def test_not_before_its_time_and_back_when_the_lane_opens(store: Store, clock: Clock) -> None:
    await many(store, 3)
    await shut(store, ago=59_000)
    assert not (await fallen(store)).jobs
    clock.forward(1_000)
    assert len((await fallen(store)).jobs) == 1
    await opened(store)
    assert not (await fallen(store)).jobs
    assert len((await given.claim(store, 5, F)).jobs) == 2


async def test_a_flow_that_a_person_paused_keeps_its_jobs(store: Store) -> None:
    await many(store, 1)
    await shut(store)
    await given.changed_lane(store, "f", paused=True)
    assert not (await fallen(store)).jobs


async def test_the_second_takes_them_when_the_first_cannot(store: Store) -> None:
    await many(store, 3)
    await shut(store)
    assert not (await fallen(store, H)).jobs
    await given.changed_lane(store, "g", paused=True)
    assert not (await fallen(store, G)).jobs
    assert len((await fallen(store, H)).jobs) == 1
    await given.changed_lane(store, "g", paused=False)
    await shut(store, "g", ago=0)
    assert not (await fallen(store, G)).jobs
    assert len((await fallen(store, H)).jobs) == 1


async def test_a_budget_that_is_used_up_is_a_closed_lane(store: Store, clock: Clock) -> None:
    f, g = replace(F, budget_per_day=100), replace(G, budget_per_day=100)
    day = start_of(DAY, clock.now())
    await many(store, 4)
    assert not (await fallen(store, of=f)).jobs
    await given.changed_lane(store, "f", spent=100, spent_on=day)
    assert not (await given.claim(store, 1, f)).jobs
    assert not (await fallen(store, H, of=f, first=g)).jobs
    assert len((await fallen(store, g, of=f)).jobs) == 1
    await given.changed_lane(store, "g", spent=100, spent_on=day)
    assert not (await fallen(store, g, of=f)).jobs
    assert len((await fallen(store, H, of=f, first=g)).jobs) == 1
    clock.forward(day + DAY - clock.now())
    assert not (await fallen(store, g, of=f)).jobs
    assert len((await given.claim(store, 5, f)).jobs) == 2


async def test_the_lane_of_an_answer_is_that_of_the_flow_that_asked(store: Store) -> None:
    await given.changed_lane(store, "h", detail="x", errors=2)
    assert (await fallen(store, H)).lane.errors == 2, "f is open"
    await shut(store)
    assert (await fallen(store, H)).lane.errors == 2, "g comes first"


async def test_what_an_attempt_used_is_of_the_flow_that_had_it(store: Store, clock: Clock) -> None:
    """The end of the job is of its own flow, and so is what its key used: who sees only the other sees no key of it."""
    f, theirs = replace(F, prices=Prices(1_000_000, 0)), {"g": Prices(5_000_000, 0)}
    await given.added(store, rules=f, key_of="k")
    await shut(store)
    [job] = (await fallen(store, of=f)).jobs
    change = given.decided(job, given.says(job, Succeeded("r", usage=Usage(3, 1))), store.now(), f, theirs)
    assert await store.apply(change)
    assert (await given.stored(store, job.id)).cost_micros == 15
    await store.roll_up_series(100)
    day = start_of(DAY, clock.now())
    found = (await store.series(SeriesQuery(DAY, day, day + DAY, DAY))).flows
    assert {
        flow: (one.completed, one.prompt_tokens, one.completion_tokens, one.cost) for flow, one in found.items()
    } == {
        "f": (1, 0, 0, 0),
        "g": (0, 3, 1, 15),
    }
    for flows, cost in ((frozenset({"f"}), 15), (frozenset({"g"}), None)):
        keys = dict(await store.series_of_keys(KeysQuery(day, day + DAY, 9, flows)))
        assert (keys["k"].cost if keys else None) == cost


async def test_the_probe_of_the_own_lane_comes_before(store: Store, clock: Clock) -> None:
    [first, _] = await many(store, 2)
    await shut(store, wait=1_000)
    clock.forward(1_000)
    assert not (await fallen(store)).jobs
    [probe] = (await given.claim(store, 5, F)).jobs
    assert (probe.id, probe.via()) == (first.id, None)
    assert len((await fallen(store)).jobs) == 1, "meanwhile the others go on"


async def test_a_fallback_flow_without_jobs_of_its_own_is_probed_by_those_it_takes(store: Store, clock: Clock) -> None:
    await many(store, 3)
    await shut(store)
    await shut(store, "g", wait=1_000)
    clock.forward(1_000)
    answer = await fallen(store, limit=5)
    [job] = answer.jobs
    assert answer.lane.probe == given.token_of(job)
    assert not (await fallen(store, limit=5)).jobs, "one probe"


async def test_its_concurrency_counts_both_and_that_of_the_own_flow_neither(store: Store) -> None:
    g, f = replace(G, concurrency=3), replace(F, concurrency=1)
    await many(store, 2, g)
    await many(store, 5, f)
    await shut(store)
    [own] = (await given.claim(store, 1, g)).jobs
    assert len((await fallen(store, g, 5, f)).jobs) == 2
    assert not (await given.claim(store, 1, g)).jobs
    await opened(store)
    assert len((await given.claim(store, 5, f)).jobs) == 1, "nothing is at the processor of f"
    await ended(store, own)
    assert len((await given.claim(store, 5, g)).jobs) == 1


async def test_its_rate_holds(store: Store, clock: Clock) -> None:
    g = replace(G, rate_per_minute=60)
    await many(store, 5)
    await shut(store)
    assert len((await fallen(store, g, 5)).jobs) == 1
    refused = await fallen(store, g, 5)
    assert (list(refused.jobs), refused.retry_at, refused.idle) == ([], clock.now() + 1_001, False)
    clock.forward(1_001)
    assert len((await fallen(store, g, 5)).jobs) == 1


async def test_its_limits_of_each_key_hold(store: Store, clock: Clock) -> None:
    ids = IdFactory(77)
    g = replace(G, concurrency=9, concurrency_per_key=2, rate_per_key=6_000)
    for rules in (F, G):
        for key in "aab":
            now = store.now()
            await store.add(submit(job_id=ids.new(now), prompt="p", rules=rules, now=now, key=key))
    await shut(store)
    [first] = (await given.claim(store, 1, g)).jobs
    taken = (await fallen(store, g, 9)).jobs
    assert Counter(job.key for job in (first, *taken)) in ({"a": 2, "b": 1}, {"a": 2, "b": 2})
    assert set(await store.full_keys(g)) >= {job.key_hash() for job in (first, *taken) if job.key == "a"}
    assert await store.full_keys(replace(F, concurrency=9, concurrency_per_key=1)) == {}


async def test_a_limit_that_it_shares_holds_and_that_of_the_own_flow_does_not(store: Store) -> None:
    limit = SharedLimit("l", ("g", "x"), 2)
    own = SharedLimit("m", ("f", "y"), 1)
    g, f = replace(G, limit=limit), replace(F, limit=own)
    x, y = replace(RULES, name="x", limit=limit), replace(RULES, name="y", limit=own)
    await many(store, 5, f)
    await many(store, 2, x)
    await many(store, 2, y)
    await shut(store)
    assert len((await fallen(store, g, 1, f)).jobs) == 1
    assert len((await given.claim(store, 5, x)).jobs) == 1
    assert not (await fallen(store, g, 5, f)).jobs
    assert len((await given.claim(store, 5, y)).jobs) == 1


async def test_jobs_that_fell_back_stand_behind_its_own_in_the_line_of_a_limit_that_it_shares(store: Store) -> None:
    """And take turns with the other flows of the limit."""
    limit = SharedLimit("l", ("g", "x"), 1)
    g, x = replace(G, limit=limit), replace(RULES, name="x", limit=limit)
    await many(store, 9)
    await many(store, 2, g)
    await shut(store)
    for _ in range(2):
        [own] = (await given.claim(store, 1, g)).jobs
        assert not (await fallen(store, g)).jobs
        await ended(store, own)
    await many(store, 9, x)
    found: list[str] = []
    for _ in range(6):
        for claim in (Claim(x, 9, "w"), Claim(g, 9, "w"), wish(g, 9)):
            for job in (await store.claim(claim)).jobs:
                found.append(job.flow)
                await ended(store, job)
    assert Counter(found) == {"f": 6, "x": 5}, "f was in line first"


async def test_priority_comes_first_and_keys_take_turns(store: Store) -> None:
    ids = IdFactory(78)
    for key, priority in (("a", 0), ("a", 0), ("b", 0), ("a", 5), ("c", 1)):
        now = store.now()
        await store.add(submit(job_id=ids.new(now), prompt="p", rules=F, now=now, key=key, priority=priority))
    await shut(store)
    found = [job for _ in range(5) for job in (await fallen(store)).jobs]
    assert [(job.priority, job.key) for job in found[:2]] == [(5, "a"), (1, "c")]
    assert {job.key for job in found[2:4]} == {"a", "b"}


async def test_a_job_past_its_deadline_does_not_fall_back(store: Store, clock: Clock) -> None:
    await given.added(store, rules=F, deadline=clock.now() + 10)
    await shut(store)
    clock.forward(10)
    assert not (await fallen(store)).jobs


async def test_a_job_that_comes_due_falls_back(store: Store, clock: Clock) -> None:
    await given.added(store, rules=F, run_at=clock.now() + 500)
    await shut(store)
    assert not (await fallen(store)).jobs
    clock.forward(500)
    assert len((await fallen(store)).jobs) == 1


async def test_its_processor_is_asked_about_it(store: Store, clock: Clock) -> None:
    """The flow whose processor has the attempt asks about it, and knows its execution id."""
    await many(store, 2)
    [own] = (await given.claim(store, 1, F)).jobs
    await shut(store)
    [job] = (await fallen(store)).jobs
    for one in (own, job):
        await given.moved(store, one, given.says(one, Accepted(60_000, f"run-{one.id}")))
    assert await store.find_execution(f"run-{job.id}", frozenset({"g"})) == job.id
    assert await store.find_execution(f"run-{job.id}", frozenset({"f"})) is None
    assert await store.find_execution(f"run-{own.id}", frozenset({"f"})) == own.id
    assert await store.find_execution(f"run-{job.id}") == job.id
    clock.forward(60_000)
    for flow, mine, other in (("f", own, job), ("g", job, own)):
        assert [one.id for one in await store.list_waiting(WaitingQuery(flow, 9))] == [mine.id]
        assert [one.id for one in await store.overdue(9, frozenset({flow}))] == [other.id]
        lost = WaitingQuery(flow, 9, lost_before=clock.now(), oldest=True)
        assert [one.id for one in await store.list_waiting(lost)] == [mine.id]
    job = await given.stored(store, job.id)
    assert job.via() == "g"
    await given.moved(store, job, Asking(1, given.token_of(job)))


async def test_counts_tell_what_fell_back(store: Store) -> None:
    await many(store, 4)
    await given.claim(store, 1, F)
    await shut(store)
    [job, _] = (await fallen(store, limit=2)).jobs
    assert (await store.counts()).fallen_back == {("f", "g"): 2}
    await ended(store, job)
    assert (await store.counts()).fallen_back == {("f", "g"): 1}


async def test_a_crash_forgets_nothing_of_it(place: Place, store: Store) -> None:
    g = replace(G, concurrency=1)
    await many(store, 2)
    await shut(store)
    [job] = (await fallen(store, g)).jobs
    store = await place.crash(store)
    assert (await given.stored(store, job.id)).via() == "g"
    assert not (await fallen(store, g)).jobs
    assert (await store.counts()).fallen_back == {("f", "g"): 1}


async def test_racing_processes_hand_a_job_to_one_processor(place: Place, store: Store, clock: Clock) -> None:
    """The lane opens and closes meanwhile: each job is claimed by one of the three flows, and no limit is exceeded."""
    f, g, h = replace(F, concurrency=3, fallback_after_seconds=0), replace(G, concurrency=2), replace(H, concurrency=1)
    await many(store, 24, f)
    peers = [store, await place.open(), await place.open()]
    done: Counter[str] = Counter()
    for turn in range(200):
        await (shut(store, ago=0) if turn % 3 else opened(store))
        if turn % 5 == 4:
            await given.changed_lane(store, "g", paused=not turn % 2)
        wishes = [Claim(f, 2, "w1"), wish(g, 2, f, "w2"), wish(h, 2, f, "w3", g)] * 2
        answers = await asyncio.gather(*(peers[n % 3].claim(wish) for n, wish in enumerate(wishes)))
        jobs = [job for answer in answers for job in answer.jobs]
        assert len({job.id for job in jobs}) == len(jobs)
        flying = [await given.stored(store, one.id) for one in await store.list(Query(states=IN_FLIGHT, limit=100))]
        at = Counter(job.via() or job.flow for job in flying)
        assert at["f"] <= 3
        assert at["g"] <= 2
        assert at["h"] <= 1
        for job in jobs:
            await ended(store, job)
            done[job.via() or job.flow] += 1
        clock.forward(50)
        if done.total() == 24:
            break
    assert done.total() == 24
    assert done["g"] > 0


@pytest.mark.parametrize("seed", range(6))
async def test_fallback_as_a_model_has_it(store: Store, clock: Clock, seed: int) -> None:
    """Whatever comes, ends, closes and opens: an attempt is with the processor that the rules name, no limit is ever
    exceeded, and no job of a lower priority starts while one of a higher waits in its flow."""
    rng = random.Random(seed)
    after = rng.choice([0, 1, 30])
    f = replace(F, concurrency=rng.choice([None, 2]), fallback_after_seconds=after)
    g = replace(G, concurrency=rng.choice([1, 3]), rate_per_minute=rng.choice([None, 600.0]))
    h = replace(H, concurrency=2)
    closed_since: dict[str, int | None] = {"f": None, "g": None}
    paused = False
    waits: dict[str, dict[str, int]] = {"f": {}, "g": {}}
    flying: list[Job] = []
    starts: list[int] = []

    def may(flow: str) -> bool:
        since = closed_since["f"]
        if since is None or paused or clock.now() < since + after * 1000:
            return False
        return closed_since["g"] is None if flow == "g" else closed_since["g"] is not None

    async def take(rules: FlowRules, of: FlowRules) -> Sequence[Job]:
        most = rng.choice([1, 4])
        asked = Claim(rules, most, "w") if rules is of else wish(rules, most, of, first=g)
        return (await store.claim(asked)).jobs

    for _ in range(60):
        for rules in (f, g):
            for _ in range(rng.choice([0, 0, 1, 3])):
                job = await given.added(store, rules=rules, priority=rng.choice([0, 0, 5]))
                waits[rules.name][job.id] = job.priority
        rng.shuffle(flying)
        for _ in range(rng.choice([0, 1, 2])):
            if flying:
                await ended(store, flying.pop())
        for flow in ("f", "g"):
            if rng.random() < 0.2:
                if closed_since[flow] is None:
                    closed_since[flow] = clock.now()
                    await shut(store, flow, ago=0)
                else:
                    closed_since[flow] = None
                    await opened(store, flow)
        if rng.random() < 0.1:
            paused = not paused
            await given.changed_lane(store, "f", paused=paused)
        clock.forward(rng.choice([10, 100, 900, 5_000]))
        for rules, of in rng.sample([(f, f), (g, g), (g, f), (h, f)], 4):
            allowed = may(rules.name) if rules is not of else closed_since[of.name] is None and not (of is f and paused)
            jobs = await take(rules, of)
            assert allowed or not jobs
            for job in jobs:
                assert (job.flow, job.via()) == (of.name, None if rules is of else rules.name)
                assert waits[of.name].pop(job.id) == job.priority
            if jobs and waits[of.name]:
                assert min(job.priority for job in jobs) >= max(waits[of.name].values())
            flying += jobs
            if rules is g:
                starts += [clock.now()] * len(jobs)
            for one in (f, g, h):
                at = sum((job.via() or job.flow) == one.name for job in flying)
                assert one.concurrency is None or at <= one.concurrency
            if g.rate_per_minute is not None:
                for n, first in enumerate(starts):
                    most = max(1.0, g.rate_per_minute / 60) + (clock.now() - first) * g.rate_per_minute / 60_000
                    assert len(starts) - n <= most + 1e-6
