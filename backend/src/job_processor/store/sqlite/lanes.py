"""The lanes of flows, a row each."""

from collections.abc import Callable
from dataclasses import replace

import apsw
import msgspec

from job_processor.core.lane import Lane
from job_processor.store.sqlite.writer import Transaction

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Lane).decode


def lanes(db: apsw.Connection) -> list[Lane]:
    return [_decode(lane) for (lane,) in db.execute("SELECT lane FROM lanes ORDER BY flow")]


def save_lane(lane: Lane) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        if read_lane(tx, lane.flow).rev != lane.rev:
            return False
        write_lane(tx, replace(lane, rev=lane.rev + 1))
        return True

    return run


def read_lane(tx: Transaction, flow: str) -> Lane:
    """The stored lane, or a new one."""
    row = tx.db.execute("SELECT lane FROM lanes WHERE flow = ?", (flow,)).fetchone()
    return Lane(flow) if row is None else _decode(row[0])


def in_flight(tx: Transaction, flow: str) -> int:
    """The number of jobs that the flow's processor has, including jobs of other flows that fell back to it."""
    sql = "SELECT count(*) FROM jobs WHERE coalesce(via, flow) = ? AND lease_token IS NOT NULL"
    return int(str(tx.db.execute(sql, (flow,)).get))


def write_lane(tx: Transaction, lane: Lane) -> None:
    tx.db.execute(
        "INSERT OR REPLACE INTO lanes (flow, rev, lane) VALUES (?, ?, ?)",
        (lane.flow, lane.rev, _encode(lane)),
    )
