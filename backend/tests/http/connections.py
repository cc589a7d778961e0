"""A server on a port of its own, for tests that speak to its connections byte by byte."""

from collections.abc import AsyncIterator

import pytest

from tests.support.served import Served, served
from tests.support.site import Site

HEAD = b"POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.fixture
async def web(site: Site) -> AsyncIterator[Served]:
    async with served(site) as made:
        yield made


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1]) if reply else 0
