"""Who holds a place with ``Prefer: wait``, and when it is free again."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable

import pytest

from job_processor.core.outcome import Succeeded
from job_processor.http import prefer_wait
from tests.http.held import MINUTE, held
from tests.support.raw import read_reply
from tests.support.served import Served, served
from tests.support.site import Site
from tests.support.waiting import until, until_true


async def test_submissions_and_reads_share_the_places(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefer_wait, "MAX_WAITS", 1)
    async with held(site) as asked:
        [job] = (await site.client.get("/jobs")).json()
        for reply in (
            await asyncio.wait_for(site.client.post("/jobs", {"prompt": "b"}, MINUTE), 10),
            await asyncio.wait_for(site.client.get(f"/jobs/{job['id']}", MINUTE), 10),
        ):
            assert (reply.json()["status"], "preference-applied" in reply.headers) == ("PENDING", False)
        await site.client.post(f"/jobs/{job['id']}/cancel")
    assert asked.result().json()["status"] == "CANCELLED"
    assert len((await site.client.get("/jobs")).json()) == 2


@pytest.fixture
async def web(site: Site) -> AsyncIterator[Served]:
    async with served(site) as made:
        yield made


def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()


def torn(writer: asyncio.StreamWriter) -> None:
    """With a reset instead of an end."""
    connected: socket.socket = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def has_a_place(site: Site, job: str) -> bool:
    return "preference-applied" in (await site.client.get(f"/jobs/{job}", {"prefer": "wait=0"})).headers


BODY = b'{"prompt":"a"}'
POST = b"POST /jobs HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\ncontent-type: application/json\r\n"
REQUESTS = {
    "read": b"GET /jobs/%b HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\n\r\n",
    "submission": POST + b"content-length: 14\r\n\r\n" + BODY,
    "submission in chunks": POST + b"transfer-encoding: chunked\r\n\r\ne\r\n" + BODY + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("leave", [closed, torn])
@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=list(REQUESTS))
async def test_a_client_that_leaves_gives_its_place_back_at_once(
    site: Site,
    web: Served,
    monkeypatch: pytest.MonkeyPatch,
    request_of: bytes,
    leave: Callable[[asyncio.StreamWriter], None],
) -> None:
    places = 20
    monkeypatch.setattr(prefer_wait, "MAX_WAITS", places)
    job = (await site.submit())["id"]
    writers = []
    for _ in range(places):
        _, writer = await web.connect()
        writer.write(request_of.replace(b"%b", job.encode()))
        writers.append(writer)
    await until_true(lambda: site.bus.listeners == places, "all places are taken")
    assert not await has_a_place(site, job)

    for writer in writers:
        leave(writer)

    await until(lambda: has_a_place(site, job), "a place is free")
    await until_true(lambda: site.bus.listeners == 0, "nobody listens")


async def test_a_connection_serves_on_after_a_wait(site: Site, web: Served) -> None:
    reader, writer = await web.connect()
    for _ in range(2):
        writer.write(REQUESTS["submission"])
        await until_true(lambda: site.bus.listeners == 1, "the request is held")
        await site.say(await site.claim(), Succeeded("r"))
        reply = await read_reply(reader)
        assert (reply.status, b'"COMPLETED"' in reply.body) == (201, True)
    writer.close()


async def test_a_next_request_on_the_same_connection_ends_the_wait(site: Site, web: Served) -> None:
    """Else who sends two and hangs up would keep a place: nobody reads from the connection any more."""
    job = (await site.submit())["id"]
    reader, writer = await web.connect()
    writer.write(REQUESTS["read"].replace(b"%b", job.encode()))
    await until_true(lambda: site.bus.listeners == 1, "the first is held")
    writer.write(REQUESTS["submission"])
    first = await read_reply(reader)
    assert (first.status, b'"PENDING"' in first.body) == (200, True)
    await until_true(lambda: site.bus.listeners == 1, "the second is held")
    writer.close()
    await until_true(lambda: site.bus.listeners == 0, "nobody listens")


async def test_two_requests_that_came_together_are_both_answered(site: Site, web: Served) -> None:
    job = (await site.submit())["id"]
    reader, writer = await web.connect()
    writer.write(REQUESTS["read"].replace(b"%b", job.encode()) + b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
    assert [(await read_reply(reader)).status for _ in range(2)] == [200, 200]
    writer.close()
