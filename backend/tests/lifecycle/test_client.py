"""The command's own client, against a server that says what a test wants."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from job_processor.client import Client, ServerSaidNo

JOB = {"id": "0123456789abcdef01234567", "result": None}


class Front:
    """``states``: how the job stands each time it is asked for."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.asked: list[str] = []

    async def submit(self, request: web.Request) -> web.Response:
        return web.json_response({**JOB, "status": "PENDING"}, status=201)

    async def get(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers["prefer"])
        return web.json_response({**JOB, "status": self.states.pop(0)})

    async def events(self, request: web.Request) -> web.Response:
        return web.json_response({"error": "Too many event streams are open."}, status=503)


@pytest.fixture
async def front() -> AsyncIterator[tuple[Front, str]]:
    made = Front("WAITING", "COMPLETED")
    app = web.Application()
    app.add_routes([web.post("/jobs", made.submit), web.get("/jobs/{id}", made.get), web.get("/events", made.events)])
    async with TestServer(app) as server:
        yield made, str(server.make_url(""))


async def test_a_wait_of_more_than_a_minute_is_asked_for_in_parts(front: tuple[Front, str]) -> None:
    made, address = front
    said: list[str] = []

    assert await Client(address, said.append).submit("Hello", None, 150) == 0

    assert made.asked == ["wait=60", "wait=60"]
    assert said == ["0123456789abcdef01234567  COMPLETED"]


async def test_a_wait_that_was_too_short_says_how_the_job_stands(front: tuple[Front, str]) -> None:
    made, address = front
    said: list[str] = []

    assert await Client(address, said.append).submit("Hello", None, 7) == 1

    assert made.asked == ["wait=7"]
    assert said == ["0123456789abcdef01234567  WAITING"]


async def test_to_watch_what_is_refused_is_no_success(front: tuple[Front, str]) -> None:
    with pytest.raises(ServerSaidNo, match="503: Too many event streams are open"):
        await Client(front[1], print).watch()
