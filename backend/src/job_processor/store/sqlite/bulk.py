"""Bulk actions: the writes, each a function of one transaction, and the reads."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import apsw
import msgspec

from job_processor.core.bulk import BulkAction
from job_processor.store.sqlite.writer import Transaction

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(BulkAction).decode


def save_bulk_action(action: BulkAction) -> Callable[[Transaction], bool]:
    stored = _encode(replace(action, rev=action.rev + 1))

    def run(tx: Transaction) -> bool:
        if action.rev == 0:
            tx.db.execute(
                "INSERT OR IGNORE INTO bulk_actions (id, rev, ended_at, key, action) VALUES (?, 1, ?, ?, ?)",
                (action.id, action.ended_at, action.key, stored),
            )
        else:
            tx.db.execute(
                "UPDATE bulk_actions SET rev = rev + 1, ended_at = ?, action = ? WHERE id = ? AND rev = ?",
                (action.ended_at, stored, action.id, action.rev),
            )
        return tx.db.changes() == 1

    return run


def prune_bulk_actions(ended_before: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        tx.db.execute(
            "DELETE FROM bulk_actions WHERE id IN "
            "(SELECT id FROM bulk_actions WHERE ended_at < ? ORDER BY ended_at LIMIT ?)",
            (ended_before, limit),
        )
        return tx.db.changes()

    return run


def get_bulk_action(action_id: str) -> Callable[[apsw.Connection], BulkAction | None]:
    def run(db: apsw.Connection) -> BulkAction | None:
        row = db.execute("SELECT action FROM bulk_actions WHERE id = ?", (action_id,)).fetchone()
        return None if row is None else _decode(row[0])

    return run


def bulk_action_of_key(key: str) -> Callable[[apsw.Connection], BulkAction | None]:
    def run(db: apsw.Connection) -> BulkAction | None:
        row = db.execute("SELECT action FROM bulk_actions WHERE key = ?", (key,)).fetchone()
        return None if row is None else _decode(row[0])

    return run


def open_bulk_actions(db: apsw.Connection) -> Sequence[BulkAction]:
    found = db.execute("SELECT action FROM bulk_actions WHERE ended_at IS NULL ORDER BY id")
    return [_decode(action) for (action,) in found]


def list_bulk_actions(limit: int, before: str | None) -> Callable[[apsw.Connection], Sequence[BulkAction]]:
    where, values = ("", ()) if before is None else ("WHERE id < ?", (before,))

    def run(db: apsw.Connection) -> list[BulkAction]:
        found = db.execute(f"SELECT action FROM bulk_actions {where} ORDER BY id DESC LIMIT ?", (*values, limit))
        return [_decode(action) for (action,) in found]

    return run
