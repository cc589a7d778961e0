"""The HTTP server: uvicorn's, with state shared by all connections, timeouts checked once a second, and a graceful
shutdown."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

from uvicorn import Config, Server

from job_processor.http.budget import trimmer
from job_processor.http.connection_limits import Limits
from job_processor.http.protocol import GuardedProtocol
from job_processor.http.shared_state import SharedState

SEND_BUFFER_BYTES = 128 * 1024
"""SO_SNDBUF of each connection; Linux doubles it. Without a limit the kernel's buffer grows to some megabytes."""
TCP_USER_TIMEOUT_MS = 30_000
"""The kernel closes a connection whose peer acknowledges no data, or keeps its receive window at zero, for this long
(RFC 5482)."""


class GracefulServer(Server):
    """On shutdown calls ``stopping`` before it waits for open requests, so that event streams end first."""

    def __init__(
        self,
        config: Config,
        stopping: Callable[[], None],
        limits: Limits | None = None,
        trim_memory: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self.shared = SharedState(limits or Limits())
        self.server_state = self.shared
        self._stopping = stopping
        self._trim_memory = trim_memory or trimmer()
        self._has_shrunk = False
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for one in sockets or ():
            _limit_send_buffer(one)
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def sweep(self, now: float) -> None:
        """Check the timeouts of all connections and trim memory; called once a second."""
        shared = self.shared
        for connection in list(self.server_state.connections):
            if isinstance(connection, GuardedProtocol):
                connection.check_deadline(now)
        if self._has_shrunk:
            # One second after the bytes were released no stack frame refers to them any more.
            self._trim_memory()
        self._has_shrunk = (
            shared.unauthenticated.should_trim() | shared.authenticated.should_trim() | shared.unsent.should_trim()
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the application, which stops the loops before this server and sets the exit code."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)
        self.shared.refusals.flush()


def _limit_send_buffer(listening: socket.socket) -> None:
    """Set the send buffer and timeout on the listening socket; accepted connections inherit them."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with contextlib.suppress(OSError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
