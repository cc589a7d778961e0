"""A queue from the event loop to a thread. All items put in one turn of the loop wake the thread once.

Items that can wait are taken after the others, but are never held up for ever.
"""

import asyncio
import queue
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")
LATER_SHARE = 8
"""One of this many places in each batch is reserved for items that can wait, if there are any."""


class Mailbox(Generic[T]):
    """``put`` and ``close`` are called on the event loop, ``take`` in the thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._gathered: list[tuple[T, bool]] = []
        self._queue: queue.SimpleQueue[list[tuple[T, bool]] | None] = queue.SimpleQueue()
        self._first: deque[T] = deque()
        self._later: deque[T] = deque()
        self._closed = False

    def put(self, item: T, *, can_wait: bool = False) -> None:
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append((item, can_wait))

    def close(self) -> None:
        """Close the queue. Items that are in it can still be taken."""
        self._hand_over()
        self._queue.put(None)

    def take(self, most: int) -> list[T]:
        """Wait for an item, then return up to ``most`` queued items. Empty: the queue is closed."""
        self._sort()
        first, later = self._first, self._later
        late = min(len(later), max(most // LATER_SHARE, most - len(first)))
        taken = [first.popleft() for _ in range(min(len(first), most - late))]
        taken += [later.popleft() for _ in range(late)]
        return taken

    def _sort(self) -> None:
        """Sort all queued items into the two lists; wait for an item if both are empty."""
        while not self._closed:
            wait = not self._first and not self._later
            try:
                items = self._queue.get(block=wait)
            except queue.Empty:
                return
            if items is None:
                self._closed = True
                return
            for item, can_wait in items:
                (self._later if can_wait else self._first).append(item)

    def _hand_over(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._queue.put(gathered)
