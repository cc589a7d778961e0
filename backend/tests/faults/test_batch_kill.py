"""The server dies while it stores a batch: what is repeated with the same key is one whole batch, however it died."""

import contextlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.server import Server

NUMBER = 600
FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 3600\nconcurrency = 1\n'
LINES = b"".join(b'{"prompt":"number %d","customId":"c%d"}\n' % (n, n) for n in range(NUMBER))
HEADERS = {"content-type": "application/x-ndjson", "idempotency-key": "k"}


async def submit(server: Server) -> dict[str, Any] | None:
    """The batch; ``None``: the server died before it answered."""
    async with aiohttp.ClientSession(server.base, headers=HEADERS) as http:
        with contextlib.suppress(aiohttp.ClientError):
            async with http.post("/batches", data=LINES) as reply:
                assert reply.status == 201, await reply.text()
                made: dict[str, Any] = await reply.json()
                return made
    return None


async def ask(server: Server, path: str) -> Any:
    async with aiohttp.ClientSession(server.base) as http, http.get(path) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.json()


@pytest.mark.parametrize("place", ["sqlite.in_batch", "batch.before_response"])
async def test_a_repeated_submit_gives_exactly_one_whole_batch(tmp_path: Path, place: str) -> None:
    server = Server(tmp_path, FLOWS)
    assert await server.start(failpoints=f"{place}:kill")
    assert await submit(server) is None
    assert await server.kill() == -9

    assert await server.start()
    try:
        # What died before the commit left nothing; what died after it left all.
        stored = await ask(server, "/batches")
        assert [one["jobs"] for one in stored] == ([] if place == "sqlite.in_batch" else [NUMBER])
        assert (await ask(server, "/stats"))["total"] == len(stored) * NUMBER

        again, once_more = await submit(server), await submit(server)
        assert again is not None
        assert once_more is not None
        assert again["id"] == once_more["id"]
        assert again["jobs"] == NUMBER
        assert [one["id"] for one in await ask(server, "/batches")] == [again["id"]]
        assert (await ask(server, "/stats"))["total"] == NUMBER
    finally:
        assert await server.stop() == 0
