"""A claim's part in a limit that several flows share (``core.shared_limit``).

The limit has a document as a flow's lane has one. A claim reserves there first, then in the lane of its flow: a claim
that dies in between leaves slots that heal as those of a lane do, and has used some of the rate.
"""

from collections.abc import Callable
from dataclasses import dataclass

from job_processor.core.flow import SharedLimit
from job_processor.core.lane import Lane, admits_again_at, charge
from job_processor.core.shared_limit import admit_flow, leave_line, stand_in_line
from job_processor.store.mongo.lanes import Lanes, Slot, Stored


@dataclass(frozen=True, slots=True)
class SharedClaim:
    """What the limit admits of the jobs that the flow itself would: ``allowed`` of ``wanted``. ``in_line``: its place
    in the line."""

    limit: SharedLimit
    in_line: str
    wanted: int
    allowed: int
    stored: Stored
    lane: Lane
    kept: tuple[Slot, ...]
    at: int


class SharedLimits:
    """``database_now``: the clock by which reservations age."""

    def __init__(self, lanes: Lanes, database_now: Callable[[], int]) -> None:
        self._lanes = lanes
        self._database_now = database_now

    async def admit(self, limit: SharedLimit, in_line: str, wanted: int, at: int) -> SharedClaim:
        stored = await self._lanes.read(limit.rules.name)
        in_flight, kept = 0, self._lanes.young(stored, self._database_now())
        if limit.concurrency is not None:
            used = await self._lanes.occupied(limit.flows, stored, self._database_now())
            in_flight, kept = used.in_flight, used.kept
        allowed, lane = admit_flow(stored.lane, limit, in_line, wanted, in_flight, at)
        return SharedClaim(limit, in_line, wanted, allowed, stored, lane, kept, at)

    async def reserve(self, claim: SharedClaim, slots: tuple[Slot, ...]) -> bool:
        """Charge the limit for so many jobs. ``False``: another claim was first."""
        lane = charge(claim.lane, len(slots), claim.limit.rules, "", "")
        lane = leave_line(lane, claim.in_line, len(slots) == claim.allowed < claim.wanted, claim.at)
        new = slots if claim.limit.concurrency is not None else ()
        return await self._lanes.reserve(claim.stored, lane, (*claim.kept, *new))

    def opens_at(self, claim: SharedClaim, started: int) -> int | None:
        """When the limit may admit another job after these, where the flow waits for that and it is known."""
        if started < claim.allowed or claim.allowed == claim.wanted:
            return None
        lane = charge(claim.lane, started, claim.limit.rules, "", "")
        return admits_again_at(lane, claim.limit.rules, claim.at)

    async def refused(self, claim: SharedClaim, waits: bool) -> int | None:
        """The flow got nothing; ``waits``: it has jobs that wait for the limit. When that opens, as far as known.

        Its place in the line is not noted where another claim was first: it asks again.
        """
        at = claim.at
        lane = (
            stand_in_line(claim.lane, claim.in_line, at) if waits else leave_line(claim.lane, claim.in_line, False, at)
        )
        if lane.asking != claim.stored.lane.asking:
            await self._lanes.reserve(claim.stored, lane, claim.kept)
        return admits_again_at(lane, claim.limit.rules, at) if waits else None
