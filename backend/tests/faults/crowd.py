"""Everybody else at a server: who searches, who follows, who reads slowly or not at all, and who hangs up."""

import asyncio
import contextlib
import random
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import aiohttp

_LISTS = (
    "/jobs?q=%C3%BC",
    "/jobs?q=nothing+has+this+text",
    "/jobs?status=FAILED,CANCELLED&limit=200",
    "/jobs?createdBefore=2030-01-01T00:00:00Z&limit=100",
    "/jobs?tag=none",
    "/callbacks?verdict=late",
    "/stats",
    "/flows",
    "/metrics",
    "/health/ready",
)
_EXPECTED = (200, 503)
_NOT_READ = b"GET /jobs?limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20
_NOT_FOLLOWED = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Crowd:
    """``met``: how often what happened. ``odd``: answers that there must not be."""

    def __init__(self, base: str, rng: random.Random) -> None:
        self._base = base
        self._rng = rng
        self.met: Counter[str] = Counter()
        self.odd: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, searchers: int, followers: int, slow: int) -> None:
        for does, how_many in (
            (self._search, searchers),
            (self._hang_up, searchers),
            (self._follow, followers),
            (self._read_nothing, slow),
        ):
            self._tasks += [asyncio.create_task(self._for_ever(does)) for _ in range(how_many)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _for_ever(self, does: Callable[[], Awaitable[None]]) -> None:
        while True:
            # The server goes away now and then.
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                await does()
            await asyncio.sleep(self._rng.uniform(0.2, 0.6))

    async def _search(self) -> None:
        path = self._rng.choice(_LISTS)
        async with self._session(20) as session, session.get(path) as response:
            await response.read()
            self.met["searches and lists" if response.status == 200 else "searches told to wait"] += 1
            if response.status not in _EXPECTED:
                self.odd.append(f"{path} was answered {response.status}")

    async def _hang_up(self) -> None:
        """Ask for what takes a while, and leave before it is there."""
        self.met["clients that hung up"] += 1
        async with self._session(self._rng.uniform(0.001, 0.05)) as session, session.get(_LISTS[0]) as response:
            await response.read()

    async def _follow(self) -> None:
        """A stream for some seconds."""
        self.met["streams"] += 1
        until = time.monotonic() + self._rng.uniform(1, 8)
        async with self._session(60) as session, session.get("/events") as response:
            async for line in response.content:
                self.met["events read"] += line.startswith(b"data:")
                if time.monotonic() > until:
                    return

    async def _read_nothing(self) -> None:
        """Ask for a lot, or for a stream, and take none of it."""
        host, _, port = self._base.removeprefix("http://").partition(":")
        sock = socket.socket()
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(sock, (host, int(port)))
            await loop.sock_sendall(sock, self._rng.choice((_NOT_READ, _NOT_FOLLOWED)))
            self.met["readers that do not read"] += 1
            # Beyond the time after which the server cuts it off.
            await asyncio.sleep(45)
        finally:
            sock.close()

    def _session(self, seconds: float) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self._base, timeout=aiohttp.ClientTimeout(total=seconds))
