"""On MongoDB, the process dies at each point on the way of a notice. Every end of a job or batch is told, by one entry
of the outbox and with one id; and what is told is signed right and always the same.

On SQLite ``make kill-test`` does this.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from job_processor.acts.deliveries import LEASE_MS
from job_processor.core.job import FINAL
from tests import mongo_server
from tests.faults.server import Server
from tests.processors.rogue import Rogue, answer
from tests.support.waiting import until
from tests.webhooks.verifying import python_says

pytestmark = pytest.mark.waits

# The notices of the batch are in its document when the relay is to die.
POINTS = ("batch.before_end", "batch.after_end", "mongo.before_notices_leave", "webhook.after_send")
FLOWS = """
[flows.f]
processor = "mock"
delay_seconds = 0
lease_seconds = 5
callback_timeout_seconds = 3
backoff_base_seconds = 0.1
backoff_cap_seconds = 1
max_attempts = 20
"""


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    server = mongo_server.require()
    name = server.database()
    yield {"MONGODB_URI": _address(server.uri, name), "WEBHOOK_PRIVATE_ADDRESSES": "allow"}
    server.drop(name)


def _address(uri: str, database: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(path=f"/{database}").geturl()


async def asked(session: aiohttp.ClientSession, server: Server, method: str, path: str, **json: object) -> Any:
    body = {"json": json} if json else {}
    async with session.request(method, server.base + path, **body) as response:  # type: ignore[arg-type]  # JSON
        assert response.status < 300, await response.text()
        return await response.json()


@pytest.mark.timeout(300)
@pytest.mark.mongo
async def test_every_end_is_told_however_often_the_process_dies(environment: dict[str, str], tmp_path: Path) -> None:
    async with (
        Rogue(answer(200)).serve() as mine,
        Rogue(answer(200)).serve() as standing,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
        contextlib.AsyncExitStack() as stack,
    ):
        server = Server(tmp_path, FLOWS, environment=environment)
        stack.push_async_callback(_end, server)
        assert await server.start()
        made = await asked(session, server, "POST", "/webhook-endpoints", url=standing.url)
        [own] = (await asked(session, server, "GET", "/webhook-secret"))["secrets"]
        await server.stop()
        for point in POINTS:
            assert await server.start(f"{point}:kill")
            # At the other points a batch may be half written, and waits long for its other half.
            batch = point == "batch.before_end"
            await _submit_until_it_dies(session, server, mine.url, batch=batch)
            assert await server.kill() == -9, f"{point} was not reached"
        assert await server.start()
        jobs = await _all_ended(session, server)
        batches = await _all_batches_ended(session, server)
        alone = [job for job in jobs if job["batchId"] is None]
        deliveries = await _all_settled(session, server, len(jobs) + len(alone) + len(batches))
        await server.stop()
    assert {one["state"] for one in deliveries} == {"delivered"}
    for endpoint, receiver, secret, ends in (
        (None, mine, own, [*alone, *batches]),
        (made["id"], standing, made["secret"], jobs),
    ):
        mine_of = {
            one["messageId"]: one["jobId"] or one["batchId"] for one in deliveries if one["endpointId"] == endpoint
        }
        # One entry of the outbox for each end.
        assert Counter(mine_of.values()) == Counter(one["id"] for one in ends)
        told: dict[str, bytes] = {}
        for request in receiver.requests:
            assert python_says(secret, request.headers, request.body.decode()) == "ok"
            assert told.setdefault(request.headers["webhook-id"], request.body) == request.body
        assert told.keys() == mine_of.keys()


async def _end(server: Server) -> None:
    if server.process is not None:
        await server.kill()


async def _submit_until_it_dies(
    session: aiohttp.ClientSession, server: Server, url: str, *, batch: bool = False
) -> None:
    """``batch``: the first is a batch."""
    for number in count():
        path, body = "/jobs", dict[str, object]({"prompt": f"job {number}", "webhook": {"url": url}})
        if batch and number == 0:
            path, body = "/batches", {"jobs": [{"prompt": f"line {line}"} for line in range(2)], "webhookUrl": url}
        try:
            async with session.post(f"{server.base}{path}", json=body) as response:
                # 503: the machine is busy.
                assert response.status in (201, 503), await response.text()
        except aiohttp.ClientError:
            return
        if number > 20:
            assert await server.ended(20) is not None, "it lives"
        await asyncio.sleep(0.05)


async def _all_ended(session: aiohttp.ClientSession, server: Server) -> Sequence[dict[str, Any]]:
    async def look() -> Sequence[dict[str, Any]] | None:
        jobs = await asked(session, server, "GET", "/jobs?limit=200")
        assert 0 < len(jobs) < 200
        return jobs if all(job["status"] in FINAL for job in jobs) else None

    return await until(look, "all jobs to end")


async def _all_batches_ended(session: aiohttp.ClientSession, server: Server) -> Sequence[dict[str, Any]]:
    async def look() -> Sequence[dict[str, Any]] | None:
        batches = await asked(session, server, "GET", "/batches?limit=100")
        return batches if batches and all(batch["status"] == "ENDED" for batch in batches) else None

    return await until(look, "all batches to end")


async def _all_settled(session: aiohttp.ClientSession, server: Server, number: int) -> Sequence[dict[str, Any]]:
    # What a killed worker was sending is sent again when its lease has ended.
    async with asyncio.timeout(2 * LEASE_MS / 1000):
        while True:
            found = await asked(session, server, "GET", "/webhook-deliveries?limit=200")
            if len(found) >= number and all(one["state"] != "pending" for one in found):
                return found  # type: ignore[no-any-return]  # JSON
            await asyncio.sleep(0.05)
