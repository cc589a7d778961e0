"""A claim's part in a limit that several flows share (``core.shared_limit``), in the transaction of the claim."""

from collections.abc import Sequence
from dataclasses import replace

from job_processor.core.flow import SharedLimit
from job_processor.core.job import Job
from job_processor.core.shared_limit import (
    admit_flow,
    charge_flow,
    dequeue,
    enqueue,
    estimated,
    needs_write,
    opens_at,
)
from job_processor.store.base import Claim
from job_processor.store.sqlite.lanes import in_flight as in_flight_of
from job_processor.store.sqlite.lanes import read_lane, write_lane
from job_processor.store.sqlite.writer import Transaction


class SharedClaim:
    """``wanted``: how many jobs the flow itself would admit, at least one."""

    def __init__(self, tx: Transaction, limit: SharedLimit, claim: Claim, wanted: int, at: int) -> None:
        self._tx, self._limit, self._claim, self._wanted, self._at = tx, limit, claim, wanted, at
        self._stored = read_lane(tx, limit.rules.name)
        in_flight = 0
        if limit.concurrency is not None:
            in_flight = sum(in_flight_of(tx, one) for one in limit.flows)
        self.allowed, self._lane = admit_flow(self._stored, limit, claim.queue_entry, wanted, in_flight, at)
        self.opens_at: int | None = None
        """When the limit may admit another job (ms since 1970). ``None``: unknown, or no job waits for it."""
        self.estimated: int | None = None
        """The tokens that the claimed job was charged."""

    def save(self, claimed: Sequence[Job]) -> None:
        """Charge the limit for the claimed jobs, and note whether the flow waits for more."""
        lane, place, at = self._lane, self._claim.queue_entry, self._at
        waits = len(claimed) == self.allowed < self._wanted and _has_ready(self._tx, self._claim.source.name)
        if claimed:
            self.estimated = estimated(lane, self._claim.rules, claimed[0].prompt)
            lane = charge_flow(lane, self._limit, len(claimed), self.estimated)
        lane = dequeue(lane, place, waits, at) if claimed or not waits else enqueue(lane, place, at)
        if waits:
            self.opens_at = opens_at(lane, self._limit, place, at)
            if self.estimated is not None and self.opens_at is None:
                self.opens_at = at
        if claimed or needs_write(lane, self._stored):
            write_lane(self._tx, replace(lane, rev=self._stored.rev + 1))


def _has_ready(tx: Transaction, flow: str) -> bool:
    return tx.db.execute("SELECT 1 FROM jobs WHERE ready = 1 AND flow = ? LIMIT 1", (flow,)).fetchone() is not None
