"""The whole interface of a store: jobs, batches, callbacks, lanes, changes, keys, audit, permits, webhooks and
series, and the methods of the store itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.store.base.access import Access
from job_processor.store.base.audit import Audit
from job_processor.store.base.batches import Batches
from job_processor.store.base.bulk import Bulk
from job_processor.store.base.callbacks import Callbacks
from job_processor.store.base.changes import Changes
from job_processor.store.base.jobs import Jobs
from job_processor.store.base.lanes import Lanes
from job_processor.store.base.permits import Permits
from job_processor.store.base.series import Series
from job_processor.store.base.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process. ``seen_at``: its last heartbeat. ``clock_trusted``: whether it trusted its clock at that
    heartbeat."""

    id: str
    name: str
    flows: tuple[str, ...]
    running: int
    started_at: int
    seen_at: int
    clock_trusted: bool = True


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """The properties of a store; known before it is open, except for ``detail`` and ``changes_arrive``.

    ``kind`` and ``detail`` are for people. ``shared``: other processes may use the same data at the same time.
    ``max_concurrency``: the highest concurrency of a flow that it can hold; ``None``: any. ``changes_arrive``: this
    process is told of changes as they happen; otherwise it polls, or is cut off from them.
    """

    kind: str
    detail: str
    shared: bool
    max_concurrency: int | None = None
    changes_arrive: bool = True


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a start would find, in lines for people. ``as_expected``: every query is answered in the expected way."""

    lines: Sequence[str]
    as_expected: bool = True


class Store(Jobs, Batches, Callbacks, Lanes, Changes, Access, Audit, Permits, Bulk, Webhooks, Series, Protocol):
    """The interface of a driver, over one set of data.

    ``record``, wherever a write takes it: an entry of the audit that is stored together with the write, and not stored
    if nothing was written.
    """

    @property
    def info(self) -> StoreInfo: ...

    def now(self) -> int:
        """Milliseconds since 1970, the same in every process. Leases and ``run_at`` are measured by it."""
        ...

    async def open(self) -> None:
        """Make the store ready: schema, indexes, locks.

        Raises ``StoreRefused`` when it cannot be used as it is. A store for a single process ends the leases that a
        crashed process left, so that the reaper handles them at once.
        """
        ...

    async def close(self) -> None:
        """Finish the running operations and close. May be called twice."""
        ...

    def queue_seconds(self) -> float:
        """Estimated seconds until a write submitted now is stored, from the durations of the latest writes."""
        ...

    async def ping(self) -> None:
        """Return if the store could write now. Raises ``StoreUnavailable`` otherwise."""
        ...

    async def record_heartbeat(self, worker: Worker) -> None:
        """Store a worker's heartbeat."""
        ...

    async def workers(self, seen_after: int) -> Sequence[Worker]:
        """Workers whose last heartbeat is not older than this."""
        ...
