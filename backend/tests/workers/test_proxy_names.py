"""Proxies that are trusted by name: their addresses are looked up again and again."""

import asyncio
import socket

import pytest

from job_processor.core.proxies import Proxies
from job_processor.workers.proxy_names import ProxyNames


async def test_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = Proxies((), ("localhost", "gone.invalid"))
    loop = ProxyNames(proxies)
    assert not proxies.trusts("127.0.0.1")
    assert await loop.tick() > 0
    assert proxies.trusts("127.0.0.1")

    async def unknown(*_args: object, **_named: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert await loop.tick() > 0
    assert not proxies.trusts("127.0.0.1")
