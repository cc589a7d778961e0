"""The HTTP application behind the real server, on a free port of loopback, in the test's own process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import uvicorn

from job_processor.http.protocol import GuardedProtocol
from job_processor.http.server import GracefulServer
from tests.support.site import Site


@dataclass(slots=True)
class Served:
    port: int
    server: GracefulServer

    def connections(self) -> list[GuardedProtocol]:
        return [c for c in self.server.server_state.connections if isinstance(c, GuardedProtocol)]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@contextlib.asynccontextmanager
async def served(site: Site) -> AsyncIterator[Served]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        site.app,
        http=GuardedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    server = GracefulServer(config, site.bus.close, site.context.limits)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    await server.listening.wait()
    try:
        yield Served(listening.getsockname()[1], server)
    finally:
        server.should_exit = True
        await task
        listening.close()
