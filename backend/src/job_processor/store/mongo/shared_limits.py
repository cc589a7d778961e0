"""A claim's part in a limit that several flows share (``core.shared_limit``).

The limit has a document like that of a flow's lane. A claim reserves there first, then in the lane of its flow. If it
dies in between, its slots are freed later as those of a lane are, and a part of the rate is used up.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.lane import Lane
from job_processor.core.shared_limit import (
    admit_flow,
    charge_flow,
    dequeue,
    enqueue,
    estimated,
    needs_write,
    opens_at,
)
from job_processor.store.mongo.client import Document
from job_processor.store.mongo.lanes import Lanes, Slot, Stored

RESERVE_ROUNDS = 60
"""Lost compare-and-sets on a lane after which a claim gives up."""


@dataclass(frozen=True, slots=True)
class SharedClaim:
    """The jobs that the limit admits: ``allowed`` of the ``wanted`` that the flow itself would admit.

    ``rules``: of the flow whose processor gets the jobs. ``queue_entry``: its entry in the queue of the limit.
    """

    limit: SharedLimit
    rules: FlowRules
    queue_entry: str
    wanted: int
    allowed: int
    stored: Stored
    lane: Lane
    kept: tuple[Slot, ...]
    at: int

    def estimated(self, picked: Sequence[Document]) -> int | None:
        """The tokens that the picked job is charged, if the limit counts them."""
        return estimated(self.lane, self.rules, str(picked[0]["prompt"]))

    def charged(self, picked: Sequence[Document]) -> Lane:
        lane = charge_flow(self.lane, self.limit, len(picked), self.estimated(picked))
        return dequeue(lane, self.queue_entry, len(picked) == self.allowed < self.wanted, self.at)


class SharedLimits:
    """``database_now``: the clock by which reservations age."""

    def __init__(self, lanes: Lanes, database_now: Callable[[], int]) -> None:
        self._lanes = lanes
        self._database_now = database_now

    async def admit(self, limit: SharedLimit, rules: FlowRules, queue_entry: str, wanted: int, at: int) -> SharedClaim:
        stored = await self._lanes.read(limit.rules.name)
        in_flight, kept = 0, self._lanes.young(stored, self._database_now())
        if limit.concurrency is not None:
            used = await self._lanes.occupied(limit.flows, stored, self._database_now())
            in_flight, kept = used.in_flight, used.kept
        allowed, lane = admit_flow(stored.lane, limit, queue_entry, wanted, in_flight, at)
        return SharedClaim(limit, rules, queue_entry, wanted, allowed, stored, lane, kept, at)

    async def reserve(self, claim: SharedClaim, picked: Sequence[Document], slots: tuple[Slot, ...]) -> bool:
        """Charge the limit for these jobs. ``False``: another claim was first."""
        new = slots if claim.limit.concurrency is not None else ()
        return await self._lanes.reserve(claim.stored, claim.charged(picked), (*claim.kept, *new))

    async def release(self, claim: SharedClaim, picked: Sequence[Document], unused: Collection[str]) -> None:
        """Undo the reservation of jobs that other workers got first, by their lease tokens. If this fails, the slots
        are freed later."""
        tokens = claim.estimated(picked)
        with contextlib.suppress(StoreUnavailable):
            for _ in range(RESERVE_ROUNDS):
                stored = await self._lanes.read(claim.limit.rules.name)
                lane = charge_flow(stored.lane, claim.limit, -len(unused), None if tokens is None else -tokens)
                kept = tuple(slot for slot in stored.slots if slot.token not in unused)
                if (lane, kept) == (stored.lane, stored.slots) or await self._lanes.reserve(stored, lane, kept):
                    return
                await asyncio.sleep(random.uniform(0, 0.01))

    def opens_at(self, claim: SharedClaim, picked: Sequence[Document]) -> int | None:
        """When the limit may admit another job after these (ms since 1970). ``None``: unknown, or no job waits."""
        if len(picked) < claim.allowed or claim.allowed == claim.wanted:
            return None
        opens = opens_at(claim.charged(picked), claim.limit, claim.queue_entry, claim.at)
        return claim.at if opens is None and claim.limit.tokens_per_minute is not None else opens

    async def refused(self, claim: SharedClaim, waits: bool) -> int | None:
        """The limit admitted no job; add the flow to the queue if it ``waits``. Returns when the limit opens
        (ms since 1970); ``None``: unknown.

        If another claim changed the limit meanwhile, the entry is not written; the flow's next claim adds it.
        """
        at, place = claim.at, claim.queue_entry
        lane = enqueue(claim.lane, place, at) if waits else dequeue(claim.lane, place, False, at)
        if needs_write(lane, claim.stored.lane):
            await self._lanes.reserve(claim.stored, lane, claim.kept)
        return opens_at(lane, claim.limit, place, at) if waits else None
