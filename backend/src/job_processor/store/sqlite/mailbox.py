"""A queue from the event loop to a thread. All items put in one turn of the loop wake the thread once."""

import asyncio
import contextlib
import queue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """``put`` and ``close`` are called on the event loop, ``take`` in the thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._gathered: list[T] = []
        self._queue: queue.SimpleQueue[list[T] | None] = queue.SimpleQueue()
        self._closed = False

    def put(self, item: T) -> None:
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(item)

    def close(self) -> None:
        """Items put before are still taken."""
        self._hand_over()
        self._queue.put(None)

    def take(self, enough: int) -> list[T]:
        """Wait for an item, then return all that are queued, about ``enough`` at most. Empty: the queue is closed."""
        taken: list[T] = []
        if self._closed:
            return taken
        with contextlib.suppress(queue.Empty):
            letters = self._queue.get()
            while letters is not None:
                taken += letters
                if len(taken) >= enough:
                    return taken
                letters = self._queue.get_nowait()
            self._closed = True
        return taken

    def _hand_over(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._queue.put(gathered)
