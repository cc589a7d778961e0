"""The export of the command line: it writes what the server sends, and continues where it was interrupted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from job_processor.client import Client, RequestFailed
from job_processor.job_export import export

LINES = [f'{{"id":"{n:024x}","prompt":"{"x" * 70_000}"}}\n'.encode() for n in range(5)]


class Server:
    """``sends``: how many bytes come before the connection breaks."""

    def __init__(self) -> None:
        self.sends = 10**9
        self.asked: list[dict[str, str]] = []
        self.counted: list[dict[str, str]] = []

    async def count(self, request: web.Request) -> web.Response:
        self.counted.append(dict(request.query))
        return web.json_response({"count": 5, "more": False})

    async def export(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        after = request.query.get("before")
        body = b"".join(LINES if after is None else LINES[int(after, 16) + 1 :])
        reply = web.StreamResponse()
        await reply.prepare(request)
        await reply.write(body[: self.sends])
        if self.sends < len(body):
            assert request.transport is not None
            # What was sent has to leave before the connection ends.
            await asyncio.sleep(0)
            request.transport.close()
        return reply


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, Client]]:
    made = Server()
    app = web.Application()
    app.add_routes([web.get("/jobs/count", made.count), web.get("/jobs/export", made.export)])
    async with TestServer(app) as running:
        yield made, Client(str(running.make_url("")), lambda line: None)


async def test_an_export_that_broke_off_goes_on_after_the_last_whole_line(
    server: tuple[Server, Client], tmp_path: Path
) -> None:
    made, client = server
    file = tmp_path / "jobs.ndjson"
    made.sends = len(LINES[0]) * 2 + 70_000
    seen: list[tuple[int, int]] = []
    with pytest.raises(RequestFailed, match="--resume"):
        await export(client, {"q": "tag:x"}, "ndjson", file, False, lambda done, total: seen.append((done, total)))
    made.sends = 10**9
    assert await export(client, {"q": "tag:x"}, "ndjson", file, True, lambda done, total: None) == 0
    assert file.read_bytes() == b"".join(LINES)
    assert made.asked[0] == {"q": "tag:x", "format": "ndjson"}
    assert made.asked[1]["before"] in {f"{n:024x}" for n in range(2)}
    assert all(done <= total for done, total in seen)


@pytest.mark.parametrize("there", [b"", b'{"id":"00', None])
async def test_a_file_without_a_whole_line_is_begun_anew(
    server: tuple[Server, Client], tmp_path: Path, there: bytes | None
) -> None:
    made, client = server
    file = tmp_path / "jobs.ndjson"
    if there is not None:
        file.write_bytes(there)
    assert await export(client, {}, "ndjson", file, True, lambda done, total: None) == 0
    assert file.read_bytes() == b"".join(LINES)
    assert made.asked == [{"format": "ndjson"}]


async def test_a_file_of_something_else_is_left_alone(server: tuple[Server, Client], tmp_path: Path) -> None:
    _, client = server
    file = tmp_path / "x"
    file.write_bytes(b"something else\n")
    with pytest.raises(RequestFailed, match="not an export"):
        await export(client, {}, "ndjson", file, True, lambda done, total: None)
    assert file.read_bytes() == b"something else\n"


async def test_the_fields_are_asked_of_the_export_and_not_of_the_count(
    server: tuple[Server, Client], tmp_path: Path
) -> None:
    made, client = server
    which = {"q": "tag:x", "fields": "status"}
    assert await export(client, which, "csv", tmp_path / "jobs.csv", False, lambda done, total: None) == 0
    assert made.counted == [{"q": "tag:x"}]
    assert made.asked == [{**which, "format": "csv"}]
