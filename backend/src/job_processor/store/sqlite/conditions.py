"""The conditions of a query as SQL, and the index by which its jobs are read, newest first.

A query is read along one index and its other conditions are checked row by row, so the index with the fewest entries is
used. To find it, the entries of all possible indexes are counted side by side, until one is counted completely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import apsw

from job_processor.core.ids import first_id_of
from job_processor.core.job import FINAL
from job_processor.store.base import Facet, Query
from job_processor.store.facets import text_of

PROBES = (200, 2_000, 20_000, 100_000)
"""Limits of this count, one after the other. Indexes with more entries than the last one count as equally large."""
Value = str | int


@dataclass(frozen=True, slots=True)
class Source:
    """``FROM`` clause, the column of the ids by which it is ordered, and the conditions. ``index``: the kind of index
    that is read: tag, facet, flow, attempts, state or id.
    """

    index: str
    tables: str = "jobs j"
    key: str = "j.id"
    where: Sequence[str] = ()
    values: Sequence[Value] = ()
    is_sorted: bool = False

    def sql(self, columns: str, joins: str = "", order: str | None = None) -> str:
        condition = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        if self.is_sorted:
            # With a LIMIT, which limits nothing, SQLite keeps to the order within, and sorts ids and numbers alone.
            ids = f"SELECT {self.key} AS id, j.n AS n FROM {self.tables}{condition} ORDER BY {self.key} DESC LIMIT -1"
            return f"SELECT {columns} FROM ({ids}) s CROSS JOIN jobs j ON j.n = s.n {joins}"
        return f"SELECT {columns} FROM {self.tables} {joins}{condition} ORDER BY {order or self.key} DESC"


@dataclass(slots=True)
class _Conditions:
    where: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def add(self, condition: str, *values: Value) -> None:
        self.where.append(condition)
        self.values.extend(values)


def sources(db: apsw.Connection, query: Query) -> list[Source]:
    """The sources of a query without its phrases, to be merged by id."""
    choices = list(_choices(query))
    chosen = choices[0] if len(choices) == 1 else _smallest(db, query, choices)
    return [_narrowed(one, query) for one in chosen]


def _smallest(db: apsw.Connection, query: Query, choices: list[list[Source]]) -> list[Source]:
    for most in PROBES:
        counted = [(sum(_probe(db, query, one, most) for one in each), n) for n, each in enumerate(choices)]
        fewest, n = min(counted)
        if fewest < most:
            return choices[n]
    return choices[0]


def in_time(db: apsw.Connection, query: Query) -> Query:
    """The query with the closest upper bound of its ids that its times allow. The bound leaves room for ids that are
    ahead of their job's time (``ID_AHEAD_MS``) only if there are any: all jobs of that hour would be read."""
    times = [at for at in (query.created_before, query.finished_before) if at is not None]
    if not times:
        return query
    end = first_id_of(min(times))
    ahead = db.execute(_LAST_AHEAD, (end, query.end_id or end)).get
    end = end if ahead is None else f"{ahead}g"
    return query if query.before is not None and query.before <= end else replace(query, before=end)


_LAST_AHEAD = """
SELECT max(id) FROM jobs INDEXED BY jobs_ahead
WHERE substr(id, 1, 12) > printf('%012x', min(created_at, ifnull(finished_at, created_at))) AND id >= ? AND id < ?
"""


def checks(query: Query) -> Source:
    """All conditions but the phrases, for a source that is read in another order."""
    return _narrowed(Source("id", where=(), values=()), query)


def flows_of(query: Query) -> frozenset[str] | None:
    if query.flow is None:
        return query.flows
    return frozenset({query.flow}) if query.flows is None else query.flows & {query.flow}


def tags_of(query: Query) -> frozenset[str]:
    return query.tags if query.tag is None else query.tags | {query.tag}


def _choices(query: Query) -> Iterator[list[Source]]:
    """The indexes by which the query can be read, the best first if their sizes are unknown."""
    if query.ids is not None or query.idempotency_key is not None:
        yield [Source("id")]
        return
    for facet in sorted(query.facets):
        table = "search.facets f CROSS JOIN jobs j ON j.id = f.id"
        yield [Source("facet", table, "f.id", ("f.facet = ?",), (text_of(facet),))]
    for tag in sorted(tags_of(query)):
        yield [Source("tag", "job_tags t CROSS JOIN jobs j ON j.id = t.id", "t.id", ("t.tag = ?",), (tag,))]
    flows = flows_of(query)
    if flows is not None:
        yield [Source("flow", where=("j.flow = ?",), values=(flow,)) for flow in sorted(flows)]
    retried = (query.attempts[0] or 0) > 1
    if retried:
        yield [Source("attempts", "jobs j INDEXED BY jobs_retried", where=("j.attempt > 1",))]
    states = query.states
    ended = [(f"j.finished_at {operator} ?", at) for operator, at in _ended(query) if at is not None]
    if ended:
        # Jobs that wait may be many, and have not ended.
        states = states or FINAL
    if states:
        yield [Source("state", where=("j.state = ?",), values=(state.value,)) for state in sorted(states)]
    if ended:
        where, values = [condition for condition, _ in ended], [at for _, at in ended]
        yield [
            Source("ended", f"jobs j INDEXED BY {index}", where=[*of, *where], values=values, is_sorted=True)
            for index, of in _ENDED
        ]
    # Jobs of a batch are bounded by their ids too.
    times = query.created_after is not None or query.created_before is not None
    bounded = query.id_starts or query.after or query.batch is not None or times
    if bounded or not (flows is not None or retried or states or query.facets or tags_of(query)):
        yield [Source("id")]


