"""API keys and sessions: the writes, each a function of one transaction, and the reads."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import apsw
import msgspec

from job_processor.core.access import ApiKey, Session
from job_processor.store.sqlite.writer import Transaction

_encode = msgspec.msgpack.Encoder().encode
_decode_key = msgspec.msgpack.Decoder(ApiKey).decode
_decode_session = msgspec.msgpack.Decoder(Session).decode


def api_keys(db: apsw.Connection) -> Sequence[ApiKey]:
    found = db.execute("SELECT key, last_used_at FROM api_keys ORDER BY id")
    return [replace(_decode_key(key), last_used_at=last_used_at) for key, last_used_at in found]


def save_api_key(key: ApiKey) -> Callable[[Transaction], bool]:
    stored = _encode(replace(key, rev=key.rev + 1))

    def run(tx: Transaction) -> bool:
        if key.rev == 0:
            tx.db.execute(
                "INSERT OR IGNORE INTO api_keys (id, rev, ended_at, last_used_at, key) VALUES (?, 1, ?, ?, ?)",
                (key.id, key.ended_at, key.last_used_at, stored),
            )
        else:
            tx.db.execute(
                "UPDATE api_keys SET rev = rev + 1, ended_at = ?, key = ? WHERE id = ? AND rev = ?",
                (key.ended_at, stored, key.id, key.rev),
            )
        return tx.db.changes() == 1

    return run


def mark_keys_used(times: Mapping[str, int]) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        for key_id, at in times.items():
            tx.db.execute(
                "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?", (at, key_id)
            )

    return run


def prune_api_keys(ended_before: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        tx.db.execute("DELETE FROM api_keys WHERE ended_at < ?", (ended_before,))
        return tx.db.changes()

    return run


def add_session(session: Session) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        tx.db.execute(
            "INSERT OR REPLACE INTO sessions (id, whose, created_at, seen_at, expires_at, session) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                session.id,
                session.holder,
                session.created_at,
                session.seen_at,
                session.expires_at,
                _encode(session),
            ),
        )

    return run


def sessions(ids: Collection[str]) -> Callable[[apsw.Connection], Sequence[Session]]:
    def run(db: apsw.Connection) -> list[Session]:
        rows = [db.execute("SELECT session, seen_at FROM sessions WHERE id = ?", (id_,)).fetchone() for id_ in ids]
        return [_session(*row) for row in rows if row is not None]

    return run


def sessions_of(whose: str | None, limit: int) -> Callable[[apsw.Connection], Sequence[Session]]:
    where, values = ("", ()) if whose is None else ("WHERE whose = ?", (whose,))

    def run(db: apsw.Connection) -> list[Session]:
        found = db.execute(
            f"SELECT session, seen_at FROM sessions {where} ORDER BY created_at DESC, id LIMIT ?", (*values, limit)
        )
        return [_session(*row) for row in found]

    return run


def _session(encoded: bytes, seen_at: int) -> Session:
    return replace(_decode_session(encoded), seen_at=seen_at)


def mark_sessions_seen(times: Mapping[str, int]) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        for id_, at in times.items():
            tx.db.execute("UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?", (at, id_))

    return run


def end_sessions(ids: Collection[str]) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        for id_ in ids:
            tx.db.execute("DELETE FROM sessions WHERE id = ?", (id_,))

    return run


def prune_sessions(seen_before: int, now: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        tx.db.execute("DELETE FROM sessions WHERE expires_at <= ? OR seen_at < ?", (now, seen_before))
        return tx.db.changes()

    return run
