"""The jobs that are claimed next: highest priority first, the keys of equal priority in turn (core.fairness).

Each step is one search in the index ``jobs_turns``, whatever waits there: a key with many jobs is passed over at once.
Where only one key waits, which is the ordinary case, its jobs are read as one piece of the index. A key at its limit is
passed over by the same search, whatever waits there.
"""

from collections.abc import Iterator

import apsw

from job_processor.core.fairness import Turns, in_turn
from job_processor.core.key_limits import Rooms
from job_processor.store.sqlite import rows

# A job past its deadline is left to the reaper, which ends it.
DUE = f"{rows.WHOLE} WHERE j.ready = 1 AND j.flow = :flow AND (j.deadline IS NULL OR j.deadline > :at)"
_OF_FLOW = "FROM jobs WHERE ready = 1 AND flow = :flow"
_OF_PRIORITY = f"{_OF_FLOW} AND priority = :priority"
_NEXT_PRIORITY = f"""
SELECT p, (SELECT min(key_hash) {_OF_FLOW} AND priority = p), (SELECT max(key_hash) {_OF_FLOW} AND priority = p)
FROM (SELECT priority AS p {_OF_FLOW} AND priority < :below ORDER BY priority DESC LIMIT 1)
"""
_NEXT_KEYS = f"""
WITH RECURSIVE keys(key) AS (
  SELECT min(key_hash) {_OF_PRIORITY} AND key_hash > :after
  UNION ALL
  SELECT (SELECT min(key_hash) {_OF_PRIORITY} AND key_hash > keys.key) FROM keys WHERE key <= :upto
)
SELECT key FROM keys WHERE key <= :upto LIMIT :limit
"""
_OF_KEY = f"{DUE} AND j.priority = :priority AND j.key_hash = :key ORDER BY j.run_at, j.id LIMIT :each OFFSET :offset"
_MOST = 2**63 - 1
_Values = dict[str, int | str]


def head(
    db: apsw.Connection, turns: Turns, flow: str, limit: int, at: int, rooms: Rooms | None = None
) -> list[tuple[int, rows.Row]]:
    """Up to ``limit`` rows of ``rows.WHOLE``, each with the hash of its key.

    ``rooms``: how many jobs each key may start, and their places are taken; ``None``: any number.
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
        keys = [[lowest]] if lowest == highest else _keys(db, of, turns.last(flow, below), wanted)
        taken: list[tuple[int, rows.Row]] = []
        for some in keys:
            taken += _of_keys(db, of, some, wanted - len(taken), rooms)
            if len(taken) == wanted:
                break
        if taken:
            turns.was(flow, below, taken[-1][0])
        found += taken
    return found


def _keys(db: apsw.Connection, of: _Values, last: int, most: int) -> Iterator[list[int]]:
    """The keys that have ready jobs, in the order of their turns: those after the last, then from the beginning. In
    lists of ``most``."""
    keys: list[int] = []
    for after, upto in ((last, _MOST), (-1, last)):
        while True:
            bounds: _Values = {"after": after, "upto": upto, "limit": most - len(keys)}
            keys += [key for (key,) in db.execute(_NEXT_KEYS, {**of, **bounds})]
            if len(keys) < most:
                break
            yield keys
            after, keys = keys[-1], []
    if keys:
        yield keys


def _of_keys(
    db: apsw.Connection, of: _Values, keys: list[int], wanted: int, rooms: Rooms | None
) -> list[tuple[int, rows.Row]]:
    """The jobs of these keys in turn, with their keys; their places are taken."""
    if rooms is not None:
        keys = rooms.open_keys(keys)
    found: list[tuple[int, rows.Row]] = []
    offset = 0
    # Once more from the keys that may have more, until there are enough: mostly once is enough.
    while keys and len(found) < wanted:
        each = -(-(wanted - len(found)) // len(keys))
        most = {key: each if rooms is None else min(each, rooms.room(key)) for key in keys}
        part: _Values = {**of, "offset": offset}
        waiting = {key: db.execute(_OF_KEY, {**part, "key": key, "each": most[key]}).fetchall() for key in keys}
        some = in_turn(waiting, wanted - len(found))
        found += some
        keys, offset = [key for key in keys if len(waiting[key]) == most[key]], offset + each
        if rooms is not None:
            for key, _ in some:
                rooms.start(key)
            keys = rooms.open_keys(keys)
    return found
