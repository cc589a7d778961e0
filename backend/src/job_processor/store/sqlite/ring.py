"""The places of keys in the ring in which they take turns (``core.fairness``): a ring for each flow and priority.

A new key gets the place after the previous new key: jobs that were stored one after the other are then claimed one
after the other, and a claim writes few pages of the file. If the place of a key were its hash, each job of a claim
would be in another page. Blocks of places begin at random positions, so that a new key is neither always next nor
always last. A key keeps its place until no job waits in its ring: with a new place it might get two turns before
another key gets one.
"""

import secrets

import apsw

from job_processor.core.fairness import NO_KEY
from job_processor.core.job import Job
from job_processor.store import fields

BLOCK = 256
"""Number of consecutive places that are given out before the next random position."""
_BLOCKS = 2**54
_LOOK = 64
"""After this many new places, four times as many old ones are checked, so that the table does not grow without
limit."""

_Key = tuple[str, int, int]
_FIND = "SELECT place, given FROM places WHERE flow = ? AND priority = ? AND key_hash = ?"
_WAITS = "SELECT 1 FROM jobs WHERE ready = 1 AND flow = ? AND priority = ? AND place = ? LIMIT 1"
_ANY_WAITS = "SELECT 1 FROM jobs WHERE ready = 1 AND flow = ? AND priority = ? LIMIT 1"
_PUT = "INSERT OR REPLACE INTO places (flow, priority, key_hash, place, given) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM places WHERE flow = ? AND priority = ? AND key_hash = ?"
_NEXT = """
SELECT flow, priority, key_hash, place, given FROM places WHERE (flow, priority, key_hash) > (?, ?, ?)
ORDER BY flow, priority, key_hash LIMIT ?
"""
_BEFORE_ALL: _Key = ("", -(2**63), 0)


class Ring:
    """The state that is kept between transactions; used only by the writing thread. It stays valid if a transaction is
    rolled back."""

    def __init__(self) -> None:
        self._next = self._end = 0
        self._given = 0
        self._looked_at = _BEFORE_ALL
        self._emptied: dict[tuple[str, int], int] = {}
        """By ring: the last position at which no job waited in it. Places given out before it are dropped."""

    def place(self, db: apsw.Connection, of: _Key, position: int) -> int:
        """The place of a key whose next job is about to wait. ``of``: flow, priority, hash of the key."""
        flow, priority, _ = of
        found = db.execute(_FIND, of).fetchone()
        place = 0 if found is None else int(found[0])
        if found is not None and db.execute(_WAITS, (flow, priority, place)).fetchone() is not None:
            return place
        if db.execute(_ANY_WAITS, (flow, priority)).fetchone() is None:
            self._emptied[flow, priority] = position
        if found is None or abs(int(found[1])) < self._emptied.get((flow, priority), 0):
            place = self._new()
            db.execute(_PUT, (*of, place, position))
        elif int(found[1]) < 0:
            db.execute(_PUT, (*of, place, -int(found[1])))
        return place

    def _new(self) -> int:
        self._given += 1
        if self._next == self._end:
            self._next = 1 + secrets.randbelow(_BLOCKS) * BLOCK
            self._end = self._next + BLOCK
        self._next += 1
        return self._next - 1

    def clean(self, db: apsw.Connection) -> None:
        """Delete unused places. Called at the end of a transaction, when the jobs of its new places are stored. A place
        is deleted if its ring was empty since it was given out, otherwise when nothing waits for it at two checks.
        """
        if self._given < _LOOK:
            return
        most, self._given = 4 * self._given, 0
        found: list[tuple[str, int, int, int, int]]
        found = db.execute(_NEXT, (*self._looked_at, most)).fetchall()  # type: ignore[assignment]  # STRICT
        for flow, priority, key, place, given in found:
            if db.execute(_WAITS, (flow, priority, place)).fetchone() is None:
                if given < self._emptied.get((flow, priority), 0):
                    db.execute(_DELETE, (flow, priority, key))
                else:
                    db.execute(_PUT, (flow, priority, key, place, -given))
        self._looked_at = found[-1][:3] if len(found) == most else _BEFORE_ALL


class Places:
    """The places that one transaction assigns."""

    def __init__(self, db: apsw.Connection, ring: Ring, position: int) -> None:
        self._db = db
        self._ring = ring
        self._position = position
        self._known: dict[_Key, int] = {}

    def of_job(self, job: Job, now: int) -> int:
        """The place of the job's key if the job is ready to be claimed, otherwise ``NO_KEY``."""
        return self.of(job.flow, job.priority, job.key_hash()) if fields.ready(job, now) else NO_KEY

    def of(self, flow: str, priority: int, key: int) -> int:
        """The place of a key, of which a job waits by the end of the transaction."""
        if key == NO_KEY:
            return NO_KEY
        of = (flow, priority, key)
        found = self._known.get(of)
        if found is None:
            found = self._known[of] = self._ring.place(self._db, of, self._position)
        return found

    def end(self) -> None:
        """Called before the commit."""
        if self._known:
            self._ring.clean(self._db)
