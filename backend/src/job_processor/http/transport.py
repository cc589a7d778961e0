"""What uvicorn leaves out: receive deadlines, limits on the head of a request, and streams that end at shutdown.

Deadlines are checked by one sweep a second over all connections, which costs a request nothing.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

HEAD_SECONDS = 10.0
"""From the first byte (or the connection) to the end of the headers."""
BODY_SECONDS = 30.0
"""From the first byte to the end of the body."""
WRITE_SECONDS = 30.0
"""Without a byte taken by the other side."""
LINGER_SECONDS = 30.0
LINGER_IDLE_SECONDS = 5.0
LINGER_BYTES = 128 * 1024 * 1024
"""For so long, and so many bytes, what is sent after an answer that came early is read on and thrown away; less long
when nothing more comes. A client that writes its whole body before it reads would see a reset instead of the answer,
were the connection closed at once."""
MAX_HEAD_BYTES = 16 * 1024
MAX_UNREAD_HEAD_BYTES = 512 * 1024
"""What may come before the end of a head: the parser keeps an unfinished header to itself. Above one read's size."""
MAX_HEADERS = 100
MAX_URL_BYTES = 8 * 1024
FOLLOWED = "followed"
"""Stands in the scope of a request when the next one of its connection has come before it was answered."""

_REASONS = {408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large"}


class _Refused(Exception):
    """Raised inside a parser callback; httptools turns it into its own error."""


class Sending:
    """Whether the other side takes what is sent: the bytes that wait must have become fewer within a time."""

    def __init__(self) -> None:
        self._waiting = 0
        self._since: float | None = None

    def is_stuck(self, waiting: int, now: float) -> bool:
        """``waiting``: bytes that the other side has not taken yet. Asked about once a second."""
        if waiting == 0 or waiting < self._waiting:
            self._since = None
        if waiting and self._since is None:
            self._since = now
        self._waiting = waiting
        return self._since is not None and now - self._since > WRITE_SECONDS


class GuardedProtocol(HttpToolsProtocol):
    """One connection that cannot be held open by sending slowly, nor filled by a head without end."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._since: float | None = None
        self._in_head = True
        self._head_bytes = 0
        self._unread_bytes = 0
        self._refusal: int | None = None
        self._sending = Sending()
        self._lingering_until: float | None = None
        self._lingered_bytes = 0
        self._lingered_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the parent
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, _Corked(transport))
        self._since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        if self._lingering_until is not None:
            self._lingered_bytes += len(data)
            self._lingered_at = self.loop.time()
            if self._lingered_bytes > LINGER_BYTES:
                self._end_lingering()
                return
        if self._since is None:
            self._since = self.loop.time()
        super().data_received(data)
        if self._in_head:
            self._unread_bytes += len(data)
            if self._unread_bytes > MAX_UNREAD_HEAD_BYTES and not self.transport.is_closing():
                self._close_with(431)

    def on_message_begin(self) -> None:
        if self.transport.is_closing():
            # The connection was to end with the request before.
            raise _Refused
        if self._since is None:
            # The rest of what brought the request before.
            self._since = self.loop.time()
        self._in_head = True
        self._head_bytes = 0
        self._unread_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES or len(self.headers) >= MAX_HEADERS:
            self._refuse(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        before = self.cycle
        super().on_headers_complete()
        if self.pipeline and before is not None:
            # It would hold this one up; and while reading is paused, nobody notices that the connection is closed.
            cast(dict[str, Any], before.scope)[FOLLOWED] = True
            before.message_event.set()
        self.cycle.transport = cast(asyncio.Transport, _Answering(self, self.cycle))

    def on_message_complete(self) -> None:
        self._since = None
        super().on_message_complete()
        if self._lingering_until is not None:
            self._end_lingering()

    def on_response_complete(self) -> None:
        if self.cycle.scope["method"] == "HEAD":
            # No body comes that would take the head along.
            self.transport.write(b"")
        if self._lingering_until is not None:
            # What waits to be read is thrown away, and no request after it is answered.
            self.server_state.total_requests += 1
            self.flow.resume_reading()
            return
        super().on_response_complete()

    def eof_received(self) -> None:
        if self._lingering_until is not None:
            self._end_lingering()

    def shutdown(self) -> None:
        if self._lingering_until is not None:
            self._end_lingering()
        super().shutdown()

    def linger(self) -> None:
        """The answer is written and the body is not all here: read on for a while, then close."""
        self._lingered_at = self.loop.time()
        self._lingering_until = self._lingered_at + LINGER_SECONDS
        self.transport.write(b"")

    def _end_lingering(self) -> None:
        self._lingering_until = None
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        if self.transport.is_closing():
            return
        if self._lingering_until is not None:
            self._end_lingering()
        elif self._refusal is None:
            super().send_400_response(msg)
        else:
            self._close_with(self._refusal)

    def check_deadline(self, now: float) -> None:
        """Close the connection if what it is sending has taken too long to arrive, or if it reads nothing."""
        if self._lingering_until is not None:
            if now > min(self._lingering_until, self._lingered_at + LINGER_IDLE_SECONDS):
                self._end_lingering()
            return
        if self.transport.is_closing():
            return
        if self._sending.is_stuck(self.transport.get_write_buffer_size(), now):
            # Nothing more can be said to whoever does not read.
            self.transport.abort()
            return
        if self._since is None:
            return
        # The parent declares a cycle from the start, and has none before the first request.
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if self.pipeline or (self._in_head and cycle is not None and not cycle.response_complete):
            # What waits behind an answer is not read meanwhile: its time begins when its turn has come.
            self._since = now
            return
        if now - self._since > (HEAD_SECONDS if self._in_head else BODY_SECONDS):
            if not self._in_head and self.cycle.response_complete:
                # It has its answer; what is missing is the rest of a body that nobody reads.
                self.transport.close()
            else:
                self._close_with(408)

    def _refuse(self, status: int) -> None:
        self._refusal = status
        raise _Refused

    def _close_with(self, status: int) -> None:
        reason = _REASONS[status]
        body = f'{{"type":"about:blank","title":"{reason}","status":{status},"error":"{reason}"}}'
        self.transport.write(
            f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
        )
        self.transport.close()


class _Answering:
    """What one request is answered through: closing waits for the rest of its body."""

    def __init__(self, protocol: GuardedProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing

    def close(self) -> None:
        if self._cycle.response_complete and self._cycle.more_body and not self._cycle.disconnected:
            self._protocol.linger()
        else:
            self._protocol.transport.close()


class _Corked:
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
        else:
            self._transport.write(data)

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


class GracefulServer(Server):
    """Calls ``stopping`` before it waits for open requests, so that event streams end and it can exit."""

    def __init__(self, config: Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, GuardedProtocol):
                    connection.check_deadline(now)
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the application's: it must stop more than this server, and exit with 0."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)
