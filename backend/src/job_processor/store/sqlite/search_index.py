"""The search index: ``search.db`` beside ``jobs.db``, built from the jobs, and built again when it is lost. It is a
separate file, so that filling it delays no write of a job. ``docs`` has a row for each indexed job; ``facets`` has the
values by which jobs are found, newest first; ``words_K`` are full-text indexes without the texts, each of ``2 **
SHARD_BITS`` jobs in the order in which they were stored, so that a search for common words reads the newest only.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import apsw
import msgspec

from job_processor.store.facets import Found, facets_of, other_texts
from job_processor.store.sqlite.rows import Row

FILE_NAME = "search.db"
SHARD_BITS = 16
TEXT_BYTES = 262_144
"""Bytes of a prompt or a result that are searched, from its beginning."""
_FORMAT = 1
"""Version of the tables and of their content. An index of another format is built again."""
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE docs (n INTEGER PRIMARY KEY, id TEXT NOT NULL, version TEXT NOT NULL, facets TEXT NOT NULL,
  error TEXT, verdict TEXT) STRICT;
CREATE TABLE facets (facet TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (facet, id)) STRICT, WITHOUT ROWID;
"""
_READ = """j.n, j.id, j.finished_at, octet_length(r.result), j.record
FROM jobs_file.jobs j LEFT JOIN jobs_file.results r ON r.n = j.n"""
_decode = msgspec.msgpack.Decoder(Found).decode
_encode_json = msgspec.json.Encoder().encode
_decode_facets = msgspec.json.Decoder(list[str]).decode


def remove(path: Path) -> None:
    """Delete the index; the next start builds it again."""
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{end}")


def open_index(path: Path, jobs: Path) -> apsw.Connection:
    """The connection that writes the index, with the jobs attached as ``jobs_file``, which it only reads."""
    try:
        return _opened(path, jobs)
    except (apsw.CorruptError, apsw.NotADBError, _AnotherIndex):
        remove(path)
        return _opened(path, jobs)


class _AnotherIndex(Exception):
    """The index belongs to another database, to an earlier copy of it, or has another format."""


def _opened(path: Path, jobs: Path) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    db = apsw.Connection(str(path), flags=flags)
    try:
        path.chmod(0o600)
        db.set_busy_timeout(5000)
        # Commits need no sync: what a power cut loses is noticed at the next start and indexed again.
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "trusted_schema = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("ATTACH ? AS jobs_file", (f"file:{quote(str(jobs.absolute()))}?mode=ro",))
        _check(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: apsw.Connection) -> None:
    identity = int(str(db.execute("SELECT value FROM jobs_file.facts WHERE name = 'identity'").get))
    head = _head(db)
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'facts'").fetchone() is None:
        newest = int(str(db.execute("SELECT coalesce(max(n), 0) FROM jobs_file.jobs").get))
        db.execute(f"BEGIN IMMEDIATE; {_TABLES}")
        # Without jobs there is nothing to fill in.
        below = newest + 1 if newest else 0
        for name, value in (("identity", identity), ("format", _FORMAT), ("head", head), ("below", below)):
            set_fact(db, name, value)
        db.execute("COMMIT")
    if (fact(db, "identity"), fact(db, "format")) != (identity, _FORMAT) or fact(db, "head") > head:
        raise _AnotherIndex


def _head(db: apsw.Connection) -> int:
    """The newest position of ``jobs.db``."""
    found = db.execute(
        "SELECT max(coalesce((SELECT max(seq) FROM jobs_file.jobs), 0), "
        "coalesce((SELECT value FROM jobs_file.facts WHERE name = 'deleted_seq'), 0))"
    ).get
    return int(str(found))


def fact(db: apsw.Connection, name: str) -> int:
    """``head``: all changes up to this position are in the index. ``below``: jobs that are older than the index and
    have a smaller ``n`` are not in it yet."""
    return int(str(db.execute("SELECT value FROM main.facts WHERE name = ?", (name,)).get or 0))


def set_fact(db: apsw.Connection, name: str, value: int) -> None:
    db.execute("INSERT OR REPLACE INTO main.facts (name, value) VALUES (?, ?)", (name, value))


def follow(db: apsw.Connection, limit: int) -> tuple[int, int]:
    """Index up to ``limit`` changes. Returns how many there were, and how many of them were deletions."""
    head = fact(db, "head")
    gone: list[Row] = db.execute(
        "SELECT seq, n, id FROM jobs_file.gone WHERE seq > ? ORDER BY seq LIMIT ?", (head, limit)
    ).fetchall()
    changed: list[Row] = db.execute(
        f"SELECT j.seq, {_READ} WHERE j.seq > ? ORDER BY j.seq LIMIT ?", (head, limit)
    ).fetchall()
    # If the limit cut off one of the two lists, the other must not go beyond the last position of that one.
    ends = [found[-1][0] for found in (changed, gone) if len(found) == limit]
    end = min(ends, default=max((found[-1][0] for found in (changed, gone) if found), default=head))
    left = [row for row in gone if row[0] <= end]
    for _, n, job_id in left:
        _forget(db, n, job_id)
    # In the order of their numbers: then a full-text index can append its rows.
    taken = sorted(row[1:] for row in changed if row[0] <= end)
    _take(db, taken)
    if end > head:
        set_fact(db, "head", end)
    return len(taken) + len(left), len(left)


