"""Rate limits of keys and addresses. A process takes permits from the store in batches, so that a request costs no
round trip, and all processes together never let more through than one limit allows (``core.permits``)."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from job_processor.core.errors import StoreUnavailable
from job_processor.core.permits import SECOND_MS, USE_MS, Grant, Limits
from job_processor.store.base import Permits
from job_processor.store.permit_table import PermitTable

MAX_NAMES = 10_000
"""Maximum number of keys and addresses in memory; beyond it the one is dropped that asked for permits least
recently. Those in use ask again after ``USE_MS``."""
MAX_TAKES = 16
"""Maximum number of concurrent requests to the store; beyond it a process decides alone, so that an attack from many
addresses cannot overload the store."""
TAKE_SECONDS = 0.5
"""Timeout of such a request; after it the process decides alone."""
LARGEST_SHARE = 20
"""A batch is at most the limit divided by this: permits that a process does not use are lost to others for a minute."""
ALONE_SHARE = 10
"""Each process grants an address its limit divided by this without the store, so that most addresses never need it."""


@dataclass(eq=False, slots=True)
class Standing:
    """The permits that a key or address has left. Times: ``monotonic``, seconds."""

    limit: int
    permits: int = 0
    until: float = 0.0
    left: int = 0
    more_at: float = 0.0
    seen_at: float = 0.0
    """When it was last asked for."""
    batch: int = 1
    taken_at: float = float("-inf")
    refused_until: int = 0
    """Milliseconds of the store's clock: no permit is to be had before."""
    taking: "asyncio.Future[None] | None" = field(default=None, repr=False)


class RateLimits:
    """``monotonic`` gives seconds; tests pass their own."""

    def __init__(self, store: Permits, limits: Limits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.monotonic = monotonic
        self._store = store
        self._standings: OrderedDict[str, Standing] = OrderedDict()
        self._alone = PermitTable()
        self._takes = 0

    @property
    def names(self) -> int:
        """The number of keys and addresses in memory."""
        return len(self._standings)

    def use(self, name: str, limit: int) -> Standing | None:
        """Use a permit that this process has. ``None``: it has none; call ``admit``."""
        standing = self._standings.get(name)
        if (
            standing is None
            or not standing.permits
            or standing.limit != limit
            or (now := self.monotonic()) >= standing.until
        ):
            return None
        standing.permits -= 1
        standing.seen_at = now
        return standing

    async def admit(self, name: str, limit: int, *, alone: bool = False) -> tuple[Standing, bool]:
        """Use a permit, if there is one. ``alone``: the first permits of the limit are granted without the store."""
        while True:
            if (used := self.use(name, limit)) is not None:
                return used, True
            standing = self._standing(name, limit)
            if standing.taking is not None:
                await asyncio.shield(standing.taking)
                continue
            if self._store.now() < standing.refused_until:
                standing.seen_at = self.monotonic()
                return standing, False
            taking = standing.taking = asyncio.get_running_loop().create_future()
            try:
                await self._take(name, standing, alone=alone)
            finally:
                standing.taking = None
                taking.set_result(None)

    def _standing(self, name: str, limit: int) -> Standing:
        standing = self._standings.get(name)
        if standing is None or standing.limit != limit:
            standing = self._standings[name] = Standing(limit)
            if len(self._standings) > MAX_NAMES:
                self._standings.popitem(last=False)
        self._standings.move_to_end(name)
        return standing

    async def _take(self, name: str, standing: Standing, *, alone: bool) -> None:
        """Fill ``standing`` with the next batch, or set until when there is none."""
        began = self.monotonic()
        if began - standing.taken_at < USE_MS / 1000:
            # The last batch was used up quickly.
            standing.batch = min(max(1, standing.limit // LARGEST_SHARE), standing.batch * 2)
        else:
            standing.batch = max(1, standing.batch // 2)
        now = self._store.now()
        grant, more = None, 0
        if alone and (share := standing.limit // ALONE_SHARE):
            more = standing.limit - share
            first = self._alone.take(f"first {name}", now, share, standing.batch)
            grant = first if first.permits else None
        if grant is None:
            grant, more = await self._granted(name, now, more or standing.limit, standing.batch), 0
        standing.permits = grant.permits
        standing.left = grant.left + more
        standing.until = began + USE_MS / 1000
        standing.taken_at = began
        standing.more_at = began + (grant.more_at - (grant.until - USE_MS)) / SECOND_MS
        standing.refused_until = 0 if grant.permits else grant.more_at

    async def _granted(self, name: str, now: int, limit: int, wanted: int) -> Grant:
        if self._takes < MAX_TAKES:
            self._takes += 1
            try:
                async with asyncio.timeout(TAKE_SECONDS):
                    return await self._store.take_permits(name, limit, wanted)
            except (StoreUnavailable, TimeoutError):
                pass
            finally:
                self._takes -= 1
        # Without the store the process decides alone: a limiter must not make an outage worse.
        return self._alone.take(name, now, limit, wanted)
