"""Looks up the addresses of the proxies that TRUSTED_PROXIES names; a container may get a new one at each start."""

import asyncio
import socket

import structlog

from job_processor.core.proxies import Proxies
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
EVERY_SECONDS = 5.0
LOOKUP_SECONDS = 5.0


class ProxyNames(Loop):
    name = "proxy names"

    def __init__(self, proxies: Proxies) -> None:
        super().__init__()
        self._proxies = proxies

    async def tick(self) -> float:
        for name in self._proxies.names:
            addresses = await _addresses(name)
            if self._proxies.set_addresses(name, addresses):
                log.info("proxy_known" if addresses else "proxy_unknown", proxy=name, addresses=addresses)
        return EVERY_SECONDS


async def _addresses(name: str) -> list[str]:
    """The addresses of this host name; none while it is unknown, because its old ones may belong to another host."""
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return []
    return sorted({str(address[0]) for *_, address in found})
