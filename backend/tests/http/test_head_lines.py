"""The product's own headers are put into the head by the connection: they are those that any ASGI server would send."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from job_processor.acts.api_keys import NewKey
from job_processor.core.access import Right
from job_processor.core.permits import Limits
from job_processor.http.access import Auth
from job_processor.http.sending import CoalescingTransport
from tests.http.connections import status, web
from tests.support.raw import exchange
from tests.support.served import Served, served
from tests.support.site import Site, open_site

__all__ = ["web"]

OWN = ("x-request-id", "x-content-type-options", "cross-origin-resource-policy")
ASKED = {
    "an answer": ("GET", "/health", {}),
    "a list": ("GET", "/jobs", {}),
    "without a body": ("HEAD", "/health", {}),
    "not found": ("GET", "/jobs/none", {}),
    "no such method": ("PUT", "/jobs", {}),
    "a foreign host": ("GET", "/jobs", {"sec-fetch-site": "cross-site"}),
    "the page": ("GET", "/ui/", {}),
}


def _head(reply: bytes) -> Counter[tuple[str, str]]:
    """The headers of the first answer, but for what the server itself adds."""
    lines = reply.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    pairs = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
    return Counter(pair for pair in pairs if pair[0] not in ("date", "connection", "transfer-encoding"))


@pytest.mark.parametrize("what", ASKED)
async def test_the_heads_are_those_of_any_server(web: Served, site: Site, what: str) -> None:
    method, path, more = ASKED[what]
    headers = {"host": "testserver", "x-request-id": "mine", **more}
    sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    raw = await exchange(web.port, f"{method} {path} HTTP/1.1\r\n{sent}connection: close\r\n\r\n".encode())
    plain = await site.client.request(method, path, headers=headers)
    assert status(raw) == plain.status
    assert _head(raw) == Counter((name, value) for name, value in plain.headers.items())
    assert all(sum(n for (name, _), n in _head(raw).items() if name == one) == 1 for one in OWN)


async def test_requests_one_behind_the_other_have_each_its_own(web: Served) -> None:
    one = b"GET /health HTTP/1.1\r\nhost: testserver\r\nx-request-id: %b\r\n%b\r\n"
    raw = await exchange(
        web.port, one % (b"first", b"") + one % (b"second", b"") + one % (b"3", b"connection: close\r\n")
    )
    ids = [line for line in raw.split(b"\r\n") if line.startswith(b"x-request-id")]
    assert ids == [b"x-request-id: first", b"x-request-id: second", b"x-request-id: 3"]


async def test_a_key_is_told_its_rate_on_the_wire(tmp_path: Path) -> None:
    async with open_site(tmp_path, auth=Auth.KEYS, rates=Limits(per_key=2)) as site, served(site) as here:
        key = (await site.acts.api_keys.create(NewKey("n", frozenset({Right.READ})))).text
        for left in (None, 0):
            asked = (
                f"GET /jobs HTTP/1.1\r\nhost: testserver\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
            )
            head = _head(await exchange(here.port, asked.encode()))
            limits = [value for name, value in head if name == "ratelimit"]
            assert head["ratelimit-policy", '"key";q=2;w=60'] == len(limits) == (left is not None)
            assert all(limit.startswith(f'"key";r={left};t=') for limit in limits)


class _Written(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data

    def is_closing(self) -> bool:
        return False


def test_lines_are_in_one_head_alone() -> None:
    written = _Written()
    transport = CoalescingTransport(written)
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    for lines in (b"a: 1\r\nb: 2\r\n", b""):
        if lines:
            transport.add_lines(lines)
        transport.write(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n")
        transport.write(b"body")
    first = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx: y\r\na: 1\r\nb: 2\r\n\r\nbody"
    assert written.data == first + b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nbody"
