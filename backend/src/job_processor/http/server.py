"""The HTTP server: uvicorn's, with what all connections share, one sweep a second over them, and an orderly end."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

from uvicorn import Config, Server

from job_processor.http.budget import trimmer
from job_processor.http.connection_limits import Limits
from job_processor.http.protocol import GuardedProtocol
from job_processor.http.shared_state import Shared

SEND_BUFFER_BYTES = 128 * 1024
"""Of each connection in the kernel, which takes twice as much: without a bound it grows to some megabytes."""
UNTAKEN_MILLISECONDS = 30_000
"""When the other side takes nothing of what the kernel holds for it, the kernel ends the connection."""


class GracefulServer(Server):
    """Calls ``stopping`` before it waits for open requests, so that event streams end and it can exit."""

    def __init__(
        self,
        config: Config,
        stopping: Callable[[], None],
        limits: Limits | None = None,
        give_back_memory: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(config)
        self.shared = Shared(limits or Limits())
        self.server_state = self.shared
        self._stopping = stopping
        self._give_back_memory = give_back_memory or trimmer()
        self._has_shrunk = False
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for one in sockets or ():
            _bound_sending(one)
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def sweep(self, now: float) -> None:
        """What is looked at once a second."""
        shared = self.shared
        for connection in list(self.server_state.connections):
            if isinstance(connection, GuardedProtocol):
                connection.check_deadline(now)
        if self._has_shrunk:
            # A second after it was let go, everyone who held it has returned.
            self._give_back_memory()
        self._has_shrunk = shared.unproven.shrunk() | shared.proven.shrunk() | shared.untaken.shrunk()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the application's: it must stop more than this server, and exit with 0."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)
        self.shared.refusals.tell()


def _bound_sending(listening: socket.socket) -> None:
    """Set at the listening socket, and inherited by every connection."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with contextlib.suppress(OSError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MILLISECONDS)
