"""How answers leave: their head together with their body, and only as long as the other side takes them."""

import asyncio

from job_processor.http.budget import Budget

WRITE_SECONDS = 30.0
"""Without a byte taken by the other side."""


class Sending:
    """What waits to be taken by the other side: it must become less within a time, and all together has a bound."""

    def __init__(self, transport: asyncio.Transport, budget: Budget) -> None:
        self._transport = transport
        self._budget = budget
        self._waiting = 0
        self._since: float | None = None

    def is_stuck(self, now: float) -> bool:
        """Has nothing been taken for so long that nobody reads there? Asked about once a second."""
        waiting = self._transport.get_write_buffer_size()
        if waiting == 0 or waiting < self._waiting:
            self._since = None
        if waiting and self._since is None:
            self._since = now
        self._waiting = waiting
        return self._since is not None and now - self._since > WRITE_SECONDS

    def count(self) -> None:
        """More waits than a little, or no longer."""
        self._budget.hold(self, self._transport.get_write_buffer_size())

    def end(self) -> None:
        self._budget.hold(self, 0)

    def give_up(self) -> None:
        """More cannot be kept, and nothing can be said to whoever does not read."""
        self.end()
        self._transport.abort()


class Corked:
    """A transport that keeps the head of an answer until its body comes, so that both are one send.

    uvicorn writes them apart, and every send wakes the receiver: a fifth of the cost of a small answer.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self.is_closing():
            # Nobody gets it any more. Of several requests on a connection uvicorn tells the last one alone that it is
            # closed, and one before that may still be answering.
            return
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
        elif data:
            self._transport.write(data)

    def close(self) -> None:
        self.write(b"")
        self._transport.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
