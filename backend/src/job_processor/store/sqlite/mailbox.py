"""From the event loop to a thread: what one turn of the loop asks for arrives in one wake-up of the thread."""

import asyncio
import contextlib
import queue
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """``put`` and ``close`` belong to the event loop, ``take`` to the thread."""

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
        """Whatever was put before is still taken."""
        self._hand_over()
        self._queue.put(None)

    def take(self, enough: int) -> list[T]:
        """All that waits, waiting for the first; stops asking for more at ``enough``. Empty: closed."""
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
