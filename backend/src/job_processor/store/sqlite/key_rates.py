"""What the keys of a flow have in flight and have started, for its limits per key (``core.key_limits``)."""

from collections.abc import Callable, Iterator, Mapping

import apsw

from job_processor.core.flow import FlowRules
from job_processor.core.key_limits import KeyCapacity

_IN_FLIGHT = "FROM jobs WHERE coalesce(via, flow) = :flow AND lease_token IS NOT NULL"
_LATELY = "SELECT key_hash, full_at FROM key_rates WHERE flow = :flow AND full_at > :at"


class _LazyNumbers(Mapping[int, int]):
    """A number for each key, read from the database on first use and then cached: there may be many keys, and a claim
    needs a few. ``one``: SQL for the number of ``:key``; ``every``: SQL for all keys and numbers."""

    def __init__(self, db: apsw.Connection, one: str, every: str, values: dict[str, int | str]) -> None:
        self._db, self._one, self._every, self._values = db, one, every, values
        self._known: dict[int, int] = {}
        self._whole: dict[int, int] | None = None

    def __getitem__(self, key: int) -> int:
        found = self.get(key)
        if not found:
            raise KeyError(key)
        return found

    def get(self, key: int, default: int = 0) -> int:  # type: ignore[override]  # quicker than by an exception
        if self._whole is not None:
            return self._whole.get(key, default)
        found = self._known.get(key)
        if found is None:
            row = self._db.execute(self._one, {**self._values, "key": key}).fetchone()
            found = self._known[key] = default if row is None else int(row[0])
        return found

    def _all(self) -> dict[int, int]:
        if self._whole is None:
            self._whole = dict(self._db.execute(self._every, self._values))
        return self._whole

    def __iter__(self) -> Iterator[int]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def key_capacity(db: apsw.Connection, rules: FlowRules, at: int) -> KeyCapacity:
    """How many jobs each key of the flow may start, from its jobs in flight and its jobs started lately.

    The numbers are read lazily: use the result only inside the current transaction of ``db``.
    """
    in_flight: Mapping[int, int] = {}
    refills: Mapping[int, int] = {}
    if rules.concurrency_per_key is not None:
        one = f"SELECT count(*) {_IN_FLIGHT} AND key_hash = :key"
        every = f"SELECT key_hash, count(*) {_IN_FLIGHT} GROUP BY key_hash"
        in_flight = _LazyNumbers(db, one, every, {"flow": rules.name})
    if rules.rate_per_key is not None:
        one = "SELECT full_at FROM key_rates WHERE flow = :flow AND key_hash = :key AND full_at > :at"
        refills = _LazyNumbers(db, one, _LATELY, {"flow": rules.name, "at": at})
    return KeyCapacity(rules, in_flight, refills, at)


def full_keys(rules: FlowRules, at: int) -> Callable[[apsw.Connection], Mapping[int, int | None]]:
    def run(db: apsw.Connection) -> Mapping[int, int | None]:
        # One snapshot: a job may start between two of the statements.
        with db:
            found = key_capacity(db, rules, at)
            full = {key: found.opens_at(key) for key in found.full}
        return full  # noqa: RET504  # outside: mypy takes it that `with` may swallow an exception

    return run


def save(db: apsw.Connection, flow: str, refills: Mapping[int, int], at: int) -> None:
    """Store the refill times of the keys that started jobs, and delete those of keys whose buckets are full again."""
    if refills:
        db.execute("DELETE FROM key_rates WHERE flow = ? AND full_at <= ?", (flow, at))
        put = "INSERT OR REPLACE INTO key_rates (flow, key_hash, full_at) VALUES (?, ?, ?)"
        db.executemany(put, [(flow, key, full_at) for key, full_at in refills.items()])
