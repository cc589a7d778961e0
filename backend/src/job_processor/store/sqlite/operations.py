"""The writes, each a function of one transaction. They keep no state, because they may be run twice (see writer)."""

from collections.abc import Callable, Sequence

import msgspec

from job_processor.core.job import FINAL, Job, State
from job_processor.core.series_rows import rows_of
from job_processor.core.transitions import Change
from job_processor.store.base import Added, Held, IdempotencyKey, Notice, Worker
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.webhooks import insert_delivery
from job_processor.store.sqlite.writer import Transaction

_encode = msgspec.msgpack.Encoder().encode


def notice(job: Job, seq: int) -> Notice:
    return Notice(seq, job.id, job.state, job.flow, job.rev, job.run_at)


def add(job: Job, key: IdempotencyKey | None, now: Callable[[], int]) -> Callable[[Transaction], Added | None]:
    """``None``: the key was used before with another body. An exception would roll back the whole group."""

    def run(tx: Transaction) -> Added | None:
        if key is not None:
            earlier = tx.db.execute(
                "SELECT k.fingerprint, j.id FROM keys k JOIN jobs j ON j.n = k.n WHERE k.key = ?", (key.key,)
            ).fetchone()
            if earlier is not None:
                if not key.fits(earlier[0]):
                    return None
                row = tx.db.execute(f"{rows.WHOLE} WHERE j.id = ?", (earlier[1],)).fetchone()
                assert row is not None
                return Added(rows.to_job(row), created=False)
        seq, at = tx.next_seq(), now()
        tx.db.execute(rows.INSERT, rows.insert_values(job, seq, at, tx.places.of_job(job, at)))
        n = tx.db.last_insert_rowid()
        tx.db.execute("INSERT INTO prompts (n, prompt) VALUES (?, ?)", (n, job.prompt))
        if job.result is not None:
            tx.db.execute("INSERT INTO results (n, result) VALUES (?, ?)", (n, job.result))
        for tag in job.tags:
            tx.db.execute("INSERT OR IGNORE INTO job_tags (tag, id) VALUES (?, ?)", (tag, job.id))
        if key is not None:
            tx.db.execute("INSERT INTO keys (key, fingerprint, n) VALUES (?, ?, ?)", (key.key, key.fingerprint, n))
        tx.notices.append(notice(job, seq))
        tx.moves.append((job.flow, None, job.state, job.owner))
        return Added(job, created=True)

    return run


def apply(change: Change, now: Callable[[], int]) -> Callable[[Transaction], bool]:
    guard, job = change.guard, change.job

    def run(tx: Transaction) -> bool:
        seq, at = tx.next_seq(), now()
        place = tx.places.of_job(job, at)
        values = rows.update_values(job, seq, at, place, guard.state, guard.rev, guard.token, guard.lease_until)
        tx.db.execute(rows.UPDATE, values)
        if tx.db.changes() != 1:
            return False
        if job.result is not None:
            tx.db.execute(
                "INSERT OR REPLACE INTO results (n, result) SELECT n, ? FROM jobs WHERE id = ?",
                (job.result, job.id),
            )
        elif guard.state in FINAL:
            # A retry takes the result away; a job that was not final had none (Job.result).
            tx.db.execute("DELETE FROM results WHERE n = (SELECT n FROM jobs WHERE id = ?)", (job.id,))
        for one in change.notices:
            insert_delivery(tx, one)
        if change.counted is not None:
            for row, counted in rows_of(job, change.counted):
                tx.tally(job.updated_at, row).count(counted)
        tx.notices.append(notice(job, seq))
        if guard.state is not job.state:
            tx.moves.append((job.flow, guard.state, job.state, job.owner))
        return True

    return run


def extend(held: Sequence[Held], lease_ms: int, now: Callable[[], int]) -> Callable[[Transaction], list[str]]:
    sql = (
        f"UPDATE jobs SET lease_until = ?1, due_at = {rows.due_at_of_lease('?1')} "
        "WHERE id = ?2 AND lease_token = ?3 AND state = 'RUNNING'"
    )

    def run(tx: Transaction) -> list[str]:
        until = now() + lease_ms
        lost = []
        for one in held:
            tx.db.execute(sql, (until, one.job_id, one.token))
            if tx.db.changes() != 1:
                lost.append(one.job_id)
        return lost

    return run


def prune(finished_before: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        found = tx.db.execute(
            "SELECT n, id, flow, state, rev, record FROM jobs WHERE batch_id IS NULL AND finished_at IS NOT NULL "
            "AND finished_at < ? ORDER BY finished_at LIMIT ?",
            (finished_before, limit),
        ).fetchall()
        for row in found:
            delete_row(tx, row)
        return len(found)

    return run


def delete(job_id: str, only_rev: int | None) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        row = tx.db.execute(
            "SELECT n, id, flow, state, rev, record FROM jobs WHERE id = ? AND finished_at IS NOT NULL "
            "AND rev = coalesce(?, rev)",
            (job_id, only_rev),
        ).fetchone()
        if row is None:
            return False
        delete_row(tx, row)
        tx.db.execute("DELETE FROM callbacks WHERE job_id = ?", (job_id,))
        # Notices that are due are still sent: each end has its notice.
        tx.db.execute("DELETE FROM deliveries WHERE job_id = ? AND next_at IS NULL", (job_id,))
        return True

    return run


def delete_row(tx: Transaction, row: rows.Row) -> None:
    """Delete the job of a row of n, id, flow, state, rev and record."""
    n, job_id, flow, state, rev, record = row
    for table in ("prompts", "results", "keys", "jobs"):
        tx.db.execute(f"DELETE FROM {table} WHERE n = ?", (n,))
    for tag in rows.tags(record):
        tx.db.execute("DELETE FROM job_tags WHERE tag = ? AND id = ?", (tag, job_id))
    seq = tx.next_seq()
    tx.db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('deleted_seq', ?)", (seq,))
    tx.db.execute("INSERT INTO gone (seq, n, id) VALUES (?, ?, ?)", (seq, n, job_id))
    tx.notices.append(Notice(seq, str(job_id), None, str(flow), int(str(rev)) + 1, 0))
    tx.moves.append((str(flow), State(str(state)), None, ""))


def record_heartbeat(worker: Worker) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        tx.db.execute(
            "INSERT OR REPLACE INTO workers (id, seen_at, worker) VALUES (?, ?, ?)",
            (worker.id, worker.seen_at, _encode(worker)),
        )
        # Nothing shows workers that were last seen more than a day ago.
        tx.db.execute("DELETE FROM workers WHERE seen_at < ?", (worker.seen_at - 86_400_000,))

    return run
