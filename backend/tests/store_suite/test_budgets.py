"""Budgets of flows, over several processes: the lane closes when the day's cost reaches it, and opens the next day."""

import random
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from job_processor.acts import Acts, acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.core.budget import next_day
from job_processor.core.cost import Prices
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Failed, Succeeded
from job_processor.core.series import DAY, start_of
from job_processor.store.base import Claim, Store
from tests.store_suite import given
from tests.store_suite.places import Clock, Place

RULES = FlowRules("f", backoff_base_seconds=0, prices=Prices(1_000_000, 1_000_000), budget_per_day=100)
OTHER = replace(RULES, name="g")


def acts_of(store: Store, *rules: FlowRules) -> Acts:
    return acts_over(store, FlowTable({one.name: one for one in rules}, rules[0].name), IdFactory(1))


async def spend(store: Store, cost: int, rules: FlowRules = RULES) -> None:
    """By one job, as a worker does."""
    await given.added(store, rules=rules)
    job = await given.claimed(store, rules)
    await given.moved(store, job, given.says(job, Succeeded("r", usage=Usage(cost, 0))), rules)


async def noted(*all_acts: Acts) -> None:
    """As each process does from time to time."""
    for acts in all_acts:
        while await acts.series.roll_up(100):
            pass
        await acts.budgets.note()


async def test_it_warns_and_closes_and_says_so_once(place: Place, store: Store) -> None:
    both = acts_of(store, RULES), acts_of(await place.open(), RULES)
    with capture_logs() as logs:
        for cost in (79, 1, 19, 1):
            await spend(store, cost)
            await noted(*both)
            await noted(*both)
    said = [one["event"] for one in logs if one["event"].startswith("budget")]
    assert said == ["budget_nearly_used_up", "budget_used_up"]
    await given.added(store, rules=RULES)
    for one in (store, await place.open()):
        claimed = await given.claim(one, 5, RULES)
        assert (claimed.jobs, claimed.retry_at, claimed.idle) == ([], next_day(store.now()), False)


async def test_it_opens_the_next_day_and_when_the_budget_is_raised(store: Store, clock: Clock) -> None:
    acts = acts_of(store, RULES)
    await spend(store, 150)
    await noted(acts)
    await given.added(store, rules=RULES)
    assert not (await given.claim(store, 1, RULES)).jobs
    raised = replace(RULES, budget_per_day=151)
    await noted(acts_of(store, raised))
    job = await given.claimed(store, raised)
    await given.moved(store, job, given.says(job, Failed(JobError("x", "no"), usage=Usage(1, 0))), raised)
    await noted(acts_of(store, raised))
    assert not (await given.claim(store, 1, raised)).jobs
    clock.forward(next_day(clock.at) - clock.at - 1)
    assert not (await given.claim(store, 1, RULES)).jobs
    clock.forward(1)
    assert (await given.claim(store, 1, RULES)).jobs
    await noted(acts)


async def test_flows_do_not_spend_each_others_budget(store: Store) -> None:
    acts = acts_of(store, RULES, OTHER)
    await spend(store, 100)
    await noted(acts)
    await spend(store, 5, OTHER)
    await noted(acts)
    for rules, jobs in ((RULES, 0), (OTHER, 1)):
        await given.added(store, rules=rules)
        assert len((await given.claim(store, 1, rules)).jobs) == jobs


@pytest.mark.parametrize("seed", range(2))
async def test_random_days_of_several_processes(place: Place, store: Store, clock: Clock, seed: int) -> None:
    """A model: after each note a claim gets jobs if, and only if, less than the budget was spent that day."""
    dice = random.Random(seed)
    stores = [store, await place.open()]
    processes = [acts_of(one, RULES) for one in stores]
    spent: dict[int, int] = {}
    for _ in range(25):
        here = dice.choice(stores)
        day = start_of(DAY, clock.at)
        if not await here.count_waiting("", 1) and not (await here.counts()).oldest_due:
            await given.added(here, rules=RULES)
        jobs = (await here.claim(Claim(RULES, 1, "w"))).jobs
        assert bool(jobs) is (spent.get(day, 0) < 100)
        for job in jobs:
            cost = dice.choice((0, 10, 30, 60))
            await given.moved(here, job, given.says(job, Succeeded("r", usage=Usage(0, cost))), RULES)
            spent[day] = spent.get(day, 0) + cost
        await noted(dice.choice(processes))
        if dice.random() < 0.2:
            clock.forward(dice.choice((DAY // 3, DAY)))
