"""The limits of each key within a flow: concurrency, and a rate of started jobs per minute.

The rate is a token bucket, stored as the time at which it will be full again (``refills``), so that keys with a full
bucket need no record. Its size is one second's worth and at least one job, as that of the flow's own bucket.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from job_processor.core.flow import FlowRules
from job_processor.core.token_bucket import size

T = TypeVar("T")
_UNLIMITED = 2**31
_MAX_SINGLE_CHECKS = 100
"""Up to this number of keys are checked one by one; beyond it the set of full keys is computed first."""


class KeyCapacity:
    """The number of jobs that each key may start at ``now``. Keys are given by their hash (``core.fairness``).

    ``in_flight``: the number of RUNNING and WAITING jobs by key; ``refills``: when the bucket of a key will be full
    again (ms since 1970). Keys in neither mapping have their full capacity.
    """

    def __init__(self, rules: FlowRules, in_flight: Mapping[int, int], refills: Mapping[int, int], now: int) -> None:
        self._concurrency = rules.concurrency_per_key or _UNLIMITED
        self._rate = rules.rate_per_key
        self._now = now
        self._refills = refills
        self._in_flight = in_flight
        self._started: dict[int, int] = {}
        self.max_per_key = min(self._concurrency, _UNLIMITED if self._rate is None else int(size(self._rate)))
        """The full capacity of one key."""
        self.skipped: set[int] = set()
        """Keys with waiting jobs that were skipped because they are full."""
        self.has_more = False
        """Whether keys with free capacity may exist that were not checked."""

    @cached_property
    def full(self) -> set[int]:
        """Keys that may start no job now. The set may be large; ``free`` checks a single key without it."""
        full = {key for key, number in self._in_flight.items() if number >= self._concurrency}
        if self._rate is not None:
            # A bucket that will be full by then has a token left. The comparison is cheap, and there may be many keys.
            one_left = self._now + self._refill_ms(self._rate)
            full.update(key for key, at in self._refills.items() if at > one_left and self._tokens(key) == 0)
        full.update(key for key in self._started if self.free(key) == 0)
        return full

    def free(self, key: int) -> int:
        """The number of jobs that the key may still start."""
        started = self._started.get(key, 0)
        places = self._concurrency - self._in_flight.get(key, 0)
        return max(0, min(places, self._tokens(key)) - started)

    def start(self, key: int) -> bool:
        """Count one started job of the key. ``False``: the key is full, and nothing is counted."""
        if self.free(key) == 0:
            return False
        self._started[key] = self._started.get(key, 0) + 1
        if "full" in vars(self) and self.free(key) == 0:
            self.full.add(key)
        return True

    def open_keys(self, keys: Sequence[tuple[T, int]]) -> list[tuple[T, int]]:
        """The pairs whose key is not full; the others are added to ``skipped``. All given keys have waiting jobs."""
        if len(keys) > _MAX_SINGLE_CHECKS:
            open_keys = [one for one in keys if one[1] not in self.full]
        else:
            open_keys = [one for one in keys if self.free(one[1]) > 0]
        if len(open_keys) < len(keys):
            self.skipped.update({key for _, key in keys} - {key for _, key in open_keys})
        return open_keys

    def started_refills(self) -> dict[int, int]:
        """``refills`` of the keys that started jobs, with these jobs counted."""
        return {} if self._rate is None else {key: self._full_at(key, self._rate) for key in self._started}

    def refills(self) -> dict[int, int]:
        """``refills`` of all buckets that are not full, with the started jobs counted."""
        return {key: at for key, at in self._refills.items() if at > self._now} | self.started_refills()

    @property
    def refilling(self) -> int:
        """The number of keys whose buckets are not full."""
        return sum(at > self._now for at in self._refills.values())

    def next_opening(self, keys: Iterable[int]) -> int | None:
        """The earliest ``opens_at`` of these full keys; ``None``: unknown."""
        return min((at for key in keys if (at := self.opens_at(key)) is not None), default=None)

    def opens_at(self, key: int) -> int | None:
        """When a full key may start its next job (ms since 1970); ``None``: when one of its jobs has ended."""
        if self._rate is None or self._concurrency <= self._in_flight.get(key, 0) + self._started.get(key, 0):
            return None
        return max(self._now, math.ceil(self._full_at(key, self._rate) - self._refill_ms(self._rate)))

    @staticmethod
    def _refill_ms(rate: float) -> float:
        """Milliseconds until a bucket with one token is full."""
        return (size(rate) - 1) * 60_000 / rate

    def _full_at(self, key: int, rate: float) -> int:
        return max(self._refills.get(key, 0), self._now) + math.ceil(self._started.get(key, 0) * 60_000 / rate)

    def _tokens(self, key: int) -> int:
        if self._rate is None:
            return _UNLIMITED
        missing = max(0, self._refills.get(key, 0) - self._now) * self._rate / 60_000
        return max(0, int(size(self._rate) - missing + 1e-9))


def refunded(refills: Mapping[int, int], keys: Sequence[int], rate_per_key: float) -> dict[int, int]:
    """``refills`` with one token returned for each of ``keys``, whose jobs were not started after all."""
    after = dict(refills)
    for key in keys:
        if key in after:
            after[key] -= int(60_000 / rate_per_key)
    return after
