"""The order of waiting jobs of equal priority: round robin over their keys, and oldest first within a key.

Keys are ordered by their hash, or by positions that a store assigns, not by name. If names grow over time, such as
numbers or dates, an order by name would always serve the new keys next and starve the old ones.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")
NO_KEY = 0
"""The hash of jobs that have neither key nor owner; they count as one key."""


@lru_cache(maxsize=16_384)
def key_hash(key: str | None, owner: str) -> int:
    """The hash that orders a job's key in the round robin. A job without a key uses its owner, else ``NO_KEY``.

    Other hashes are at least 1. A key and an owner with the same name have different hashes.
    """
    if key is None and not owner:
        return NO_KEY
    named = f"owner {owner}" if key is None else f"key {key}"
    return 1 + (int.from_bytes(hashlib.blake2b(named.encode(), digest_size=8).digest(), "big") >> 2)


class Turns:
    """The key that was served last, by flow and priority. Kept in memory only: a new process may begin with any key,
    because each key has its turn within one round."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], int] = {}

    def last(self, flow: str, priority: int) -> int:
        """The hash of the key that was served last; ``NO_KEY``: none was."""
        return self._last.get((flow, priority), NO_KEY)

    def record(self, flow: str, priority: int, key: int) -> None:
        """Record that the key with this hash was served."""
        self._last[flow, priority] = key


def round_robin(waiting: Mapping[K, Sequence[T]], wanted: int) -> list[tuple[K, T]]:
    """Up to ``wanted`` jobs with their keys, interleaved: the first job of each key, then the second ones, and so on.

    ``waiting``: the jobs of each key, with the keys in round-robin order.
    """
    if len(waiting) == 1:
        [(key, jobs)] = waiting.items()
        return [(key, job) for job in jobs[:wanted]]
    rounds = zip_longest(*([(key, job) for job in jobs] for key, jobs in waiting.items()))
    return [one for turn in rounds for one in turn if one is not None][:wanted]
