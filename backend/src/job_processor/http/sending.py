"""Sends responses: head and body in one write, with a timeout and a memory budget for clients that do not read."""

import asyncio

from job_processor.http.budget import Budget

WRITE_TIMEOUT_SECONDS = 30.0
"""Timeout without the client reading a byte."""


class WriteBuffer:
    """Watches the write buffer of one connection: it must shrink within a timeout, and all of them share a budget."""

    def __init__(self, transport: asyncio.Transport, budget: Budget) -> None:
        self._transport = transport
        self._budget = budget
        self._waiting = 0
        self._reading_since: float | None = None

    def is_stuck(self, now: float) -> bool:
        """Whether the client has read nothing for ``WRITE_TIMEOUT_SECONDS``. To be called about once a second.

        ``now``: seconds of the event loop's clock.
        """
        waiting = self._transport.get_write_buffer_size()
        if waiting == 0 or waiting < self._waiting:
            self._reading_since = None
        if waiting and self._reading_since is None:
            self._reading_since = now
        self._waiting = waiting
        return self._reading_since is not None and now - self._reading_since > WRITE_TIMEOUT_SECONDS

    def count(self) -> None:
        """Update the budget: writing was paused or resumed."""
        self._budget.hold(self, self._transport.get_write_buffer_size())

    def end(self) -> None:
        self._budget.hold(self, 0)

    def evict(self) -> None:
        """The budget is exceeded, and this connection is one of the largest holders: abort it."""
        self.end()
        self._transport.abort()


class CoalescingTransport:
    """A transport that buffers the head of a response and writes it together with the body, and with header lines that
    uvicorn need not check.

    uvicorn sends head and body separately; the second send is a fifth of the cost of a small response.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._lines = b""
        self.is_closing = transport.is_closing

    def add_lines(self, lines: bytes) -> None:
        """Put these lines, each ending with CRLF, into the head that is written next. They must be valid header lines,
        because they are not checked."""
        self._lines = lines

    def write(self, data: bytes) -> None:
        if self.is_closing():
            # Discard it. Of several pipelined requests uvicorn tells only the last one that the connection is closed,
            # so an earlier one may still write.
            return
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data[:-2] + self._lines + b"\r\n"
            self._lines = b""
        elif data:
            self._transport.write(data)

    def flush(self) -> None:
        """Write a head that is still held back: the response to HEAD has no body."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)
