"""Batches: the writes, each a function of one transaction, and the reads.

The values of all rows are made before the transaction, in another thread, so that the writing thread, behind which
other writes wait, only writes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import repeat

import apsw
import msgspec

from job_processor.core.batch import Batch, BatchCounts, RefusedLine, end_of_jobs
from job_processor.core.errors import IdempotencyMismatch
from job_processor.core.fairness import NO_KEY
from job_processor.core.job import FINAL, Job, State
from job_processor.core.webhooks import Delivery
from job_processor.failpoints import failpoint
from job_processor.store.base import BatchAdded, BatchesPruned, BatchQuery, IdempotencyKey, NewBatch, Notice
from job_processor.store.batch_record import dump, dump_lines, load, load_lines
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.operations import delete_row
from job_processor.store.sqlite.webhooks import insert_delivery
from job_processor.store.sqlite.writer import Transaction

PAGE_BYTES = 4 * 1024 * 1024
"""Maximum bytes of results in one page of a batch's jobs; a page has at least one job."""
_OPEN = ", ".join(f"'{state.value}'" for state in State if state not in FINAL)
_COLUMNS = "batch, cancelled_at, ended_at, prune_at"


class Prepared:
    """The values of the rows of a batch, but for ``n``, ``seq`` and ``place``, which the transaction assigns."""

    def __init__(self, new: NewBatch, now: int) -> None:
        self.new = new
        self.now = now
        self.jobs = [rows.insert_values(job, 0, now, 0)[2:] for job in new.jobs]
        self.has_keys = any(job.key_hash() != NO_KEY for job in new.jobs)
        self.tags = [(tag, job.id) for job in new.jobs for tag in job.tags]
        self.refused = dump_lines(list(new.refused)) if new.refused else None


_INSERT = rows.INSERT.replace("(seq,", "(n, seq,").replace("VALUES (", "VALUES (?, ")


def add_batch(prepared: Prepared, key: IdempotencyKey | None) -> Callable[[Transaction], BatchAdded | None]:
    """``None``: the key was used before with other bytes. An exception would roll back the whole group."""
    new = prepared.new

    def run(tx: Transaction) -> BatchAdded | None:
        if key is not None:
            earlier = tx.db.execute(f"SELECT {_COLUMNS}, fingerprint FROM batches WHERE key = ?", (key.key,)).fetchone()
            if earlier is not None:
                return BatchAdded(_batch(earlier[:4]), created=False) if key.fits(str(earlier[4])) else None
        batch = new.batch
        tx.db.execute(
            "INSERT INTO batches (id, key, fingerprint, flows, cancelled_at, ended_at, prune_at, batch) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                batch.id,
                None if key is None else key.key,
                None if key is None else key.fingerprint,
                msgspec.json.encode(batch.flows).decode(),
                batch.cancelled_at,
                batch.ended_at,
                batch.prune_at,
                dump(batch),
            ),
        )
        if prepared.refused is not None:
            tx.db.execute("INSERT INTO refused_lines (id, lines) VALUES (?, ?)", (batch.id, prepared.refused))
        _insert_jobs(tx, prepared)
        return BatchAdded(batch, created=True)

    return run


def _insert_jobs(tx: Transaction, prepared: Prepared) -> None:
    jobs = prepared.new.jobs
    first = int(str(tx.db.execute("SELECT coalesce(max(n), 0) + 1 FROM jobs").get))
    seq = tx.seq + 1
    places: Iterable[int] = repeat(NO_KEY, len(jobs))
    if prepared.has_keys:
        places = [tx.places.of_job(job, prepared.now) for job in jobs]
    tx.db.executemany(
        _INSERT,
        ((first + i, seq + i, place, *row) for i, (place, row) in enumerate(zip(places, prepared.jobs, strict=True))),
    )
    failpoint("sqlite.in_batch")
    prompts = ((first + i, job.prompt) for i, job in enumerate(jobs))
    tx.db.executemany("INSERT INTO prompts (n, prompt) VALUES (?, ?)", prompts)
    if prepared.tags:
        tx.db.executemany("INSERT OR IGNORE INTO job_tags (tag, id) VALUES (?, ?)", prepared.tags)
    tx.seq += len(jobs)
    tx.notices.extend(Notice(seq + i, job.id, job.state, job.flow, job.rev, job.run_at) for i, job in enumerate(jobs))
    tx.moves.extend((job.flow, None, job.state, job.owner) for job in jobs)


def cancel_batch(batch_id: str, at: int) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        tx.db.execute(
            "UPDATE batches SET cancelled_at = ? WHERE id = ? AND cancelled_at IS NULL AND ended_at IS NULL",
            (at, batch_id),
        )
        return tx.db.changes() == 1

    return run


def end_batch(batch_id: str, at: int, notices: Sequence[Delivery]) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        row = tx.db.execute("SELECT batch FROM batches WHERE id = ? AND ended_at IS NULL", (batch_id,)).fetchone()
        if row is None:
            return False
        _set_end(tx, load(bytes(row[0])), at)
        for one in notices:
            insert_delivery(tx, one)
        return True

    return run


def _set_end(tx: Transaction, batch: Batch, at: int) -> None:
    prune_at = None if batch.keep_ms is None else at + batch.keep_ms
    tx.db.execute("UPDATE batches SET ended_at = ?, prune_at = ? WHERE id = ?", (at, prune_at, batch.id))