_ENDED = (
    ("jobs_prunable", ("j.finished_at IS NOT NULL", "j.batch_id IS NULL")),
    ("jobs_ended_in_batch", ("j.finished_at IS NOT NULL", "j.batch_id IS NOT NULL")),
)


def _ended(query: Query) -> tuple[tuple[str, int | None], ...]:
    return (">=", query.finished_after), ("<", query.finished_before)


def _probe(db: apsw.Connection, query: Query, source: Source, most: int) -> int:
    if source.is_sorted:
        # In the order of the index and by it alone, so that nothing is sorted.
        inner = replace(source, key="j.finished_at", is_sorted=False)
    else:
        inner = _bounded(replace(source, tables=source.tables.partition(" CROSS JOIN ")[0]), query)
    return int(str(db.execute(f"SELECT count(*) FROM ({inner.sql('1')} LIMIT ?)", (*inner.values, most)).get))


def _bounded(source: Source, query: Query) -> Source:
    made = _Conditions([*source.where], [*source.values])
    _add_ids(made, source.key, query)
    return replace(source, where=made.where, values=made.values)


def _narrowed(source: Source, query: Query) -> Source:
    made = _Conditions([*source.where], [*source.values])
    _add_ids(made, source.key, query)
    # The plus keeps SQLite from reading along another index than the one chosen.
    if query.states and source.index != "state":
        made.add(f"+j.state IN ({_marks(query.states)})", *sorted(state.value for state in query.states))
    flows = flows_of(query)
    if flows is not None and source.index != "flow":
        made.add(f"+j.flow IN ({_marks(flows)})", *sorted(flows))
    if query.without_flows:
        made.add(f"+j.flow NOT IN ({_marks(query.without_flows)})", *sorted(query.without_flows))
    if query.batch is not None:
        made.add("+j.batch_id = ?", query.batch)
    for batch in sorted(query.without_batches):
        made.add("j.batch_id IS NOT ?", batch)
    low, high = query.attempts
    for operator, number in ((">=", low), ("<=", high)):
        if number is not None:
            made.add(f"j.attempt {operator} ?", number)
    for operator, at in ((">=", query.created_after), ("<", query.created_before)):
        if at is not None:
            made.add(f"j.created_at {operator} ?", at)
    for operator, at in _ended(query):
        if at is not None and source.index != "ended":
            made.add(f"+j.finished_at {operator} ?", at)
    _add_tags(made, source, query)
    _add_facets(made, source, query)
    return replace(source, where=made.where, values=made.values)


def _add_ids(made: _Conditions, key: str, query: Query) -> None:
    # Ids contain the time of creation: they limit the range that is read; ``created_at`` decides.
    for operator, bound in ((">=", query.first_id), ("<", query.end_id), (">", query.after)):
        if bound is not None:
            made.add(f"{key} {operator} ?", bound)
    if query.ids is not None:
        made.add(f"{key} IN ({_marks(query.ids)})", *sorted(query.ids))
    if query.idempotency_key is not None:
        found = "SELECT o.id FROM keys k JOIN jobs o ON o.n = k.n WHERE k.key = ?"
        made.add(f"{key} = ({found})", query.idempotency_key)
    for start in sorted(query.without_id_starts):
        made.add(f"NOT ({key} >= ? AND {key} < ?)", start, f"{start}g")


def _add_tags(made: _Conditions, source: Source, query: Query) -> None:
    for tag in sorted(tags_of(query)):
        if not (source.index == "tag" and source.values[0] == tag):
            made.add(_has("job_tags x WHERE x.tag = ? AND x.id = j.id"), tag)
    for tag in sorted(query.without_tags):
        made.add(_has("job_tags x WHERE x.tag = ? AND x.id = j.id", not_=True), tag)


def _add_facets(made: _Conditions, source: Source, query: Query) -> None:
    for facet in sorted(query.facets):
        if not (source.index == "facet" and source.values[0] == text_of(facet)):
            made.add(_has(_FACET), text_of(facet))
    for facet in sorted(query.without_facets):
        made.add(_has(_FACET, not_=True), text_of(facet))


_FACET = "search.facets x WHERE x.facet = ? AND x.id = j.id"


def _has(rest: str, *, not_: bool = False) -> str:
    # Not EXISTS, which SQLite may turn into a join that is read in another order.
    return f"(SELECT 1 FROM {rest}) IS {'' if not_ else 'NOT '}NULL"


def _marks(values: frozenset[str] | frozenset[Facet]) -> str:
    return ",".join("?" * len(values))
