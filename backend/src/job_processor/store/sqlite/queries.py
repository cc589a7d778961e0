"""The reads, each a function of one read-only connection."""

from collections.abc import Callable, Iterator, Sequence

import apsw
import msgspec
import structlog

from job_processor.core.batch import end_of_jobs
from job_processor.core.errors import JobDamaged
from job_processor.core.job import Job, State
from job_processor.store.base import TEXT_SEARCH_DEPTH, Notice, Query, Resync, Summary, WaitingQuery, Worker
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.connection import CONTAINS

log = structlog.get_logger(__name__)
_decode_worker = msgspec.msgpack.Decoder(Worker).decode
DAMAGED_LIMIT = 50
"""How many damaged jobs a page may skip."""


def get(job_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], Job | None]:
    of_these = "" if flows is None else f" AND j.flow IN ({','.join('?' * len(flows))})"
    sql = f"{rows.WHOLE} WHERE j.id = ?{of_these}"

    def run(db: apsw.Connection) -> Job | None:
        row = db.execute(sql, (job_id, *sorted(flows or ()))).fetchone()
        return None if row is None else rows.to_job(row)

    return run


def find_execution(execution_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], str | None]:
    names = sorted(flows or ())
    of_these = "" if flows is None else f" AND flow IN ({','.join('?' * len(names))})"
    sql = f"SELECT id FROM jobs WHERE execution_id = ?{of_these} LIMIT 2"

    def run(db: apsw.Connection) -> str | None:
        found = db.execute(sql, (execution_id, *names)).fetchall()
        return str(found[0][0]) if len(found) == 1 else None

    return run


def list_jobs(query: Query) -> Callable[[apsw.Connection], list[Summary]]:
    where, values = _conditions(query)
    sql = (
        # As bytes, because substr of a text stops at the first NUL. A character has four bytes at most.
        f"SELECT {rows.COLUMNS}, substr(CAST(p.prompt AS BLOB), 1, ?), substr(CAST(r.result AS BLOB), 1, ?), "
        "octet_length(p.prompt), octet_length(r.result) "
        f"FROM {_source(query)} JOIN prompts p ON p.n = j.n LEFT JOIN results r ON r.n = j.n "
        f"{'WHERE ' + ' AND '.join(where) if where else ''} ORDER BY {_key(query)} DESC LIMIT ?"
    )

    def run(db: apsw.Connection) -> list[Summary]:
        # One row at a time: a record may be long, and only a part of it is kept.
        found: list[Summary] = []
        # A damaged job is skipped and the page filled up, because a short page means that it is the last.
        for row in db.execute(sql, (query.clip * 4, query.clip * 4, *values, query.limit + DAMAGED_LIMIT)):
            try:
                found.append(_summary(row, query.clip))
            except JobDamaged:
                log.error("job_damaged", job=row[0])
            if len(found) == query.limit:
                break
        return found

    return run


def count_jobs(query: Query) -> Callable[[apsw.Connection], int]:
    where, values = _conditions(query)
    # The texts are read only to be searched.
    texts = "" if query.text is None else "JOIN prompts p ON p.n = j.n LEFT JOIN results r ON r.n = j.n "
    found = (
        f"SELECT 1 FROM {_source(query)} {texts}"
        f"{'WHERE ' + ' AND '.join(where) if where else ''} ORDER BY {_key(query)} DESC LIMIT ?"
    )

    def run(db: apsw.Connection) -> int:
        row = db.execute(f"SELECT count(*) FROM ({found})", (*values, query.limit)).fetchone()
        assert row is not None
        return int(row[0])

    return run


def _summary(row: rows.Row, clip: int) -> Summary:
    *columns, prompt, result, prompt_bytes, result_bytes = row
    text = _clipped(prompt, prompt_bytes, clip) or ""
    return rows.to_summary(tuple(columns), text, prompt_bytes, _clipped(result, result_bytes, clip), result_bytes)


def _clipped(text: bytes | None, size: int | None, characters: int) -> str | None:
    if size is None:
        return None
    # substr of an empty blob is NULL in SQLite. Only the last character can be cut in the middle of its bytes.
    return (text or b"").decode(errors="ignore")[:characters]


def _source(query: Query) -> str:
    # CROSS JOIN fixes the order: SQLite walks the index of the tag, newest first, and stops when the page is full.
    return "jobs j" if query.tag is None else "job_tags t CROSS JOIN jobs j ON j.id = t.id"


def _key(query: Query) -> str:
    return "j.id" if query.tag is None else "t.id"


