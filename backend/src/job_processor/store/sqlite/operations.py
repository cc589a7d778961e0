"""The writes, each a function of one transaction. They may be run twice (see writer), so they keep no state."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import structlog

from job_processor.core.errors import JobDamaged
from job_processor.core.job import Job, Lease, State
from job_processor.core.lane import Lane, admit, moved, took, waits_until, without_probe
from job_processor.core.transitions import Change
from job_processor.core.transitions import claim as claim_job
from job_processor.store.base import Added, Claim, Claimed, Held, IdempotencyKey, Notice, Worker
from job_processor.store.clock import SteadyClock
from job_processor.store.sqlite import rows
from job_processor.store.sqlite.writer import Transaction

log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode_lane = msgspec.msgpack.Decoder(Lane).decode
_PROMOTE_LIMIT = 5000


def notice(job: Job, seq: int) -> Notice:
    return Notice(seq, job.id, job.state, job.flow, job.rev, job.run_at)


def add(job: Job, key: IdempotencyKey | None, now: Callable[[], int]) -> Callable[[Transaction], Added | None]:
    """``None``: the key was used before with another body. No error, which would roll the whole group back."""

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
        seq = tx.next_seq()
        tx.db.execute(rows.INSERT, rows.insert_values(job, seq, now()))
        n = tx.db.last_insert_rowid()
        tx.db.execute("INSERT INTO prompts (n, prompt) VALUES (?, ?)", (n, job.prompt))
        if job.result is not None:
            tx.db.execute("INSERT INTO results (n, result) VALUES (?, ?)", (n, job.result))
        for tag in job.tags:
            tx.db.execute("INSERT OR IGNORE INTO job_tags (tag, id) VALUES (?, ?)", (tag, job.id))
        if key is not None:
            tx.db.execute("INSERT INTO keys (key, fingerprint, n) VALUES (?, ?, ?)", (key.key, key.fingerprint, n))
        tx.notices.append(notice(job, seq))
        tx.moves.append((job.flow, None, job.state))
        return Added(job, created=True)

    return run


def apply(change: Change, now: Callable[[], int]) -> Callable[[Transaction], bool]:
    guard, job = change.guard, change.job

    def run(tx: Transaction) -> bool:
        seq = tx.next_seq()
        values = rows.update_values(job, seq, now(), guard.state, guard.rev, guard.token, guard.lease_until)
        tx.db.execute(rows.UPDATE, values)
        if tx.db.changes() != 1:
            return False
        if job.result is not None and job.is_final:
            tx.db.execute(
                "INSERT OR REPLACE INTO results (n, result) SELECT n, ? FROM jobs WHERE id = ?",
                (job.result, job.id),
            )
        elif job.state is State.PENDING and guard.state not in (State.RUNNING, State.WAITING):
            # A person's retry takes the old result away.
            tx.db.execute("DELETE FROM results WHERE n = (SELECT n FROM jobs WHERE id = ?)", (job.id,))
        tx.notices.append(notice(job, seq))
        if guard.state is not job.state:
            tx.moves.append((job.flow, guard.state, job.state))
        return True

    return run


def claim(wish: Claim, now: Callable[[], int]) -> Callable[[Transaction], Claimed]:
    rules = wish.rules

    def run(tx: Transaction) -> Claimed:
        at = now()
        db = tx.db
        db.execute(
            "UPDATE jobs SET ready = 1 WHERE n IN "
            "(SELECT n FROM jobs WHERE ready = 0 AND flow = ? AND run_at <= ? ORDER BY run_at LIMIT ?)",
            (rules.name, at, _PROMOTE_LIMIT),
        )
        lane = stored = read_lane(tx, rules.name)
        if lane.probe is not None and not _is_held(tx, lane, at):
            lane = without_probe(lane)
        in_flight = 0
        if rules.concurrency is not None:
            in_flight = _number(tx, "SELECT count(*) FROM jobs WHERE flow = ? AND lease_token IS NOT NULL", rules.name)
        allowed, admitted = admit(lane, wish.limit, in_flight, rules, at)
        claimed: list[Job] = []
        if allowed > 0:
            found = _probe(tx, lane, at) if lane.trouble is not None else _head(tx, rules.name, allowed, at)
            lease_until = at + int(rules.lease_seconds * 1000)
            for row in found:
                try:
                    before = rows.to_job(row)
                except JobDamaged:
                    # Out of the line, or it would stand at its head for ever.
                    db.execute("UPDATE jobs SET ready = NULL WHERE id = ?", (row[0],))
                    log.error("job_damaged", job=row[0])
                    continue
                after = claim_job(before, Lease(secrets.token_hex(16), wish.owner, lease_until), at)
                seq = tx.next_seq()
                db.execute(rows.UPDATE, rows.update_values(after, seq, at, before.state, before.rev, None))
                claimed.append(after)
                tx.notices.append(notice(after, seq))
                tx.moves.append((after.flow, State.PENDING, State.RUNNING))
        changed = admitted
        if claimed:
            assert claimed[0].lease is not None
            changed = took(admitted, len(claimed), rules, claimed[0].lease.token, claimed[0].id)
        if claimed and changed is not stored:
            changed = replace(changed, rev=stored.rev + 1)
            _write_lane(tx, changed)
        if len(claimed) == wish.limit:
            return Claimed(claimed, changed)
        return Claimed(claimed, changed, _retry_at(tx, changed, wish, at), idle=allowed > 0 and not claimed)

    return run


# What is past its deadline is the reaper's.
_DUE = f"{rows.WHOLE} WHERE j.ready = 1 AND j.flow = :flow AND (j.deadline IS NULL OR j.deadline > :at)"


def _head(tx: Transaction, flow: str, limit: int, at: int) -> list[rows.Row]:
    sql = f"{_DUE} ORDER BY j.priority DESC, j.run_at, j.id LIMIT :limit"
    return tx.db.execute(sql, {"flow": flow, "at": at, "limit": limit}).fetchall()


def _probe(tx: Transaction, lane: Lane, at: int) -> list[rows.Row]:
    """The job that goes alone, as the contract of ``claim`` says."""
    of = {"flow": lane.flow, "at": at, "wanted": lane.wanted, "probed": lane.probed}
    for which in (
        "j.id = :wanted",
        "(:probed IS NULL OR j.id != :probed AND j.attempt = 0) ORDER BY j.priority DESC, j.run_at, j.id LIMIT 1",
        "j.id != :probed ORDER BY j.run_at, j.id LIMIT 1",
        "j.id = :probed",
    ):
        found = tx.db.execute(f"{_DUE} AND {which}", of).fetchall()
        if found:
            return found
    return []


def _is_held(tx: Transaction, lane: Lane, at: int) -> bool:
    """Is the lane's probe still with its worker?"""
    row = tx.db.execute(
        "SELECT 1 FROM jobs WHERE id = ? AND lease_token = ? AND state = 'RUNNING' AND lease_until > ?",
        (lane.probed, lane.probe, at),
    ).fetchone()
    return row is not None


