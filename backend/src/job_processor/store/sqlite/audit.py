"""The audit: the writes, each a function of one transaction, and the reads."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import apsw
import msgspec

from job_processor.core.audit import AuditEntry
from job_processor.store.base import AuditQuery
from job_processor.store.base.audit import id_bounds
from job_processor.store.sqlite.writer import Transaction

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AuditEntry).decode


def recorded(
    operation: Callable[[Transaction], T], entry: AuditEntry | None, written: Callable[[T], bool] = bool
) -> Callable[[Transaction], T]:
    """The operation, with an entry of the audit in the same transaction if it wrote something."""
    if entry is None:
        return operation

    def run(tx: Transaction) -> T:
        done = operation(tx)
        if written(done):
            _insert(tx, entry)
        return done

    return run


def record(entries: Sequence[AuditEntry]) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        for entry in entries:
            _insert(tx, entry)

    return run


def _insert(tx: Transaction, entry: AuditEntry) -> None:
    tx.db.execute(
        "INSERT OR IGNORE INTO audit (id, at, act, outcome, who, what, entry) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (entry.id, entry.at, entry.act.value, entry.outcome.value, entry.who, entry.what, _encode(entry)),
    )


def prune_audit(before: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        # In the order of their ids, which carry their time.
        tx.db.execute(
            "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?) AND at < ?", (limit, before)
        )
        return tx.db.changes()

    return run


def list_audit(query: AuditQuery) -> Callable[[apsw.Connection], Sequence[AuditEntry]]:
    where = ["TRUE"]
    values: list[str | int] = []
    first, end = id_bounds(query)
    for column, value in (
        ("id >=", first),
        ("id <", end),
        ("who =", query.who),
        ("what =", query.what),
        ("at >=", query.since),
        ("at <", query.until),
    ):
        if value is not None:
            where.append(f"{column} ?")
            values.append(value)
    for column, chosen in (("act", query.acts), ("outcome", query.outcomes)):
        if chosen:
            where.append(f"{column} IN ({','.join('?' * len(chosen))})")
            values.extend(sorted(one.value for one in chosen))
    sql = f"SELECT entry FROM audit WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"

    def run(db: apsw.Connection) -> list[AuditEntry]:
        return [_decode(entry) for (entry,) in db.execute(sql, (*values, query.limit))]

    return run
