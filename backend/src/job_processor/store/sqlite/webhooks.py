"""Endpoints of webhooks and their deliveries: the writes, each a function of one transaction, and the reads."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import apsw
import msgspec

from job_processor.core.webhooks import Delivery, Endpoint
from job_processor.store.base.webhooks import DeliveryQuery
from job_processor.store.sqlite.rows import Row
from job_processor.store.sqlite.writer import Transaction

_encode = msgspec.msgpack.Encoder().encode
_endpoint = msgspec.msgpack.Decoder(Endpoint).decode
_delivery = msgspec.msgpack.Decoder(Delivery).decode
_INSERT = (
    "INSERT OR IGNORE INTO deliveries (id, rev, lane, state, flow, job_id, endpoint_id, next_at, settled_at, delivery, "
    "body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def webhook_endpoints(db: apsw.Connection) -> Sequence[Endpoint]:
    return [_endpoint(one) for (one,) in db.execute("SELECT endpoint FROM webhook_endpoints ORDER BY id")]


def save_webhook_endpoint(endpoint: Endpoint) -> Callable[[Transaction], bool]:
    stored = _encode(replace(endpoint, rev=endpoint.rev + 1))

    def run(tx: Transaction) -> bool:
        if endpoint.rev == 0:
            tx.db.execute(
                "INSERT OR IGNORE INTO webhook_endpoints (id, rev, endpoint) VALUES (?, 1, ?)", (endpoint.id, stored)
            )
        else:
            tx.db.execute(
                "UPDATE webhook_endpoints SET rev = rev + 1, endpoint = ? WHERE id = ? AND rev = ?",
                (stored, endpoint.id, endpoint.rev),
            )
        return tx.db.changes() == 1

    return run


def delete_webhook_endpoint(endpoint_id: str) -> Callable[[Transaction], bool]:
    def run(tx: Transaction) -> bool:
        tx.db.execute("DELETE FROM webhook_endpoints WHERE id = ?", (endpoint_id,))
        return tx.db.changes() == 1

    return run


def insert_delivery(tx: Transaction, one: Delivery) -> None:
    """Called with the end of a job or batch, in its transaction."""
    tx.db.execute(
        _INSERT,
        (
            one.id,
            one.rev,
            one.lane,
            one.state.value,
            one.flow,
            one.job_id,
            one.endpoint_id,
            one.next_at,
            one.settled_at,
            _encode(replace(one, body="")),
            one.body,
        ),
    )


def add_delivery(delivery: Delivery) -> Callable[[Transaction], None]:
    return lambda tx: insert_delivery(tx, delivery)


def due_lanes(after: str, limit: int, now: int) -> Callable[[apsw.Connection], Sequence[str]]:
    """One look-up in the index for each lane with a pending delivery, however many it has."""
    sql = """
        WITH RECURSIVE lanes(lane) AS (
          SELECT (SELECT min(lane) FROM deliveries WHERE next_at IS NOT NULL AND lane > ?)
          UNION ALL
          SELECT (SELECT min(d.lane) FROM deliveries d WHERE d.next_at IS NOT NULL AND d.lane > lanes.lane) FROM lanes
          WHERE lanes.lane IS NOT NULL
        )
        SELECT lane FROM lanes WHERE lane IS NOT NULL
        AND (SELECT min(next_at) FROM deliveries d WHERE d.lane = lanes.lane AND next_at IS NOT NULL) <= ? LIMIT ?
    """

    def run(db: apsw.Connection) -> list[str]:
        if db.execute("SELECT 1 FROM deliveries WHERE next_at <= ? LIMIT 1", (now,)).fetchone() is None:
            return []
        return [str(lane) for (lane,) in db.execute(sql, (after, now, limit))]

    return run


def claim_deliveries(
    lane: str, limit: int, lease_ms: int, now: Callable[[], int]
) -> Callable[[Transaction], Sequence[Delivery]]:
    def run(tx: Transaction) -> list[Delivery]:
        at = now()
        due: list[Row] = tx.db.execute(
            "SELECT id, delivery, rev, body FROM deliveries WHERE lane = ? AND next_at <= ? ORDER BY next_at LIMIT ?",
            (lane, at, limit),
        ).fetchall()
        for id_, *_ in due:
            tx.db.execute(
                "UPDATE deliveries SET rev = rev + 1, next_at = ?, leased = 1 WHERE id = ?", (at + lease_ms, id_)
            )
        return [
            replace(_delivery(stored), rev=rev + 1, next_at=at + lease_ms, body=body) for _, stored, rev, body in due
        ]

    return run


def save_delivery(delivery: Delivery) -> Callable[[Transaction], bool]:
    stored = _encode(replace(delivery, rev=delivery.rev + 1, body=""))

    def run(tx: Transaction) -> bool:
        tx.db.execute(
            "UPDATE deliveries SET rev = rev + 1, state = ?, next_at = ?, settled_at = ?, delivery = ?, leased = NULL "
            "WHERE id = ? AND rev = ?",
            (delivery.state.value, delivery.next_at, delivery.settled_at, stored, delivery.id, delivery.rev),
        )
        return tx.db.changes() == 1

    return run


def end_leases(db: apsw.Connection) -> None:
    """Called by the only process that uses the file: the process that held these leases has ended."""
    db.execute("UPDATE deliveries SET next_at = 0, leased = NULL WHERE leased IS NOT NULL AND next_at IS NOT NULL")


def get_delivery(delivery_id: str, flows: frozenset[str] | None) -> Callable[[apsw.Connection], Delivery | None]:
    of_these = "" if flows is None else f" AND flow IN ({','.join('?' * len(flows))})"
    sql = f"SELECT delivery, rev, next_at, body FROM deliveries WHERE id = ?{of_these}"

    def run(db: apsw.Connection) -> Delivery | None:
        row = db.execute(sql, (delivery_id, *sorted(flows or ()))).fetchone()
        return None if row is None else replace(_delivery(row[0]), rev=row[1], next_at=row[2], body=row[3])

    return run


def list_deliveries(query: DeliveryQuery) -> Callable[[apsw.Connection], Sequence[Delivery]]:
    where = ["TRUE"]
    values: list[str | int] = []
    for column, value in (
        ("id <", query.before),
        ("job_id =", query.job_id),
        ("endpoint_id =", query.endpoint_id),
    ):
        if value is not None:
            where.append(f"{column} ?")
            values.append(value)
    for column, chosen in (("flow", query.flows), ("state", {one.value for one in query.states} or None)):
        if chosen is not None:
            where.append(f"{column} IN ({','.join('?' * len(chosen))})")
            values.extend(sorted(chosen))
    sql = f"SELECT delivery, rev, next_at FROM deliveries WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"

    def run(db: apsw.Connection) -> list[Delivery]:
        found = db.execute(sql, (*values, query.limit))
        return [replace(_delivery(stored), rev=rev, next_at=next_at) for stored, rev, next_at in found]

    return run


def prune_deliveries(settled_before: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        tx.db.execute(
            "DELETE FROM deliveries WHERE id IN "
            "(SELECT id FROM deliveries WHERE settled_at < ? ORDER BY settled_at LIMIT ?)",
            (settled_before, limit),
        )
        return tx.db.changes()

    return run
