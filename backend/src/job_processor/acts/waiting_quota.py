"""The quota of waiting jobs: how many jobs of one owner may be PENDING at once.

The jobs are not counted at each submit. A count allows as many submits as the quota has left; in a store that several
processes share, only a small share of that. One process never exceeds the quota. Each further process may exceed it by
its share, because it may have counted just before the others stored their jobs.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from job_processor.core.counted import counted
from job_processor.core.errors import TooManyWaiting
from job_processor.store.base import Store

SHARE = 64
"""In a shared store a count allows the rest of the quota divided by this, at least one job."""
FRESH_SECONDS = 1.0
"""How long a count is used."""
REFUSED_SECONDS = 0.25
"""How long a count that left nothing is used, so that refused submits do not make the store count all the time."""
MAX_OWNERS = 2_000
"""How many owners are remembered, besides those whose submits are under way."""


@dataclass(eq=False, slots=True)
class Allowance:
    """What an owner may still submit, by the last count, and what is under way."""

    allowed: int = 0
    until: float = float("-inf")
    is_full: bool = False
    under_way: int = 0
    """Number of submits that were allowed and are not stored yet: a count may not include them."""
    counting: "asyncio.Future[None] | None" = field(default=None, repr=False)
    stored: "asyncio.Future[None] | None" = field(default=None, repr=False)
    """Done at the next ``leave``. Set while as many submits as one count allows are not stored yet."""

    @property
    def is_in_use(self) -> bool:
        return self.under_way > 0 or self.counting is not None

    def leave(self, number: int = 1) -> None:
        """The submit of the jobs is over: they are stored, or never will be."""
        self.under_way -= number
        if self.stored is not None:
            self.stored.set_result(None)
            self.stored = None


@contextlib.contextmanager
def _counting(known: Allowance) -> Iterator[None]:
    """One count of an owner's jobs at a time: others wait for ``counting``."""
    counting = known.counting = asyncio.get_running_loop().create_future()
    try:
        yield
    finally:
        known.counting = None
        counting.set_result(None)


class WaitingQuota:
    """``most``: maximum number of jobs; 0: any number. ``monotonic`` gives seconds; tests pass their own."""

    def __init__(self, store: Store, most: int = 0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._store = store
        self._share = SHARE if store.info.shared else 1
        self._monotonic = monotonic
        self._owners: OrderedDict[str, Allowance] = OrderedDict()

    def enter_at_once(self, owner: str) -> Allowance | None:
        """Allow one more job, if the last count allows it; ``leave`` must follow. ``None``: call ``enter``.

        Nearly every submit needs no more than this: it makes no coroutine and no object.
        """
        known = self._owners.get(owner)
        if known is None or not known.allowed or self._monotonic() >= known.until:
            return None
        known.allowed -= 1
        known.under_way += 1
        return known

    async def enter(self, owner: str) -> Allowance:
        """Allow one more job; ``leave`` must follow. Raises ``TooManyWaiting`` and ``StoreUnavailable``."""
        while (allowance := self.enter_at_once(owner)) is None:
            # Again after each wait: meanwhile the owner may have been forgotten.
            known = self._owner(owner)
            if self._monotonic() < known.until:
                if known.is_full:
                    raise TooManyWaiting(
                        f"The key has {counted(self.most, 'waiting job')}, the most it may have; "
                        "submit more when some are done."
                    )
                if known.stored is not None:
                    await asyncio.shield(known.stored)
                    continue
            if known.counting is not None:
                await asyncio.shield(known.counting)
                continue
            with _counting(known):
                await self._count(owner, known)
        return allowance

    async def enter_together(self, owner: str, number: int) -> Allowance:
        """Allow ``number`` more jobs or none; ``leave`` with the same number must follow. Raises ``TooManyWaiting``.

        What an earlier count allows and no submit has used yet is taken back first: it is part of what is left. Submits
        that are under way count as stored, so that all together do not exceed the quota.
        """
        known = self._owner(owner)
        while known.counting is not None:
            await asyncio.shield(known.counting)
            known = self._owner(owner)
        with _counting(known):
            known.allowed = 0
            under_way = known.under_way
            left = self.most - await self._store.count_waiting(owner, self.most) - under_way
            if left < number:
                raise TooManyWaiting(
                    f"The key may have {counted(self.most, 'waiting job')}, now {max(0, left):,} more; "
                    f"the batch has {number:,}."
                )
            known.under_way += number
        return known

    async def _count(self, owner: str, known: Allowance) -> None:
        under_way = known.under_way
        room = self.most - await self._store.count_waiting(owner, self.most)
        left = room - under_way
        # The count may include jobs that are under way: only what is stored fills the quota for certain.
        known.is_full = room <= 0
        # In a shared store, those under way and those that are allowed now are together at most one share.
        share = left if self._share == 1 else max(1, left // self._share) - known.under_way
        known.allowed = max(0, share) if left > 0 else 0
        if not known.is_full and not known.allowed and known.under_way and known.stored is None:
            known.stored = asyncio.get_running_loop().create_future()
        known.until = self._monotonic() + (REFUSED_SECONDS if known.is_full else FRESH_SECONDS)

    def _owner(self, owner: str) -> Allowance:
        known = self._owners.get(owner)
        if known is not None:
            self._owners.move_to_end(owner)
            return known
        if len(self._owners) >= MAX_OWNERS:
            # Not one in use: its submits under way would no longer count, and those that wait for it would never go on.
            idle = next((one for one, other in self._owners.items() if not other.is_in_use), None)
            if idle is not None:
                del self._owners[idle]
        known = self._owners[owner] = Allowance()
        return known
