"""Publish/subscribe of change notices within this process.

Publishing never waits. The pending notices of a slow listener are coalesced: only the newest one of each job is kept.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from job_processor.core.bulk import BulkAction
from job_processor.store.base import Notice, Resync

PENDING_LIMIT = 5_000
"""Maximum number of jobs with pending notices per listener; beyond it one ``Resync`` replaces them all."""


class Listener:
    """A subscriber with its queue: the newest notice of each job, in order of change, and of each bulk action.

    ``flows``: the flows whose jobs it gets notices of; ``None``: all.
    """

    def __init__(self, flows: Collection[str] | None = None) -> None:
        self._flows = flows
        self._waiting: dict[str, Notice] = {}
        self._resync: Resync | None = None
        self._bulk: dict[str, BulkAction] = {}
        self._wake = asyncio.Event()
        self.closed = False

    def put(self, notice: Notice | Resync) -> None:
        """Queue the notice, in place of an older one of the same job."""
        if isinstance(notice, Resync):
            self._waiting.clear()
            self._resync = notice
        elif self._flows is not None and notice.flow not in self._flows:
            # Do not wake the listener: the times at which it sends would reveal changes in other flows.
            return
        else:
            # Remove the old notice first, so that the dict stays in order of change.
            self._waiting.pop(notice.job_id, None)
            self._waiting[notice.job_id] = notice
            if len(self._waiting) > PENDING_LIMIT:
                self._waiting.clear()
                self._resync = Resync(notice.position)
        self._wake.set()

    def put_bulk_action(self, action: BulkAction) -> None:
        if action.seen_by(None if self._flows is None else frozenset(self._flows)):
            self._bulk[action.id] = action
            self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def take(self) -> list[Notice | Resync]:
        """Wait until something is pending, and take all pending notices. The list is empty if only bulk actions are
        pending, or if the listener was closed."""
        await self._wake.wait()
        self._wake.clear()
        taken: list[Notice | Resync] = [] if self._resync is None else [self._resync]
        taken.extend(self._waiting.values())
        self._resync = None
        self._waiting = {}
        if self.closed:
            self._wake.set()
        return taken

    def take_bulk_actions(self) -> list[BulkAction]:
        """Take the bulk actions that changed since the last call."""
        taken, self._bulk = list(self._bulk.values()), {}
        return taken


class Bus:
    """The listeners of this process: to all jobs, and to single jobs."""

    def __init__(self) -> None:
        self._of_all: set[Listener] = set()
        self._of_one: dict[str, set[Listener]] = {}
        self._closed = False

    @property
    def listeners(self) -> int:
        return len(self._of_all) + sum(map(len, self._of_one.values()))

    @property
    def listeners_of_all(self) -> int:
        return len(self._of_all)

    @property
    def closed(self) -> bool:
        return self._closed

    def publish(self, notice: Notice | Resync) -> None:
        """Queue the notice for the listeners to its job and to all jobs. Listeners to other jobs cost no time."""
        for listener in self._of_all:
            listener.put(notice)
        if isinstance(notice, Resync):
            for listeners in self._of_one.values():
                for listener in listeners:
                    listener.put(notice)
        else:
            for listener in self._of_one.get(notice.job_id, ()):
                listener.put(notice)

    def publish_bulk_action(self, action: BulkAction) -> None:
        """Queue the changed bulk action for the listeners to all jobs."""
        for listener in self._of_all:
            listener.put_bulk_action(action)

    @contextmanager
    def listen(self, job_id: str | None = None, flows: Collection[str] | None = None) -> Iterator[Listener]:
        """Subscribe a listener to one job; to all jobs (of these flows) if ``job_id`` is ``None``."""
        listener = Listener(flows)
        if self._closed:
            listener.close()
        subscribed = self._of_all if job_id is None else self._of_one.setdefault(job_id, set())
        subscribed.add(listener)
        try:
            yield listener
        finally:
            subscribed.discard(listener)
            if job_id is not None and not subscribed:
                self._of_one.pop(job_id, None)

    def close(self) -> None:
        """Close every listener, because the process is stopping."""
        self._closed = True
        for listeners in (self._of_all, *self._of_one.values()):
            for listener in listeners:
                listener.close()
