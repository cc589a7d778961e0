"""What jobs wait for: lanes and counts, read once for everybody who asks at the same time.

No answer to a write may depend on this: the job is stored by then, and a count that fails or takes long says
nothing about it. ``recent`` never raises and never takes long; ``read`` is for whoever asks for the counts themselves.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from job_processor.core.errors import StoreUnavailable
from job_processor.core.job import IN_FLIGHT
from job_processor.core.lane import Lane
from job_processor.store.base import Counts, Store

FRESH_SECONDS = 0.5
"""For so long a read is given out again."""
KEPT_SECONDS = 30.0
"""After that a read that could not be renewed is no longer given out."""
PATIENCE_SECONDS = 0.1
"""What ``recent`` waits for a read at the most."""


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """Lanes and counts of one moment. ``read_at`` is in seconds of a monotonic clock."""

    lanes: Mapping[str, Lane]
    counts: Counts
    read_at: float

    def in_flight(self, flow: str) -> int:
        return sum(self.counts.by_state.get((flow, state), 0) for state in IN_FLIGHT)


class FlowStatusCache:
    """At most one read is under way at a time."""

    def __init__(self, store: Store, steady: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._steady = steady
        self._known: FlowStatus | None = None
        self._took = 0.0
        self._reading: asyncio.Task[FlowStatus] | None = None

    async def read(self) -> FlowStatus:
        """From a read that began after this call. Raises ``StoreUnavailable``."""
        if self._reading is not None and not self._reading.done():
            # It began before: what the caller has just written may be missing from it.
            await asyncio.wait([self._reading])
        return await asyncio.shield(self._begun())

    async def recent(self, seconds: float = PATIENCE_SECONDS) -> FlowStatus | None:
        """The newest there is, waiting for a read for so many seconds; ``None`` when nobody can tell."""
        known = self._usable(FRESH_SECONDS)
        if known is not None:
            return known
        reading = self._begun()
        known = self._usable(KEPT_SECONDS)
        if known is None or self._took < seconds:
            await asyncio.wait([reading], timeout=seconds)
        return self._usable(KEPT_SECONDS)

    async def newest(self, seconds: float) -> FlowStatus | None:
        """As ``read`` if that takes no longer than so many seconds, else as ``recent``."""
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.read()
        return self._usable(KEPT_SECONDS)

    def _usable(self, seconds: float) -> FlowStatus | None:
        known = self._known
        return known if known is not None and self._steady() - known.read_at <= seconds else None

    def _begun(self) -> "asyncio.Task[FlowStatus]":
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="status")
            # Nobody may be waiting any more when it fails.
            self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._reading

    async def _read(self) -> FlowStatus:
        began = self._steady()
        lanes = {lane.flow: lane for lane in await self._store.lanes()}
        self._known = FlowStatus(lanes, await self._store.counts(), began)
        self._took = self._steady() - began
        return self._known
