"""Budgets of flows: today's cost is recorded in their lanes, which close at the budget (``core.budget``)."""

import structlog

from job_processor.acts.flow_table import FlowTable
from job_processor.acts.lanes import Lanes
from job_processor.core.budget import Level, level
from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane
from job_processor.core.lane_budget import level_of, note_spent
from job_processor.core.series import DAY, Tally, start_of
from job_processor.store.base import SeriesQuery, Store

log = structlog.get_logger(__name__)


class Budgets:
    """Any process may record the cost: all of them read the same."""

    def __init__(self, store: Store, lanes: Lanes, flows: FlowTable) -> None:
        self._store = store
        self._lanes = lanes
        self._limited = [rules for rules in flows.by_name.values() if rules.budget_per_day is not None]

    async def note(self) -> None:
        """Record today's cost of the flows that have a budget, if that changes their lanes."""
        if not self._limited:
            return
        now = self._store.now()
        day = start_of(DAY, now)
        names = frozenset(rules.name for rules in self._limited)
        used = (await self._store.series(SeriesQuery(DAY, day, day + DAY, DAY, names))).flows
        lanes = {lane.flow: lane for lane in await self._store.lanes()}
        for rules in self._limited:
            spent = used.get(rules.name, Tally()).cost
            before = lanes.get(rules.name) or Lane(rules.name)
            if level(spent, rules.budget_per_day) is not level_of(before, rules.budget_per_day, now):
                await self._note(rules, spent, day)

    async def _note(self, rules: FlowRules, spent: int, day: int) -> None:
        before: Lane | None = None

        def decide(lane: Lane, now: int) -> Lane:
            nonlocal before
            before = lane
            return note_spent(lane, spent, day)

        after = await self._lanes.change(rules.name, decide)
        assert before is not None
        now = self._store.now()
        reached = level_of(after, rules.budget_per_day, now)
        if after is before or reached is level_of(before, rules.budget_per_day, now):
            return
        told = {"flow": rules.name, "spent_micros": after.spent, "budget_micros": rules.budget_per_day}
        match reached:
            case Level.FINE:
                log.info("budget_fine", **told)
            case Level.NEARLY:
                log.warning("budget_nearly_used_up", **told)
            case Level.USED_UP:
                log.warning("budget_used_up", **told)