def _retry_at(tx: Transaction, lane: Lane, wish: Claim, at: int) -> int | None:
    opens = waits_until(lane, wish.rules, at)
    if opens is not None and opens > at:
        return opens
    row = tx.db.execute("SELECT min(run_at) FROM jobs WHERE ready = 0 AND flow = ?", (wish.rules.name,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else None


def extend(held: Sequence[Held], lease_ms: int, now: Callable[[], int]) -> Callable[[Transaction], list[str]]:
    def run(tx: Transaction) -> list[str]:
        until = now() + lease_ms
        lost = []
        for one in held:
            tx.db.execute(
                "UPDATE jobs SET lease_until = ?1, due_at = min(?1, coalesce(deadline, ?1)) "
                "WHERE id = ?2 AND lease_token = ?3 AND state = 'RUNNING'",
                (until, one.job_id, one.token),
            )
            if tx.db.changes() != 1:
                lost.append(one.job_id)
        return lost

    return run


def prune(finished_before: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        found = tx.db.execute(
            "SELECT n, id, flow, state, rev, record FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ? "
            "ORDER BY finished_at LIMIT ?",
            (finished_before, limit),
        ).fetchall()
        for row in found:
            _delete(tx, row)
        return len(found)

    return run


def delete(job_id: str) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        row = tx.db.execute(
            "SELECT n, id, flow, state, rev, record FROM jobs WHERE id = ? AND finished_at IS NOT NULL", (job_id,)
        ).fetchone()
        if row is None:
            return False
        _delete(tx, row)
        tx.db.execute("DELETE FROM callbacks WHERE job_id = ?", (job_id,))
        return True

    return run


def _delete(tx: Transaction, row: rows.Row) -> None:
    n, job_id, flow, state, rev, record = row
    for table in ("prompts", "results", "keys", "jobs"):
        tx.db.execute(f"DELETE FROM {table} WHERE n = ?", (n,))
    for tag in rows.tags(record):
        tx.db.execute("DELETE FROM job_tags WHERE tag = ? AND id = ?", (tag, job_id))
    seq = tx.next_seq()
    tx.db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('deleted_seq', ?)", (seq,))
    tx.notices.append(Notice(seq, str(job_id), None, str(flow), int(str(rev)) + 1, 0))
    tx.moves.append((str(flow), State(str(state)), None))


def set_clock(clock: SteadyClock) -> Callable[[Transaction], int]:
    """Set the clock to the wall clock, and move along all that is a duration; returns by how many milliseconds.

    ``rev`` of what has a lease goes up, so that nothing lands that was decided by the clock from before.
    """

    def run(tx: Transaction) -> int:
        by = clock.step_due()
        if not by:
            return 0
        wished: list[rows.Row] = tx.db.execute(
            "SELECT n, record FROM jobs "
            "WHERE state = 'WAITING' AND due_at < min(lease_until, coalesce(deadline, lease_until))"
        ).fetchall()
        tx.db.execute(
            "UPDATE jobs SET rev = rev + 1, heard_at = heard_at + ?1, lease_until = lease_until + ?1, "
            "due_at = min(lease_until + ?1, coalesce(deadline, lease_until + ?1)) WHERE lease_token IS NOT NULL",
            (by,),
        )
        for n, record in wished:
            tx.db.execute(
                "UPDATE jobs SET record = ?1, due_at = min(due_at, ?2) WHERE n = ?3", (*rows.ask_moved(record, by), n)
            )
        # After the first attempt `run_at` is the end of a wait between attempts, before it a promise to a client.
        tx.db.execute("UPDATE jobs SET run_at = run_at + ? WHERE ready = 0 AND attempt > 0", (by,))
        found: list[rows.Row] = tx.db.execute("SELECT lane FROM lanes").fetchall()
        for (lane,) in found:
            before = _decode_lane(lane)
            _write_lane(tx, replace(moved(before, by), rev=before.rev + 1))
        clock.step(by)
        tx.undo.append(lambda: clock.step(-by))
        return by

    return run


def put_lane(lane: Lane) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        if read_lane(tx, lane.flow).rev != lane.rev:
            return False
        _write_lane(tx, replace(lane, rev=lane.rev + 1))
        return True

    return run


def read_lane(tx: Transaction, flow: str) -> Lane:
    row = tx.db.execute("SELECT lane FROM lanes WHERE flow = ?", (flow,)).fetchone()
    return Lane(flow) if row is None else _decode_lane(row[0])


def _write_lane(tx: Transaction, lane: Lane) -> None:
    tx.db.execute(
        "INSERT OR REPLACE INTO lanes (flow, rev, lane) VALUES (?, ?, ?)",
        (lane.flow, lane.rev, _encode(lane)),
    )


def beat(worker: Worker) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        tx.db.execute(
            "INSERT OR REPLACE INTO workers (id, seen_at, worker) VALUES (?, ?, ?)",
            (worker.id, worker.seen_at, _encode(worker)),
        )
        # A day is far beyond any screen that shows workers.
        tx.db.execute("DELETE FROM workers WHERE seen_at < ?", (worker.seen_at - 86_400_000,))

    return run


def _number(tx: Transaction, sql: str, *values: str | int) -> int:
    row = tx.db.execute(sql, values).fetchone()
    assert row is not None
    return int(row[0])
