"""A cache of all lanes and job counts; concurrent requests share one read.

Responses to writes use ``recent``, which never raises and has a short timeout: the job is already stored, so a slow or
failing count must not fail the request. ``read`` is for requests that ask for the counts themselves.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.job import IN_FLIGHT
from job_processor.core.lane import Lane, open_lane
from job_processor.store.base import Counts, Store

FullKeys = Mapping[str, Mapping[int, int | None]]
FRESH_SECONDS = 0.5
"""Maximum age of a cached read that is used without reading again."""
MAX_STALE_SECONDS = 30.0
"""Maximum age of a cached read that is used when a new read fails or is slow."""
READ_TIMEOUT_SECONDS = 0.1
"""Default timeout of ``recent``."""


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """Lanes, and jobs in flight by the flow whose processor has them, and all counts, from one read.

    ``read_at``: start of the read in seconds of a monotonic clock; ``full_keys``: of the flows that limit keys, what
    ``Store.full_keys`` says.
    """

    lanes: Mapping[str, Lane]
    in_flight: Mapping[str, int]
    counts: Counts
    read_at: float
    full_keys: FullKeys = field(default_factory=dict)

    @classmethod
    def of(
        cls, lanes: Iterable[Lane], counts: Counts, read_at: float = 0.0, full_keys: FullKeys | None = None
    ) -> "FlowStatus":
        in_flight: Counter[str] = Counter()
        for (flow, state), count in counts.by_state.items():
            if state in IN_FLIGHT:
                in_flight[flow] += count
        for (flow, _), count in counts.fallen_back.items():
            # Not below 0: the two were not counted at the same moment.
            in_flight[flow] = max(0, in_flight[flow] - count)
        for (_, via), count in counts.fallen_back.items():
            in_flight[via] += count
        return cls({lane.flow: lane for lane in lanes}, in_flight, counts, read_at, full_keys or {})

    def of_limit(self, limit: SharedLimit) -> tuple[Lane, int]:
        """The lane of a limit that flows share, and the jobs in flight of its flows."""
        name = limit.rules.name
        return self.lanes.get(name) or open_lane(name), sum(self.in_flight.get(flow, 0) for flow in limit.flows)


class FlowStatusCache:
    """At most one read runs at a time. ``monotonic`` gives seconds; tests pass their own. ``limiting``: the flows that
    limit keys."""

    def __init__(
        self, store: Store, monotonic: Callable[[], float] = time.monotonic, limiting: Sequence[FlowRules] = ()
    ) -> None:
        self._store = store
        self._limiting = limiting
        self._monotonic = monotonic
        self._cached: FlowStatus | None = None
        self._last_read_seconds = 0.0
        self._reading: asyncio.Task[FlowStatus] | None = None

    async def read(self) -> FlowStatus:
        """The result of a read that begins after this call. Raises ``StoreUnavailable``."""
        if self._reading is not None and not self._reading.done():
            # That read may have begun before the caller's own write.
            await asyncio.wait([self._reading])
        return await asyncio.shield(self._start_read())

    async def recent(self, seconds: float = READ_TIMEOUT_SECONDS) -> FlowStatus | None:
        """The cached value if it is fresh, else a new one if the read ends within ``seconds``, else a stale one.

        With a stale one it does not wait at all if the last read took longer than ``seconds``. ``None`` if there is no
        value younger than ``MAX_STALE_SECONDS``.
        """
        known = self._usable(FRESH_SECONDS)
        if known is not None:
            return known
        reading = self._start_read()
        known = self._usable(MAX_STALE_SECONDS)
        if known is None or self._last_read_seconds < seconds:
            await asyncio.wait([reading], timeout=seconds)
        return self._usable(MAX_STALE_SECONDS)

    async def read_within(self, seconds: float) -> FlowStatus | None:
        """As ``read``, with a timeout in seconds. When it fails or times out: the cached value, or ``None`` if that is
        older than ``MAX_STALE_SECONDS``."""
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.read()
        return self._usable(MAX_STALE_SECONDS)

    def _usable(self, seconds: float) -> FlowStatus | None:
        known = self._cached
        return known if known is not None and self._monotonic() - known.read_at <= seconds else None

    def _start_read(self) -> "asyncio.Task[FlowStatus]":
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="status")
            # Retrieve the exception, else asyncio logs it when no caller is waiting any more.
            self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._reading

    async def _read(self) -> FlowStatus:
        began = self._monotonic()
        lanes = await self._store.lanes()
        full_keys = {rules.name: await self._store.full_keys(rules) for rules in self._limiting}
        self._cached = FlowStatus.of(lanes, await self._store.counts(), began, full_keys)
        self._last_read_seconds = self._monotonic() - began
        return self._cached
