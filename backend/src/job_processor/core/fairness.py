"""Which waiting job goes first among those of equal priority: the keys take turns (round robin), and within a key the
oldest goes first.

Keys are ordered by their hash, or by places that a store gives them, not by name: with names that grow, such as numbers
or dates, new keys would always be next, and a key with a small name would never have its turn.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")
NO_KEY = 0
"""The hash of jobs that have neither key nor owner: together they are one key."""


@lru_cache(maxsize=16_384)
def key_hash(key: str | None, owner: str) -> int:
    """Where a job's key stands in the order of turns; without a key its owner's, and positive for both.

    A key and an owner of the same name differ.
    """
    if key is None and not owner:
        return NO_KEY
    named = f"owner {owner}" if key is None else f"key {key}"
    return 1 + (int.from_bytes(hashlib.blake2b(named.encode(), digest_size=8).digest(), "big") >> 2)


class Turns:
    """Whose turn it was last, by flow and priority. It is only in memory: a start, or another process, begins with any
    key, and no key is left out."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], int] = {}

    def last(self, flow: str, priority: int) -> int:
        return self._last.get((flow, priority), NO_KEY)

    def was(self, flow: str, priority: int, key: int) -> None:
        self._last[flow, priority] = key


def in_turn(waiting: Mapping[K, Sequence[T]], wanted: int) -> list[tuple[K, T]]:
    """Up to ``wanted`` of the jobs with their keys: the first of each key, then the second of each, and so on.

    ``waiting``: the jobs of each key, the keys in the order of their turns.
    """
    if len(waiting) == 1:
        [(key, jobs)] = waiting.items()
        return [(key, job) for job in jobs[:wanted]]
    rounds = zip_longest(*([(key, job) for job in jobs] for key, jobs in waiting.items()))
    return [one for turn in rounds for one in turn if one is not None][:wanted]