def _conditions(query: Query) -> tuple[list[str], list[str | int]]:
    where: list[str] = []
    values: list[str | int] = []

    def add(condition: str, *bound: str | int) -> None:
        where.append(condition)
        values.extend(bound)

    key = _key(query)
    # Ids carry the time of creation: they bound what is read, the time itself decides.
    if query.first_id is not None:
        add(f"{key} >= ?", query.first_id)
    if query.end_id is not None:
        add(f"{key} < ?", query.end_id)
    if query.after is not None:
        add(f"{key} > ?", query.after)
    if query.ids is not None:
        add(f"{key} IN ({','.join('?' * len(query.ids))})", *sorted(query.ids))
    if query.states:
        names = sorted(s.value for s in query.states)
        add(f"j.state IN ({','.join('?' * len(names))})", *names)
    if query.flow is not None:
        add("j.flow = ?", query.flow)
    if query.batch is not None:
        # Bounded by id; the + keeps SQLite from the index of the batch, whose order is another one.
        add(f"{key} > ? AND {key} < ? AND +j.batch_id = ?", query.batch, end_of_jobs(query.batch), query.batch)
    if query.tag is not None:
        add("t.tag = ?", query.tag)
    if query.created_after is not None:
        add("j.created_at >= ?", query.created_after)
    if query.created_before is not None:
        add("j.created_at < ?", query.created_before)
    if query.text is not None:
        texts = ("p.prompt", "r.result")
        here: list[str] = []
        bound: list[str | int] = []
        for text in texts:
            if query.text.isascii() and "\0" not in query.text:
                # LIKE is fast, but stops at the first NUL of a text.
                here.append(
                    f"{text} LIKE ? ESCAPE '\\' OR (instr(CAST({text} AS BLOB), x'00') AND {CONTAINS}({text}, ?))"
                )
                bound += ["%" + "".join(f"\\{c}" if c in "%_\\" else c for c in query.text) + "%", query.text]
            else:
                # LIKE ignores the case of ASCII letters only.
                here.append(f"{CONTAINS}({text}, ?)")
                bound.append(query.text)
        add(
            f"{key} > coalesce((SELECT id FROM jobs ORDER BY id DESC LIMIT 1 OFFSET ?), '') AND ({' OR '.join(here)})",
            TEXT_SEARCH_DEPTH,
            *bound,
        )
    return where, values


def count_waiting(owner: str, most: int) -> Callable[[apsw.Connection], int]:
    def run(db: apsw.Connection) -> int:
        counted = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE waiting_of = ? LIMIT ?)"
        return int(str(db.execute(counted, (owner, most)).get))

    return run


def overdue(now: int, limit: int, but: frozenset[str]) -> Callable[[apsw.Connection], list[Job]]:
    flows = sorted(but)
    these = f"j.flow IN ({','.join('?' * len(flows))})"
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
        f"WHERE state = 'WAITING' AND flow = ? AND {wanted} ORDER BY {_order(which)} LIMIT ?"
    )
    sql = f"{rows.WHOLE} WHERE j.n IN ({chosen}) ORDER BY {_order(which, 'j.')}"

    def run(db: apsw.Connection) -> list[Job]:
        return rows.to_jobs(db.execute(sql, (which.flow, *values, which.limit)))

    return run


def _order(which: WaitingQuery, table: str = "") -> str:
    return f"{table}heard_at" if which.oldest else f"{table}due_at"


def oldest_due(now: int, flows: Sequence[str]) -> Callable[[apsw.Connection], dict[str, int]]:
    def run(db: apsw.Connection) -> dict[str, int]:
        oldest: dict[str, int] = {}
        for flow in flows:
            times = [*_heads(db, flow), *_first_to_come(db, flow)]
            if times and min(times) <= now:
                oldest[flow] = min(times)
        return oldest

    return run


def _heads(db: apsw.Connection, flow: str) -> Iterator[int]:
    """The oldest ``run_at`` of each priority, each one step in the index: there are few priorities and many jobs."""
    below: int | float = float("inf")
    while True:
        row = db.execute(
            "SELECT priority, run_at FROM jobs WHERE ready = 1 AND flow = ? AND priority < ? "
            "ORDER BY priority DESC, run_at LIMIT 1",
            (flow, below),
        ).fetchone()
        if row is None:
            return
        below = row[0]
        yield row[1]


def _first_to_come(db: apsw.Connection, flow: str) -> Iterator[int]:
    """The oldest ``run_at`` of the jobs that are not marked as ready: some may have come due since the last claim."""
    row = db.execute("SELECT min(run_at) FROM jobs WHERE ready = 0 AND flow = ?", (flow,)).fetchone()
    if row is not None and row[0] is not None:
        yield row[0]


def counts(db: apsw.Connection) -> dict[tuple[str, State], int]:
    found = db.execute("SELECT flow, state, count(*) FROM jobs GROUP BY flow, state")
    return {(flow, State(state)): n for flow, state, n in found}


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
