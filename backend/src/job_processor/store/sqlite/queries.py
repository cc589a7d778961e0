"""The reads, each a function of one read-only connection."""

from collections.abc import Callable, Iterator, Sequence

import apsw
import msgspec

from job_processor.core.job import Job, State
from job_processor.store.base import Notice, Resync, WaitingQuery, Worker
from job_processor.store.sqlite import rows

_decode_worker = msgspec.msgpack.Decoder(Worker).decode


def get(job_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], Job | None]:
    of_these = "" if flows is None else f" AND j.flow IN ({','.join('?' * len(flows))})"
    sql = f"{rows.WHOLE} WHERE j.id = ?{of_these}"

    def run(db: apsw.Connection) -> Job | None:
        row = db.execute(sql, (job_id, *sorted(flows or ()))).fetchone()
        return None if row is None else rows.to_job(row)

    return run


def find_execution(execution_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], str | None]:
    names = sorted(flows or ())
    of_these = "" if flows is None else f" AND coalesce(via, flow) IN ({','.join('?' * len(names))})"
    sql = f"SELECT id FROM jobs WHERE execution_id = ?{of_these} LIMIT 2"

    def run(db: apsw.Connection) -> str | None:
        found = db.execute(sql, (execution_id, *names)).fetchall()
        return str(found[0][0]) if len(found) == 1 else None

    return run


def overdue(now: int, limit: int, but: frozenset[str]) -> Callable[[apsw.Connection], list[Job]]:
    flows = sorted(but)
    these = f"coalesce(j.via, j.flow) IN ({','.join('?' * len(flows))})"
    left = f"j.state = 'WAITING' AND (j.deadline IS NULL OR j.deadline > ?) AND {these}"
    sql = f"{rows.WHOLE} WHERE j.due_at <= ? AND NOT ({left}) ORDER BY j.due_at LIMIT ?"

    def run(db: apsw.Connection) -> list[Job]:
        return rows.to_jobs(db.execute(sql, (now, now, *flows, limit)))

    return run


def list_waiting(which: WaitingQuery, now: int) -> Callable[[apsw.Connection], list[Job]]:
    # Chosen in a covering index: whole jobs are read only for the rows that match.
    wanted, values = "due_at <= ?", [now]
    if which.lost_before is not None:
        wanted, values = "(due_at <= ? OR heard_at IS NULL OR heard_at < ?)", [now, which.lost_before]
    chosen = (
        "SELECT n FROM jobs INDEXED BY jobs_awaited "
        f"WHERE state = 'WAITING' AND coalesce(via, flow) = ? AND {wanted} ORDER BY {_order(which)} LIMIT ?"
    )
    sql = f"{rows.WHOLE} WHERE j.n IN ({chosen}) ORDER BY {_order(which, 'j.')}"

    def run(db: apsw.Connection) -> list[Job]:
        return rows.to_jobs(db.execute(sql, (which.flow, *values, which.limit)))

    return run


def _order(which: WaitingQuery, table: str = "") -> str:
    return f"{table}heard_at" if which.oldest else f"{table}due_at"


def open_work(
    now: int, flows: Sequence[str]
) -> Callable[[apsw.Connection], tuple[dict[str, int], dict[tuple[str, str], int]]]:
    """``Counts.oldest_due`` of these flows, and ``Counts.fallen_back``."""

    def run(db: apsw.Connection) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
        oldest: dict[str, int] = {}
        for flow in flows:
            # One snapshot: a job may be claimed between two of the statements.
            with db:
                times = [*_heads(db, flow), *_first_to_come(db, flow)]
            if times and min(times) <= now:
                oldest[flow] = min(times)
        return oldest, _fallen_back(db)

    return run


_OF_PRIORITY = "FROM jobs WHERE ready = 1 AND flow = :flow AND priority = :priority"
_OLDEST_OF_KEYS = f"""
WITH RECURSIVE keys(key) AS (
  SELECT min(place) {_OF_PRIORITY}
  UNION ALL
  SELECT (SELECT min(place) {_OF_PRIORITY} AND place > keys.key) FROM keys WHERE key IS NOT NULL
)
SELECT min((SELECT min(run_at) {_OF_PRIORITY} AND place = keys.key)) FROM keys
"""


def _heads(db: apsw.Connection, flow: str) -> Iterator[int]:
    """The oldest ``run_at`` of each priority: one step in the index for each key, because there are many jobs."""
    below: int | float = float("inf")
    while True:
        row = db.execute(
            "SELECT priority FROM jobs WHERE ready = 1 AND flow = ? AND priority < ? ORDER BY priority DESC LIMIT 1",
            (flow, below),
        ).fetchone()
        if row is None:
            return
        below = row[0]
        yield int(str(db.execute(_OLDEST_OF_KEYS, {"flow": flow, "priority": below}).get))


def _first_to_come(db: apsw.Connection, flow: str) -> Iterator[int]:
    """The oldest ``run_at`` of the jobs that are not marked as ready: some may have come due since the last claim."""
    row = db.execute("SELECT min(run_at) FROM jobs WHERE ready = 0 AND flow = ?", (flow,)).fetchone()
    if row is not None and row[0] is not None:
        yield row[0]


def _fallen_back(db: apsw.Connection) -> dict[tuple[str, str], int]:
    found = db.execute("SELECT flow, via, count(*) FROM jobs WHERE via IS NOT NULL GROUP BY flow, via")
    return {(flow, via): n for flow, via, n in found}


def since(position: int, limit: int) -> Callable[[apsw.Connection], list[Notice] | Resync]:
    def run(db: apsw.Connection) -> list[Notice] | Resync:
        head = last_seq(db)
        gone = db.execute("SELECT value FROM facts WHERE name = 'deleted_seq'").fetchone()
        if position > head or (gone is not None and position < gone[0]):
            return Resync(head)
        found: list[rows.Row] = db.execute(
            "SELECT seq, id, state, flow, rev, run_at FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?",
            (position, limit + 1),
        ).fetchall()
        if len(found) > limit:
            return Resync(head)
        return [Notice(seq, id_, State(state), *rest) for seq, id_, state, *rest in found]

    return run


def last_seq(db: apsw.Connection) -> int:
    """The newest position given out, as far as the file shows."""
    row = db.execute(
        "SELECT max(coalesce((SELECT max(seq) FROM jobs), 0), "
        "coalesce((SELECT value FROM facts WHERE name = 'deleted_seq'), 0))"
    ).fetchone()
    assert row is not None
    return int(row[0])


def workers(seen_after: int) -> Callable[[apsw.Connection], list[Worker]]:
    def run(db: apsw.Connection) -> list[Worker]:
        found = db.execute("SELECT worker FROM workers WHERE seen_at >= ? ORDER BY id", (seen_after,))
        return [_decode_worker(worker) for (worker,) in found]

    return run
