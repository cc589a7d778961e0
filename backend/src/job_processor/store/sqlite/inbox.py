"""Kept callbacks: the writes, each a function of one transaction, and the reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

import apsw

from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import (
    FINAL_VERDICTS,
    MAX_COUNTED,
    MAX_KEPT_PER_JOB,
    MAX_KEPT_WITHOUT_JOB,
    REJECTABLE_VERDICTS,
    Callback,
)
from job_processor.store.base import CallbackSummary, InboxQuery
from job_processor.store.callback_fields import LISTED, callback_of
from job_processor.store.sqlite.rows import Row
from job_processor.store.sqlite.writer import Transaction

_COLUMNS = ", ".join(LISTED)
_INSERT = f"INSERT INTO callbacks ({_COLUMNS}, content, body, mark) VALUES ({','.join('?' * (len(LISTED) + 3))})"
_listed = attrgetter(*LISTED)
_REJECTABLE = tuple(sorted(verdict.value for verdict in REJECTABLE_VERDICTS))
_SETTLED = tuple(sorted(verdict.value for verdict in FINAL_VERDICTS))


def keep_callback(callback: Callback, limited: bool) -> Callable[[Transaction], str | None]:
    def run(tx: Transaction) -> str | None:
        known = tx.db.execute(
            "UPDATE callbacks SET deliveries = deliveries + 1, last_at = max(last_at, ?), "
            f"verdict = iif(verdict IN ({','.join('?' * len(_SETTLED))}), verdict, ?) WHERE mark = ? RETURNING id",
            (callback.last_at, *_SETTLED, callback.verdict.value, callback.mark),
        ).fetchone()
        if known is not None:
            return str(known[0])
        if limited and not _has_room(tx, callback):
            return None
        content = callback.content.encode()
        tx.db.execute(_INSERT, (*_listed(callback), content, callback.body, callback.mark))
        return callback.id

    return run


def _has_room(tx: Transaction, callback: Callback) -> bool:
    if callback.is_about_a_job:
        found = tx.db.execute("SELECT count(*) FROM callbacks WHERE job_id = ?", (callback.job_id,)).fetchone()
        assert found is not None
        return int(found[0]) < MAX_KEPT_PER_JOB
    same = "verdict = ?" if callback.verdict is CallbackVerdict.UNKNOWN else "verdict = ? AND job_id IS NULL"
    tx.db.execute(
        f"DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE {same} ORDER BY id DESC LIMIT -1 OFFSET ?)",
        (callback.verdict.value, MAX_KEPT_WITHOUT_JOB - 1),
    )
    return True


def set_callback_verdict(
    callback_id: str, verdict: CallbackVerdict, job_id: str, job_flow: str | None
) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        tx.db.execute(
            "UPDATE callbacks SET verdict = ?, job_id = ?, job_flow = coalesce(?, job_flow) WHERE id = ?",
            (verdict.value, job_id, job_flow, callback_id),
        )

    return run


def reject_callback(callback_id: str) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        tx.db.execute(
            f"UPDATE callbacks SET verdict = ? WHERE id = ? AND verdict IN ({','.join('?' * len(_REJECTABLE))})",
            (CallbackVerdict.REJECTED.value, callback_id, *_REJECTABLE),
        )
        return tx.db.changes() > 0

    return run


def prune_callbacks(last_before: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        tx.db.execute(
            "DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE last_at < ? ORDER BY last_at LIMIT ?)",
            (last_before, limit),
        )
        return tx.db.changes()

    return run


def get_callback(callback_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], Callback | None]:
    of_these = "" if flows is None else f" AND job_flow IN ({','.join('?' * len(flows))})"
    sql = f"SELECT {_COLUMNS}, content, body FROM callbacks WHERE id = ?{of_these}"

    def run(db: apsw.Connection) -> Callback | None:
        row = db.execute(sql, (callback_id, *sorted(flows or ()))).fetchone()
        return None if row is None else replace(_callback(row[:-1]), body=row[-1])

    return run


def list_callbacks(query: InboxQuery) -> Callable[[apsw.Connection], Sequence[CallbackSummary]]:
    where = ["TRUE"]
    values: list[str | int] = [query.clip * 4]
    for column, value in (("id <", query.before), ("job_id =", query.job_id), ("execution_id =", query.execution_id)):
        if value is not None:
            where.append(f"{column} ?")
            values.append(value)
    if query.flows is not None:
        where.append(f"job_flow IN ({','.join('?' * len(query.flows))})")
        values.extend(sorted(query.flows))
    if query.verdicts:
        where.append(f"verdict IN ({','.join('?' * len(query.verdicts))})")
        values.extend(sorted(verdict.value for verdict in query.verdicts))
    sql = (
        f"SELECT {_COLUMNS}, substr(content, 1, ?), octet_length(content), octet_length(body) FROM callbacks "
        f"WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"
    )

    def run(db: apsw.Connection) -> list[CallbackSummary]:
        rows = db.execute(sql, (*values, query.limit))
        return [CallbackSummary(_callback(row[:-2], query.clip), row[-2], row[-1]) for row in rows]

    return run


def count_callbacks(flows: frozenset[str] | None) -> Callable[[apsw.Connection], Mapping[CallbackVerdict, int]]:
    column, where = "1", ""
    if flows is not None:
        column, where = "job_flow", f" WHERE job_flow IN ({','.join('?' * len(flows))})"
    newest = f"SELECT {column} FROM callbacks WHERE verdict = ? ORDER BY id DESC LIMIT {MAX_COUNTED}"
    sql = f"SELECT count(*) FROM ({newest}){where}"

    def run(db: apsw.Connection) -> dict[CallbackVerdict, int]:
        counts = {}
        for verdict in CallbackVerdict:
            row = db.execute(sql, (verdict.value, *sorted(flows or ()))).fetchone()
            assert row is not None
            counts[verdict] = int(row[0])
        return counts

    return run


def _callback(row: Row, clip: int | None = None) -> Callback:
    *values, content = row
    # substr of an empty blob is NULL in SQLite. Only the last character can be cut in the middle of its bytes.
    text = (content or b"").decode(errors="ignore")[:clip]
    return callback_of({**dict(zip(LISTED, values, strict=True)), "content": text})
