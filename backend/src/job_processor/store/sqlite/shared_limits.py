"""A claim's part in a limit that several flows share (``core.shared_limit``), in the transaction of the claim."""

from dataclasses import replace

from job_processor.core.flow import SharedLimit
from job_processor.core.lane import admits_again_at, charge
from job_processor.core.shared_limit import admit_flow, leave_line, stand_in_line
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
        self.allowed, self._lane = admit_flow(self._stored, limit, claim.in_line, wanted, in_flight, at)
        self.opens_at: int | None = None
        """When the limit may admit another job (ms since 1970), where jobs are waiting for that and it is known."""

    def save(self, claimed: int) -> None:
        """Charge the limit for the claimed jobs, and note whether the flow waits for more."""
        lane = self._lane
        waits = claimed == self.allowed < self._wanted and _has_ready(self._tx, self._claim.source.name)
        if claimed:
            lane = charge(lane, claimed, self._limit.rules, "", "")
        if claimed or not waits:
            lane = leave_line(lane, self._claim.in_line, waits, self._at)
        else:
            lane = stand_in_line(lane, self._claim.in_line, self._at)
        if waits:
            self.opens_at = admits_again_at(lane, self._limit.rules, self._at)
        if claimed or lane.asking != self._stored.asking:
            write_lane(self._tx, replace(lane, rev=self._stored.rev + 1))


def _has_ready(tx: Transaction, flow: str) -> bool:
    return tx.db.execute("SELECT 1 FROM jobs WHERE ready = 1 AND flow = ? LIMIT 1", (flow,)).fetchone() is not None