def fill(db: apsw.Connection, limit: int) -> int:
    """Index up to ``limit`` older jobs, newest first. Returns how many there were; 0: all are indexed."""
    below = fact(db, "below")
    found: list[Row] = db.execute(f"SELECT {_READ} WHERE j.n < ? ORDER BY j.n DESC LIMIT ?", (below, limit)).fetchall()
    # In ascending order, as in ``follow``.
    _take(db, found[::-1])
    set_fact(db, "below", found[-1][0] if len(found) == limit else 0)
    return len(found)


def _take(db: apsw.Connection, rows: Sequence[Row]) -> None:
    """Index the jobs of these rows of ``_READ``.

    With few statements for all of them, because for each one this thread gives the interpreter to the event loop and
    takes it back, which costs the event loop more than the statement.
    """
    known = _known(db, [row[0] for row in rows])
    docs: list[Row] = []
    new_facets: list[tuple[str, str]] = []
    texts: dict[int, list[tuple[int, str, str]]] = {}
    for n, job_id, finished_at, result_bytes, record in rows:
        found = _found(record)
        error, metadata = other_texts(found)
        version = f"{finished_at} {result_bytes} {error}"
        old_id, old_version, old_facets = known.get(n, (job_id, None, "[]"))
        if old_id != job_id:
            # The number of a deleted job was used again.
            _forget(db, n, old_id)
            old_version, old_facets = None, "[]"
        before, facets = _decode_facets(old_facets), facets_of(found)
        if old_version != version:
            texts.setdefault(n >> SHARD_BITS, []).append((n, error, metadata))
        elif before == facets:
            continue
        _forget_facets(db, job_id, [facet for facet in before if facet not in facets])
        new_facets += [(facet, job_id) for facet in facets if facet not in before]
        code = None if found.error is None else found.error.code
        verdict = None if found.verdict is None else found.verdict.kind.value
        docs.append((n, job_id, version, _json(facets), code, verdict))
    for shard, those in texts.items():
        _write_words(db, shard, those, [n for n, _, _ in those if n in known])
    if new_facets:
        db.execute(f"INSERT OR IGNORE INTO main.facets (facet, id) {_columns(2)}", (_json(new_facets),))
    if docs:
        db.execute(
            f"INSERT OR REPLACE INTO docs (n, id, version, facets, error, verdict) {_columns(6)}", (_json(docs),)
        )


def _known(db: apsw.Connection, numbers: Sequence[int]) -> dict[int, tuple[str, str | None, str]]:
    """Id, version and facets of those jobs that are in the index, by number."""
    found: Iterable[Row] = db.execute(
        "SELECT n, id, version, facets FROM docs WHERE n IN (SELECT value FROM json_each(?))", (_json(numbers),)
    )
    return {n: (job_id, version, facets) for n, job_id, version, facets in found}


def _found(record: bytes) -> Found:
    try:
        return _decode(record)
    except (ValueError, msgspec.DecodeError):
        # A damaged job: it is found by its columns only.
        return Found()


def _json(value: object) -> str:
    return _encode_json(value).decode()


def _columns(number: int) -> str:
    """SQL for the rows of a JSON array of arrays, so many values each."""
    return f"SELECT {', '.join(f'value ->> {at}' for at in range(number))} FROM json_each(?)"


def _forget_facets(db: apsw.Connection, job_id: str, facets: Sequence[str]) -> None:
    for facet in facets:
        db.execute("DELETE FROM main.facets WHERE facet = ? AND id = ?", (facet, job_id))


def _write_words(db: apsw.Connection, shard: int, jobs: Sequence[tuple[int, str, str]], known: Sequence[int]) -> None:
    """``jobs``: number, text of the error and of the metadata; ``known``: the numbers that are in the index."""
    db.execute(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS main.words_{shard} USING "
        "fts5(prompt, result, error, metadata, content = '', contentless_delete = 1, tokenize = 'unicode61')"
    )
    if known:
        db.execute(f"DELETE FROM main.words_{shard} WHERE rowid IN (SELECT value FROM json_each(?))", (_json(known),))
    # As bytes, because substr of a text stops at the first NUL; the texts themselves never come to Python.
    db.execute(
        f"INSERT INTO main.words_{shard} (rowid, prompt, result, error, metadata) "
        "SELECT p.n, CAST(substr(CAST(p.prompt AS BLOB), 1, ?1) AS TEXT), "
        "CAST(substr(CAST(r.result AS BLOB), 1, ?1) AS TEXT), j.value ->> 1, j.value ->> 2 "
        "FROM json_each(?2) j CROSS JOIN jobs_file.prompts p ON p.n = j.value ->> 0 "
        "LEFT JOIN jobs_file.results r ON r.n = p.n",
        (TEXT_BYTES, _json(jobs)),
    )


def _forget(db: apsw.Connection, n: int, job_id: str) -> None:
    known = db.execute("SELECT facets FROM docs WHERE n = ? AND id = ?", (n, job_id)).fetchone()
    if known is None:
        return
    _forget_facets(db, job_id, _decode_facets(known[0]))
    db.execute("DELETE FROM docs WHERE n = ?", (n,))
    shard = n >> SHARD_BITS
    db.execute(f"DELETE FROM main.words_{shard} WHERE rowid = ?", (n,))
    first = shard << SHARD_BITS
    left = db.execute("SELECT 1 FROM docs WHERE n >= ? AND n < ? LIMIT 1", (first, first + (1 << SHARD_BITS)))
    if left.fetchone() is None:
        db.execute(f"DROP TABLE main.words_{shard}")


def shards(db: apsw.Connection, schema: str) -> list[int]:
    """The existing full-text indexes, newest first."""
    found: Iterable[Row] = db.execute(f"SELECT name FROM {schema}.sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'")
    return sorted((int(str(name).removeprefix("words_")) for (name,) in found), reverse=True)
