"""The queue of one follower of the store. A commit puts all its notices at once; a take returns all queued notices."""

import asyncio
from collections.abc import Sequence

from job_processor.store.base import Notice, Resync

WATCH_LIMIT = 5_000
"""Notices that may wait for a follower before it gets ``Resync`` instead."""


class Watcher:
    def __init__(self) -> None:
        self._waiting: list[Notice | Resync] = []
        self._wake = asyncio.Event()
        self.closed = False

    def put(self, notices: Sequence[Notice]) -> None:
        if len(self._waiting) + len(notices) > WATCH_LIMIT:
            self._waiting = [Resync(notices[-1].position)]
        else:
            self._waiting.extend(notices)
        self._wake.set()

    def close(self) -> None:
        """Close the queue. Notices that are in it can still be taken."""
        self.closed = True
        self._wake.set()

    async def take(self) -> list[Notice | Resync]:
        """Wait for notices and take them all; an empty list: the queue is closed."""
        await self._wake.wait()
        taken, self._waiting = self._waiting, []
        if not self.closed:
            self._wake.clear()
        return taken
