"""What attempts tell about their lane: trouble closes it, an answer opens it. Written by compare-and-set."""

import random
from collections.abc import Callable

import structlog

from job_processor.core.flow import FlowRules
from job_processor.core.lane import Lane, close, heard, server_error
from job_processor.core.outcome import LaneClosed, LaneFault, LaneSign, LaneWell
from job_processor.store.base import Store

log = structlog.get_logger(__name__)
_TRIES = 20


class LaneKeeper:
    """One flow's lane as this worker sees it. ``opened`` is called when an answer has opened a closed lane."""

    def __init__(self, store: Store, rules: FlowRules, opened: Callable[[], None]) -> None:
        self._store = store
        self._flow = rules.name
        self._opened = opened
        self._clean = True

    def seen(self, lane: Lane) -> None:
        """The lane as a claim has just found it."""
        self._clean = lane.is_well

    async def learn(self, sign: LaneSign | None) -> None:
        """What an attempt showed of the lane. ``LaneWell`` costs nothing while the lane is known to be well."""
        match sign:
            case LaneClosed():
                lane = await self._change(
                    lambda lane, now: close(lane, sign.trouble, sign.detail, sign.until, now, random.random())
                )
                log.warning("lane_closed", flow=self._flow, kind=sign.trouble.value, until=lane.closed_until)
            case LaneFault():
                await self._change(lambda lane, now: server_error(lane, sign.detail, now, random.random()))
            case LaneWell():
                await self._answered()
            case None:
                pass

    async def _answered(self) -> None:
        if self._clean:
            return
        lane = await self._change(heard)
        if lane.is_well:
            log.info("lane_open", flow=self._flow)
            self._opened()

    async def _change(self, change: Callable[[Lane, int], Lane]) -> Lane:
        lane = Lane(self._flow)
        for _ in range(_TRIES):
            lanes = await self._store.lanes()
            before = next((one for one in lanes if one.flow == self._flow), Lane(self._flow))
            lane = change(before, self._store.now())
            if lane is before or await self._store.put_lane(lane):
                break
        self.seen(lane)
        return lane
