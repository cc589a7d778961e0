"""The jobs that match a query, row by row, newest first: along one index, or in the full-text index."""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import apsw

from job_processor.store.base import Phrase, Query
from job_processor.store.sqlite.conditions import Source, checks, in_time, sources
from job_processor.store.sqlite.rows import Row
from job_processor.store.sqlite.search_index import SHARD_BITS, shards

FEW = 500
"""If at most this many jobs match the other conditions, only their texts are searched for the words."""
NEWEST = 500
"""Number of the newest jobs that a search by the time of the end reads before it chooses an index; they usually fill
the page."""
WINDOW = 64
"""Full-text indexes are read in the order in which jobs were stored. It differs from the order of their ids by a few
rows at most, unless a clock was set back far, so rows are sorted within a window of this many."""
SHORTEST_START = 2
"""Minimum length in characters of a word for a prefix search."""


def matching(db: apsw.Connection, query: Query, columns: str, joins: str = "") -> Iterator[Row]:
    """``columns`` of the table ``j`` and of the ``joins``, the id first."""
    query = in_time(db, query)
    if query.phrases or query.without_phrases:
        return _by_words(db, query, columns, joins)
    if query.finished_after is not None or query.finished_before is not None:
        return _by_end(db, query, columns, joins)
    return _by_id(db, query, columns, joins)


def _by_end(db: apsw.Connection, query: Query, columns: str, joins: str) -> Iterator[Row]:
    last = db.execute(_NEWEST, (query.end_id or "g", query.after or "", NEWEST)).get
    newest = checks(query if last is None else replace(query, after=str(last)))
    yield from db.execute(newest.sql(columns, joins), tuple(newest.values))
    if last is not None:
        yield from _by_id(db, replace(query, before=f"{last}g"), columns, joins)


_NEWEST = "SELECT id FROM jobs WHERE id < ? AND id > ? ORDER BY id DESC LIMIT 1 OFFSET ?"


def _by_id(db: apsw.Connection, query: Query, columns: str, joins: str) -> Iterator[Row]:
    found = (db.execute(one.sql(columns, joins), tuple(one.values)) for one in sources(db, query))
    return heapq.merge(*found, key=_id, reverse=True)


def _id(row: Row) -> str:
    return str(row[0])


def _by_words(db: apsw.Connection, query: Query, columns: str, joins: str) -> Iterator[Row]:
    others = replace(query, phrases=(), without_phrases=())
    few: list[int] | None = None
    if others != replace(Query(), limit=query.limit, clip=query.clip, texts=query.texts, before=query.before):
        few = [int(row[1]) for row in islice(matching(db, others, "j.id, j.n"), FEW + 1)]
        if len(few) > FEW:
            few = None
    whole = f"SELECT {columns} FROM jobs j {joins} WHERE j.n = ?"
    # Only the numbers are sorted; the other columns of most rows in the window are not needed.
    for row in _in_order(_rows(db, query, few)):
        yield from db.execute(whole, (row[1],))


def _in_order(found: Iterator[Row]) -> Iterator[Row]:
    """The rows sorted by id. They come almost in this order."""
    window: list[tuple[str, int, Row]] = []
    for n, row in enumerate(found):
        # The greatest first: the complement of an id, digit by digit, has the opposite order.
        heapq.heappush(window, (_id(row).translate(_COMPLEMENT), n, row))
        if len(window) > WINDOW:
            yield heapq.heappop(window)[2]
    while window:
        yield heapq.heappop(window)[2]


_COMPLEMENT = str.maketrans("0123456789abcdef", "fedcba9876543210")


def _rows(db: apsw.Connection, query: Query, few: list[int] | None) -> Iterator[Row]:
    """Id and number of each job, the newest stored first."""
    lowest, highest = _numbers(db, query) if few is None else (min(few, default=1), max(few, default=0))
    rest = checks(query)
    for shard in shards(db, "search"):
        first, end = shard << SHARD_BITS, (shard + 1) << SHARD_BITS
        if first > highest or end <= lowest:
            continue
        source = _in_shard(query, f"words_{shard}", few, max(first, lowest), min(end - 1, highest))
        both = replace(rest, tables=source.tables, where=[*source.where, *rest.where])
        yield from db.execute(both.sql("j.id, j.n", order=source.key), (*source.values, *rest.values))


def _in_shard(query: Query, words: str, few: list[int] | None, first: int, last: int) -> Source:
    """The jobs from ``first`` to ``last`` that have the phrases."""
    without = _expression(query.without_phrases, " OR ")
    if not query.phrases:
        having_them = f"SELECT rowid FROM search.{words} WHERE {words} MATCH ?"
        where = ["j.n >= ?", "j.n <= ?", f"j.n NOT IN ({having_them})"]
        return Source("words", "jobs j", "j.n", _of_these(where, "j.n", few), (first, last, without))
    match = _expression(query.phrases, " AND ") + (f" NOT ({without})" if without else "")
    # With a prefix, each of these would read all words with this prefix.
    number = "+w.rowid" if any(phrase.starts for phrase in query.phrases) else "w.rowid"
    where = _of_these([f"{words} MATCH ?", "w.rowid >= ?", "w.rowid <= ?"], number, few)
    tables = f"search.{words} w CROSS JOIN jobs j ON j.n = w.rowid"
    return Source("words", tables, "w.rowid", where, (f"({match})", first, last))


def _of_these(where: list[str], number: str, few: list[int] | None) -> list[str]:
    return where if few is None else [*where, f"{number} IN ({','.join(map(str, few))})"]


def _expression(phrases: tuple[Phrase, ...], between: str) -> str:
    """The phrases as FTS5 reads them."""
    made = []
    for phrase in phrases:
        quoted = '"' + phrase.text.replace('"', '""') + '"'
        made.append(quoted + ("*" if phrase.starts and len(phrase.text) >= SHORTEST_START else ""))
    return between.join(made)


def _numbers(db: apsw.Connection, query: Query) -> tuple[int, int]:
    """The range of numbers of the jobs whose ids are within the limits of the query."""
    bounds = [bound for bound in (query.first_id, query.after) if bound is not None]
    lowest, highest = 0, 2**62
    if bounds:
        found = "SELECT min(n) FROM (SELECT n FROM jobs WHERE id >= ? ORDER BY id LIMIT ?)"
        lowest = db.execute(found, (max(bounds), WINDOW)).get or 2**62
    if query.end_id is not None:
        found = "SELECT max(n) FROM (SELECT n FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?)"
        highest = db.execute(found, (query.end_id, WINDOW)).get or 0
    return int(str(lowest)), int(str(highest))
