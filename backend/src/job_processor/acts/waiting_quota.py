"""The quota of waiting jobs: how many jobs of one owner may be PENDING at once.

The store is not asked at each submit: a count allows all that is left, or of a store that several processes share a
small part of it, and no more than that is allowed and not stored yet. One process never exceeds the quota; each further
one may exceed it by that part, because it may have counted just before the others stored theirs.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from job_processor.core.errors import TooManyWaiting
from job_processor.store.base import Store

SHARE = 64
"""Of a shared store a count allows this part of what is left, at least one job."""
FRESH_SECONDS = 1.0
"""How long a count is used."""
REFUSED_SECONDS = 0.25
"""How long a count that left nothing is used: refused submits must not keep the store counting."""
MAX_OWNERS = 2_000


@dataclass(eq=False, slots=True)
class _Owner:
    allowed: int = 0
    until: float = float("-inf")
    is_full: bool = False
    under_way: int = 0
    """Submits that were allowed and are not stored yet: a count may have missed them."""
    counting: "asyncio.Future[None] | None" = field(default=None, repr=False)
    stored: "asyncio.Future[None] | None" = field(default=None, repr=False)
    """Done at the next ``leave``: as many as one count allows are under way."""


class WaitingQuota:
    """``most``: jobs; 0: any number. ``monotonic`` gives seconds; tests pass their own."""

    def __init__(self, store: Store, most: int = 0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._store = store
        self._share = SHARE if store.info.shared else 1
        self._monotonic = monotonic
        self._owners: OrderedDict[str, _Owner] = OrderedDict()

    def enter_at_once(self, owner: str) -> bool:
        """Allow one more job, if the last count allows it; ``leave`` must follow. ``False``: call ``enter``.

        Nearly every submit needs no more than this: it makes no coroutine and no object.
        """
        known = self._owners.get(owner)
        if known is None or not known.allowed or self._monotonic() >= known.until:
            return False
        known.allowed -= 1
        known.under_way += 1
        return True

    async def enter(self, owner: str) -> None:
        """Allow one more job; ``leave`` must follow. Raises ``TooManyWaiting`` and ``StoreUnavailable``."""
        known = self._owner(owner)
        while not self.enter_at_once(owner):
            if self._monotonic() < known.until:
                if known.is_full:
                    raise TooManyWaiting(f"{self.most:,} jobs of this key are waiting; submit more when some are done.")
                if known.stored is not None:
                    await asyncio.shield(known.stored)
                    continue
            if known.counting is not None:
                await asyncio.shield(known.counting)
                continue
            counting = known.counting = asyncio.get_running_loop().create_future()
            try:
                await self._count(owner, known)
            finally:
                known.counting = None
                counting.set_result(None)

    async def enter_together(self, owner: str, number: int) -> None:
        """Allow so many jobs more, or none; ``leave`` with the same number must follow. Raises ``TooManyWaiting``.

        What other submits were allowed counts as stored, so that together they do not exceed the quota.
        """
        known = self._owner(owner)
        before = known.under_way + known.allowed
        left = (
            self.most - await self._store.count_waiting(owner, self.most) - max(before, known.under_way + known.allowed)
        )
        if left < number:
            raise TooManyWaiting(
                f"The key may have {self.most:,} waiting jobs, now {max(0, left):,} more; the batch has {number:,}."
            )
        known.under_way += number

    def leave(self, owner: str, number: int = 1) -> None:
        """The jobs are stored, or they are not and never will be."""
        known = self._owners.get(owner)
        if known is not None and known.under_way:
            known.under_way = known.under_way - number if known.under_way > number else 0
            if known.stored is not None:
                known.stored.set_result(None)
                known.stored = None

    async def _count(self, owner: str, known: _Owner) -> None:
        under_way = known.under_way
        left = self.most - await self._store.count_waiting(owner, self.most) - under_way
        # Those that were stored meanwhile may have been counted twice: then it is not known whether it is full.
        known.is_full = left + max(0, under_way - known.under_way) <= 0
        known.allowed = 0 if left <= 0 else max(0, max(1, left // self._share) - known.under_way)
        if not known.is_full and not known.allowed and known.under_way and known.stored is None:
            known.stored = asyncio.get_running_loop().create_future()
        known.until = self._monotonic() + (REFUSED_SECONDS if known.is_full else FRESH_SECONDS)

    def _owner(self, owner: str) -> _Owner:
        known = self._owners.get(owner)
        if known is None:
            known = self._owners[owner] = _Owner()
        self._owners.move_to_end(owner)
        if len(self._owners) > MAX_OWNERS:
            self._owners.popitem(last=False)
        return known
