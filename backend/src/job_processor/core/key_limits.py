"""Limits of each key within a flow: how many jobs of a key may run at once, and how many may start in a minute.

A key's rate is a token bucket, kept as the time at which it is full again (``refills``): a key whose bucket is full
needs no record. As the flow's own, it holds one second's worth, and at least one job.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from job_processor.core.flow import FlowRules
from job_processor.core.token_bucket import size

T = TypeVar("T")
_ENDLESS = 2**31
_FEW = 100
"""So many keys are asked for their room one by one; of more, those that are full are found first."""


class Rooms:
    """How many jobs each key may start at ``now``. Keys by their hash (``core.fairness``).

    ``in_flight``: its RUNNING and WAITING jobs; ``refills``: when its bucket is full again, in ms since 1970. Keys that
    are in neither have all their room.
    """

    def __init__(self, rules: FlowRules, in_flight: Mapping[int, int], refills: Mapping[int, int], now: int) -> None:
        self._places = rules.concurrency_per_key or _ENDLESS
        self._rate = rules.rate_per_key
        self._now = now
        self._refills = refills
        self._in_flight = in_flight
        self._started: dict[int, int] = {}
        self.most = min(self._places, _ENDLESS if self._rate is None else int(size(self._rate)))
        """The room of a key that has all of it."""
        self.passed_over: set[int] = set()
        """Which of them were found to have jobs waiting."""
        self.has_more = False
        """Whether not all keys were looked at that may have room."""

    @cached_property
    def full(self) -> set[int]:
        """Keys that may start no job now. There may be many: where possible a key is asked for its room instead."""
        full = {key for key, number in self._in_flight.items() if number >= self._places}
        if self._rate is not None:
            # Less than one token is left: there may be many such keys.
            late = self._now + self._early(self._rate)
            full.update(key for key, at in self._refills.items() if at > late and self._tokens(key) == 0)
        full.update(key for key in self._started if self.room(key) == 0)
        return full

    def room(self, key: int) -> int:
        started = self._started.get(key, 0)
        places = self._places - self._in_flight.get(key, 0)
        return max(0, min(places, self._tokens(key)) - started)

    def start(self, key: int) -> bool:
        """Take one place. ``False``: the key has none left."""
        if self.room(key) == 0:
            return False
        self._started[key] = self._started.get(key, 0) + 1
        if "full" in vars(self) and self.room(key) == 0:
            self.full.add(key)
        return True

    def open_keys(self, keys: Sequence[tuple[T, int]]) -> list[tuple[T, int]]:
        """Those places and keys that have room; the others, which have jobs waiting, are noted as passed over."""
        if len(keys) > _FEW:
            open_keys = [one for one in keys if one[1] not in self.full]
        else:
            open_keys = [one for one in keys if self.room(one[1]) > 0]
        if len(open_keys) < len(keys):
            self.passed_over.update({key for _, key in keys} - {key for _, key in open_keys})
        return open_keys

    def started_refills(self) -> dict[int, int]:
        """The buckets of the keys that started jobs, after that."""
        return {} if self._rate is None else {key: self._full_at(key, self._rate) for key in self._started}

    def refills(self) -> dict[int, int]:
        """All buckets that are not full, after what was started."""
        return {key: at for key, at in self._refills.items() if at > self._now} | self.started_refills()

    @property
    def lately(self) -> int:
        """The number of keys whose buckets are not full."""
        return sum(at > self._now for at in self._refills.values())

    def next_opening(self, keys: Iterable[int]) -> int | None:
        """When the first of these full keys may start a job, as far as that is known."""
        return min((at for key in keys if (at := self.opens_at(key)) is not None), default=None)

    def opens_at(self, key: int) -> int | None:
        """When a full key may start its next job (ms since 1970); ``None``: when one of its jobs has ended."""
        if self._rate is None or self._places <= self._in_flight.get(key, 0) + self._started.get(key, 0):
            return None
        return max(self._now, math.ceil(self._full_at(key, self._rate) - self._early(self._rate)))

    @staticmethod
    def _early(rate: float) -> float:
        """How long a bucket that has one token takes until it is full, in ms."""
        return (size(rate) - 1) * 60_000 / rate

    def _full_at(self, key: int, rate: float) -> int:
        return max(self._refills.get(key, 0), self._now) + math.ceil(self._started.get(key, 0) * 60_000 / rate)

    def _tokens(self, key: int) -> int:
        if self._rate is None:
            return _ENDLESS
        missing = max(0, self._refills.get(key, 0) - self._now) * self._rate / 60_000
        return max(0, int(size(self._rate) - missing + 1e-9))


def given_back(refills: Mapping[int, int], keys: Sequence[int], rate_per_key: float) -> dict[int, int]:
    """The buckets after jobs of these keys were not started after all."""
    after = dict(refills)
    for key in keys:
        if key in after:
            after[key] -= int(60_000 / rate_per_key)
    return after
