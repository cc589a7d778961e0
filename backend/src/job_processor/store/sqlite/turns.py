"""The jobs that are claimed next: highest priority first; within a priority the keys take turns (``core.fairness``) in
the order of their places (``ring``).

Each step is one look-up in the index ``jobs_turns``, however many jobs a key has, and the jobs of all keys whose turn
it is are read by one statement. If only one key waits, which is the usual case, its jobs are one range of the index. A
key at its limit is skipped by one look-up too.
"""

import json
from collections.abc import Iterator
from operator import itemgetter

import apsw

from job_processor.core.fairness import NO_KEY, Turns, round_robin
from job_processor.core.key_limits import KeyCapacity
from job_processor.store import fields
from job_processor.store.sqlite import rows

# A job past its deadline is left to the reaper, which ends it.
DUE = f"{rows.WHOLE} WHERE j.ready = 1 AND j.flow = :flow AND (j.deadline IS NULL OR j.deadline > :at)"
_OF_FLOW = "FROM jobs WHERE ready = 1 AND flow = :flow"
_OF_PRIORITY = f"{_OF_FLOW} AND priority = :priority"
_NEXT_PRIORITY = f"""
SELECT p, (SELECT min(place) {_OF_FLOW} AND priority = p), (SELECT max(place) {_OF_FLOW} AND priority = p)
FROM (SELECT priority AS p {_OF_FLOW} AND priority < :below ORDER BY priority DESC LIMIT 1)
"""
_PLACES = f"""
WITH RECURSIVE places(place) AS (
  SELECT min(place) {_OF_PRIORITY} AND place > :after
  UNION ALL
  SELECT (SELECT min(place) {_OF_PRIORITY} AND place > places.place) FROM places WHERE place <= :upto
)
"""
_NEXT_PLACES = f"{_PLACES} SELECT place, 0 FROM places WHERE place <= :upto LIMIT :limit"
_NEXT_KEYS = f"""
{_PLACES}
SELECT place, (SELECT key_hash {_OF_PRIORITY} AND place = places.place LIMIT 1) FROM places
WHERE place <= :upto LIMIT :limit
"""
# CROSS JOIN: the prompts are read after the jobs, or the jobs of a key would be looked for twice.
_OF_PLACES = f"""
SELECT {rows.COLUMNS}, {rows.TEXTS}, k.value
FROM json_each(:places) k CROSS JOIN jobs j ON j.n IN (
  SELECT n FROM jobs WHERE ready = 1 AND flow = :flow AND priority = :priority AND place = k.value
  AND (deadline IS NULL OR deadline > :at) ORDER BY run_at, id LIMIT :each OFFSET :offset
) CROSS JOIN prompts p ON p.n = j.n LEFT JOIN results r ON r.n = j.n
"""
_in_order = itemgetter(*(fields.COLUMNS.index(name) for name in ("run_at", "id")))
_MOST = 2**63 - 1
_LONGEST = 1_000
"""Maximum number of keys that one statement reads: many may be at their limit."""
_Values = dict[str, int | str]


def head(
    db: apsw.Connection, turns: Turns, flow: str, limit: int, at: int, capacity: KeyCapacity | None = None
) -> list[tuple[int, rows.Row]]:
    """Up to ``limit`` rows of ``rows.WHOLE``, each with the hash of its key.

    ``capacity``: how many more jobs each key may start, reduced by those that are returned; ``None``: any number.
    """
    found: list[tuple[int, rows.Row]] = []
    below = _MOST
    while len(found) < limit:
        ends = db.execute(_NEXT_PRIORITY, {"flow": flow, "below": below}).fetchone()
        if ends is None:
            break
        below, lowest, highest = ends
        wanted = limit - len(found)
        of: _Values = {"flow": flow, "priority": below, "at": at}
        one_waits = lowest == highest and capacity is None
        keys = [[(lowest, NO_KEY)]] if one_waits else _keys(db, of, turns.last(flow, below), wanted, capacity)
        taken: list[tuple[int, int, rows.Row]] = []
        for some in keys:
            taken += _of_keys(db, of, some, wanted - len(taken), capacity)
            if len(taken) == wanted:
                break
        if taken:
            turns.record(flow, below, taken[-1][0])
        found += [(key, row) for _, key, row in taken]
    return found


def _keys(
    db: apsw.Connection, of: _Values, last: int, most: int, capacity: KeyCapacity | None
) -> Iterator[list[tuple[int, int]]]:
    """Places with ready jobs, in the order of their turns: those after ``last``, then from the beginning. With
    ``capacity``, each has the hash of its key, and keys at their limit are left out. Yields lists of up to ``most``."""
    sql = _NEXT_PLACES if capacity is None else _NEXT_KEYS
    keys: list[tuple[int, int]] = []
    at_once = most
    for after, upto in ((last, _MOST), (-1, last)):
        while True:
            bounds: _Values = {"after": after, "upto": upto, "limit": at_once}
            some: list[tuple[int, int]] = db.execute(sql, {**of, **bounds}).fetchall()  # type: ignore[assignment]  # STRICT
            keys += some if capacity is None else capacity.open_keys(some)
            while len(keys) >= most:
                yield keys[:most]
                keys = keys[most:]
            if len(some) < at_once:
                break
            after, at_once = some[-1][0], min(2 * at_once, _LONGEST)
    if keys:
        yield keys


def _of_keys(
    db: apsw.Connection, of: _Values, keys: list[tuple[int, int]], wanted: int, capacity: KeyCapacity | None
) -> list[tuple[int, int, rows.Row]]:
    """Jobs of these places and keys in turn, each with place and key; ``capacity`` is reduced by their number."""
    found: list[tuple[int, int, rows.Row]] = []
    offset = 0
    # Repeated for the keys that may have more, until there are enough; one pass is usually enough.
    while keys and len(found) < wanted:
        each = -(-(wanted - len(found)) // len(keys))
        most = {one: each if capacity is None else min(each, capacity.free(one[1])) for one in keys}
        # Whole jobs are read, so read only what each key may start. Keys with less capacity than others are full after.
        each = max(most.values())
        jobs = _of_places(db, {**of, "each": each, "offset": offset}, [place for place, _ in keys])
        waiting = {one: jobs[one[0]][: most[one]] for one in keys}
        some = round_robin(waiting, wanted - len(found))
        found += [(place, key, row) for (place, key), row in some]
        keys, offset = [one for one in keys if len(waiting[one]) == most[one]], offset + each
        if capacity is not None:
            for (_, key), _ in some:
                capacity.start(key)
            keys = capacity.open_keys(keys)
    return found


def _of_places(db: apsw.Connection, of: _Values, places: list[int]) -> dict[int, list[rows.Row]]:
    """The jobs of each of these places, from ``offset`` on, ``each`` at most."""
    found: dict[int, list[rows.Row]] = {place: [] for place in places}
    for row in sorted(db.execute(_OF_PLACES, {**of, "places": json.dumps(places)}), key=_in_order):
        found[row[-1]].append(row)
    return found