def prune_batches(now: int, limit: int) -> Callable[[Transaction], BatchesPruned]:
    def run(tx: Transaction) -> BatchesPruned:
        batches = jobs = 0
        due = tx.db.execute(
            f"SELECT {_COLUMNS} FROM batches WHERE prune_at <= ? ORDER BY prune_at LIMIT ?", (now, limit)
        ).fetchall()
        for row in due:
            batch = _batch(row)
            assert batch.keep_ms is not None
            counts = _counts(tx.db, [batch.id]).get(batch.id, BatchCounts())
            ended = now if counts.open else counts.last_finished_at
            if ended is not None and ended + batch.keep_ms > now:
                # A job was retried after the end of the batch.
                _set_end(tx, batch, ended)
                continue
            left = limit - jobs
            found: list[rows.Row] = tx.db.execute(
                "SELECT n, id, flow, state, rev, record FROM jobs WHERE batch_id = ? ORDER BY id LIMIT ?",
                (batch.id, left),
            ).fetchall()
            for one in found:
                delete_row(tx, one)
            jobs += len(found)
            if len(found) == left:
                return BatchesPruned(batches, jobs, more=True)
            tx.db.execute("DELETE FROM batches WHERE id = ?", (batch.id,))
            tx.db.execute("DELETE FROM refused_lines WHERE id = ?", (batch.id,))
            batches += 1
        return BatchesPruned(batches, jobs, more=len(due) == limit)

    return run


def batch_of_key(key: IdempotencyKey) -> Callable[[apsw.Connection], Batch | None]:
    def run(db: apsw.Connection) -> Batch | None:
        row = db.execute(f"SELECT {_COLUMNS}, fingerprint FROM batches WHERE key = ?", (key.key,)).fetchone()
        if row is None:
            return None
        if not key.fits(str(row[4])):
            raise IdempotencyMismatch("The idempotency key was used before with another body.")
        return _batch(row[:4])

    return run


def get_batch(batch_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], Batch | None]:
    seen, names = _seen(flows)

    def run(db: apsw.Connection) -> Batch | None:
        row = db.execute(f"SELECT {_COLUMNS} FROM batches WHERE id = ?{seen}", (batch_id, *names)).fetchone()
        return None if row is None else _batch(row)

    return run


def list_batches(query: BatchQuery) -> Callable[[apsw.Connection], list[Batch]]:
    seen, names = _seen(query.flows)
    start = "" if query.before is None else " AND id < ?"
    before = () if query.before is None else (query.before,)

    def run(db: apsw.Connection) -> list[Batch]:
        sql = f"SELECT {_COLUMNS} FROM batches WHERE TRUE{start}{seen} ORDER BY id DESC LIMIT ?"
        return [_batch(row) for row in db.execute(sql, (*before, *names, query.limit))]

    return run


def _seen(flows: frozenset[str] | None) -> tuple[str, Sequence[str]]:
    if flows is None:
        return "", ()
    names = sorted(flows)
    marks = ",".join("?" * len(names))
    return f" AND NOT EXISTS (SELECT 1 FROM json_each(flows) WHERE value NOT IN ({marks}))", names


def count_batches(ids: Collection[str]) -> Callable[[apsw.Connection], Mapping[str, BatchCounts]]:
    return lambda db: _counts(db, sorted(ids)) if ids else {}


def _counts(db: apsw.Connection, ids: Sequence[str]) -> dict[str, BatchCounts]:
    found: dict[str, BatchCounts] = {}
    sql = (
        "SELECT batch_id, state, count(*), max(finished_at), sum(cost_micros) FROM jobs INDEXED BY jobs_batch "
        f"WHERE batch_id IN ({','.join('?' * len(ids))}) GROUP BY batch_id, state"
    )
    for batch_id, state, n, last, cost in db.execute(sql, ids):
        one = BatchCounts({State(state): n}, last, cost)
        found[batch_id] = found.get(batch_id, BatchCounts()).plus(one)
    return found


def refused_lines(batch_id: str) -> Callable[[apsw.Connection], list[RefusedLine]]:
    def run(db: apsw.Connection) -> list[RefusedLine]:
        row = db.execute("SELECT lines FROM refused_lines WHERE id = ?", (batch_id,)).fetchone()
        return [] if row is None else load_lines(bytes(row[0]))

    return run


def jobs_of_batch(batch_id: str, after: str | None, limit: int) -> Callable[[apsw.Connection], list[Job]]:
    sql = (
        f"SELECT {rows.COLUMNS}, x'', CAST(r.result AS BLOB) FROM jobs j LEFT JOIN results r ON r.n = j.n "
        "WHERE j.id > ? AND j.id < ? AND +j.batch_id = ? ORDER BY j.id LIMIT ?"
    )

    def run(db: apsw.Connection) -> list[Job]:
        page: list[rows.Row] = []
        size = 0
        for row in db.execute(sql, (after or batch_id, end_of_jobs(batch_id), batch_id, limit)):
            page.append(row)
            size += len(row[-1] or b"")
            if size >= PAGE_BYTES:
                break
        return rows.to_jobs(page)

    return run


def batches_to_tend(limit: int) -> Callable[[apsw.Connection], list[Batch]]:
    sql = (
        f"SELECT {_COLUMNS} FROM batches b WHERE ended_at IS NULL AND (cancelled_at IS NOT NULL OR NOT EXISTS "
        f"(SELECT 1 FROM jobs INDEXED BY jobs_batch WHERE batch_id = b.id AND state IN ({_OPEN}))) ORDER BY id LIMIT ?"
    )

    def run(db: apsw.Connection) -> list[Batch]:
        return [_batch(row) for row in db.execute(sql, (limit,))]

    return run


def _batch(row: rows.Row) -> Batch:
    encoded, cancelled_at, ended_at, prune_at = row
    return replace(load(encoded), cancelled_at=cancelled_at, ended_at=ended_at, prune_at=prune_at)
