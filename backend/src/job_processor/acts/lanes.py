"""Changes of a flow's lane: pause, resume, and the one compare-and-set loop that all of them go through."""

from collections.abc import Callable

import structlog

from job_processor.acts.facts import Facts, LaneMoved
from job_processor.acts.trail import Trail
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.audit import AuditAct, AuditEntry
from job_processor.core.errors import StoreUnavailable
from job_processor.core.lane import Lane, pause, resume
from job_processor.core.reconciling import note_lost_runs
from job_processor.store.base import Store

log = structlog.get_logger(__name__)
TRIES = 20
"""Compare-and-sets lost in a row after which the store counts as unavailable."""


class Lanes:
    def __init__(self, store: Store, facts: Facts, trail: Trail) -> None:
        self._store = store
        self._facts = facts
        self._trail = trail

    async def of(self, flow: str) -> Lane:
        """The flow's lane as stored; a new one when there is no record."""
        return next((one for one in await self._store.lanes() if one.flow == flow), Lane(flow))

    async def change(self, flow: str, decide: Callable[[Lane, int], Lane], record: AuditEntry | None = None) -> Lane:
        """Write the lane that ``decide`` (lane, now in ms since 1970) returns, unless it equals the stored one.

        ``decide`` is called again on the newest lane whenever another writer was faster. Returns the lane as decided.
        """
        for _ in range(TRIES):
            before = await self.of(flow)
            after = decide(before, self._store.now())
            if after == before:
                return after
            if await self._store.save_lane(after, record):
                self._tell(before, after)
                return after
        raise StoreUnavailable("The lane changes faster than it can be written.")

    async def pause(self, flow: str, reason: str | None, by: Requester = SYSTEM) -> Lane:
        """Hand over no more jobs of the flow until it is resumed."""
        record = self._trail.entry(by, AuditAct.FLOW_PAUSED, flow)
        return await self.change(flow, lambda lane, now: pause(lane, reason), record)

    async def resume(self, flow: str, by: Requester = SYSTEM) -> Lane:
        """Hand over jobs of the flow again."""
        record = self._trail.entry(by, AuditAct.FLOW_RESUMED, flow)
        return await self.change(flow, lambda lane, now: resume(lane), record)

    async def runs_may_be_lost(self, flow: str) -> None:
        """Record that the processor lost an execution or was unreachable: all its attempts are then reconciled."""
        before = await self.of(flow)
        if before.trouble is None:
            await self.change(flow, lambda lane, now: lane if lane.trouble is not None else note_lost_runs(lane, now))
            log.warning("runs_may_be_lost", flow=flow)

    def _tell(self, before: Lane, after: Lane) -> None:
        self._facts.tell(LaneMoved(before, after))
        if after.trouble is not None and after.strikes > before.strikes:
            log.warning("lane_closed", flow=after.flow, kind=after.trouble.value, until=after.closed_until)
        elif after.trouble is None and before.trouble is not None:
            log.info("lane_open", flow=after.flow)
