"""The series: the writes, each a part of one transaction, and the reads.

A commit adds its tallies to one row a minute and flow (``series_new``). They are rolled up into the rows of all lengths
(``series``) later, in a separate transaction, so that the end of a job costs little. Reads add up both.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import apsw

from job_processor.core.series import Tally
from job_processor.core.series_rows import (
    Collected,
    KeysCollected,
    Row,
    ids_of_keys,
    ids_too_old,
    is_of_key,
    row_id,
    row_of_id,
    summed_by_row,
)
from job_processor.store.base import KeysQuery, SeriesQuery
from job_processor.store.sqlite.tallies import dump, load
from job_processor.store.sqlite.writer import Transaction


def note_waiting(oldest_ms: Mapping[str, int], now: Callable[[], int]) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        at = now()
        for flow, waited in oldest_ms.items():
            tx.tally(at, flow).add(Tally(oldest_ms=waited))

    return run


def roll_up(limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        first = "SELECT at, flow, tally FROM series_new ORDER BY at LIMIT ?"
        found: list[tuple[int, str, bytes]] = tx.db.execute(first, (limit,)).fetchall()  # type: ignore[assignment]  # STRICT
        for (span, at, flow), added in summed_by_row((at, flow, load(blob)) for at, flow, blob in found).items():
            key = row_id(span, at, flow)
            row = tx.db.execute("SELECT tally FROM series WHERE id = ?", (key,)).fetchone()
            whole = Tally() if row is None else load(row[0])
            whole.add(added)
            tx.db.execute("INSERT OR REPLACE INTO series (id, tally) VALUES (?, ?)", (key, dump(whole)))
        for at, flow, _ in found:
            tx.db.execute("DELETE FROM series_new WHERE at = ? AND flow = ?", (at, flow))
        return len(found)

    return run


def prune(now: int, limit: int) -> Callable[[Transaction], int]:
    def run(tx: Transaction) -> int:
        deleted = 0
        for first, kept in ids_too_old(now):
            old = (first, kept, limit - deleted)
            tx.db.execute(
                "DELETE FROM series WHERE id IN (SELECT id FROM series WHERE id >= ? AND id < ? LIMIT ?)", old
            )
            deleted += tx.db.changes()
        return deleted

    return run


def put(rows: Sequence[Row], since: int) -> Callable[[Transaction], None]:
    def run(tx: Transaction) -> None:
        for row in rows:
            tx.db.execute("INSERT OR IGNORE INTO series (id, tally) VALUES (?, ?)", (row.id, dump(row.tally)))
        tx.db.execute("UPDATE facts SET value = min(value, ?) WHERE name = 'series_since'", (since,))

    return run


def read(query: SeriesQuery) -> Callable[[apsw.Connection], Collected]:
    ids = row_id(query.span, query.since, ""), row_id(query.span, query.until, "")

    def run(db: apsw.Connection) -> Collected:
        found = Collected(query.step)
        # In one transaction: a tally that is being rolled up is in one of the two.
        with db:
            for part in (_rolled_up(db, *ids), _new(db, query.since, query.until)):
                for at, flow, blob in part:
                    if not is_of_key(flow) and (query.flows is None or flow in query.flows):
                        found.add(at, flow, load(blob))
        return found

    return run


def read_keys(query: KeysQuery) -> Callable[[apsw.Connection], Sequence[tuple[str, Tally]]]:
    def run(db: apsw.Connection) -> Sequence[tuple[str, Tally]]:
        found = KeysCollected(query.flows)
        with db:
            for part in (
                _rolled_up(db, *ids_of_keys(query.since, query.until)),
                _new(db, query.since, query.until),
            ):
                for _, name, blob in part:
                    if is_of_key(name):
                        found.add(name, load(blob))
        return found.most(query.limit)

    return run


def _rolled_up(db: apsw.Connection, begin: str, end: str) -> Iterator[tuple[int, str, bytes]]:
    for key, blob in db.execute("SELECT id, tally FROM series WHERE id >= ? AND id < ?", (begin, end)):
        _, at, name = row_of_id(str(key))
        yield at, name, blob


def _new(db: apsw.Connection, since: int, until: int) -> Iterable[tuple[int, str, bytes]]:
    return db.execute("SELECT at, flow, tally FROM series_new WHERE at >= ? AND at < ?", (since, until))


def begin(db: apsw.Connection, now: int) -> None:
    """Record when counting began, unless it is recorded already."""
    db.execute("INSERT OR IGNORE INTO facts (name, value) VALUES ('series_since', ?)", (now,))


def since(db: apsw.Connection) -> int | None:
    row = db.execute("SELECT value FROM facts WHERE name = 'series_since'").fetchone()
    return None if row is None else int(row[0])


def list_rows(after: str, limit: int) -> Callable[[apsw.Connection], Sequence[Row]]:
    def run(db: apsw.Connection) -> Sequence[Row]:
        rows = []
        for key, blob in db.execute("SELECT id, tally FROM series WHERE id > ? ORDER BY id LIMIT ?", (after, limit)):
            rows.append(Row(*row_of_id(str(key)), load(blob)))
        return rows

    return run
