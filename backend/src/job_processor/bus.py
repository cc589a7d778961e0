"""Live fan-out inside one process. A slow listener never holds up another: its notices coalesce by job."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from job_processor.store.base import Notice, Resync

PENDING_LIMIT = 5_000
"""Different jobs a listener may have waiting before it is told to fetch everything anew."""


class Listener:
    """What one follower has not yet taken: the newest notice of each job, in order of change."""

    def __init__(self, job_id: str | None) -> None:
        self._job_id = job_id
        self._waiting: dict[str, Notice] = {}
        self._resync: Resync | None = None
        self._wake = asyncio.Event()
        self.closed = False

    def put(self, notice: Notice | Resync) -> None:
        if isinstance(notice, Resync):
            self._waiting.clear()
            self._resync = notice
        elif self._job_id is None or self._job_id == notice.job_id:
            # Taken out first, so that the dict stays in order of change.
            self._waiting.pop(notice.job_id, None)
            self._waiting[notice.job_id] = notice
            if len(self._waiting) > PENDING_LIMIT:
                self._waiting.clear()
                self._resync = Resync(notice.position)
        else:
            return
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def take(self) -> list[Notice | Resync]:
        """All that waits, waiting for the first; an empty list when the bus has closed."""
        await self._wake.wait()
        self._wake.clear()
        taken: list[Notice | Resync] = [] if self._resync is None else [self._resync]
        taken.extend(self._waiting.values())
        self._resync = None
        self._waiting = {}
        if self.closed:
            self._wake.set()
        return taken


class Bus:
    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    @property
    def closed(self) -> bool:
        return self._closed

    def publish(self, notice: Notice | Resync) -> None:
        for listener in self._listeners:
            listener.put(notice)

    @contextmanager
    def listen(self, job_id: str | None = None) -> Iterator[Listener]:
        """A listener for every job, or for one."""
        listener = Listener(job_id)
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream: the process is stopping."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
