"""The command's own client, against a server that says what a test wants."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from job_processor import client
from job_processor.client import Client, RequestFailed

JOB: dict[str, str | None] = {"id": "0123456789abcdef01234567", "result": None}


class Front:
    """``states``: how the job stands each time it is asked for."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.job: dict[str, str | None] = JOB
        self.asked: list[str] = []
        self.sent: list[object] = []

    async def submit(self, request: web.Request) -> web.Response:
        self.sent.append(await request.json())
        self.asked.append(f"POST {request.headers.get('prefer')}")
        return web.json_response({**self.job, "status": self.states.pop(0)}, status=201)

    async def get(self, request: web.Request) -> web.Response:
        self.asked.append(f"GET {request.headers['prefer']}")
        return web.json_response({**self.job, "status": self.states.pop(0) if len(self.states) > 1 else self.states[0]})

    async def listed(self, request: web.Request) -> web.Response:
        self.sent.append(dict(request.query))
        return web.json_response([{"id": "0", "prompt": "\x1b[2J\x9b\u202e"}])

    async def events(self, request: web.Request) -> web.Response:
        return web.json_response({"error": "Too many event streams are open."}, status=503)


@pytest.fixture
async def front(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Front, str]]:
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0.01)
    made = Front("PENDING", "WAITING", "COMPLETED")
    app = web.Application()
    app.add_routes([web.get("/jobs", made.listed)])
    app.add_routes([web.post("/jobs", made.submit), web.get("/jobs/{id}", made.get), web.get("/events", made.events)])
    async with TestServer(app) as server:
        yield made, str(server.make_url(""))


async def test_the_submission_itself_is_held_and_a_long_wait_asked_for_in_parts(front: tuple[Front, str]) -> None:
    made, address = front
    said: list[str] = []

    assert await Client(address, said.append).submit("Hello", None, 150) == 0

    assert made.asked == ["POST wait=60", "GET wait=60", "GET wait=60"]
    assert said == ["0123456789abcdef01234567  COMPLETED"]


async def test_an_answer_that_is_there_with_the_submission_is_not_asked_for_again(front: tuple[Front, str]) -> None:
    made, address = front
    made.states = ["COMPLETED"]

    assert await Client(address, print).submit("Hello", None, 7) == 0

    assert made.asked == ["POST wait=7"]


async def test_it_says_which_other_flow_answered(front: tuple[Front, str]) -> None:
    made, address = front
    made.states, made.job = ["COMPLETED"], {**JOB, "answeredBy": "chat-eu"}
    said: list[str] = []

    assert await Client(address, said.append).submit("Hello", None, 7) == 0

    assert said == ["0123456789abcdef01234567  COMPLETED  (answered by chat-eu)"]


async def test_a_wait_that_was_too_short_says_how_the_job_stands(front: tuple[Front, str]) -> None:
    made, address = front
    made.states = ["PENDING", "WAITING"]
    said: list[str] = []

    assert await Client(address, said.append).submit("Hello", None, 1) == 1

    assert made.asked[:2] == ["POST wait=1", "GET wait=1"]
    assert said == ["0123456789abcdef01234567  WAITING"]


async def test_a_job_that_is_not_waited_for_is_submitted_and_no_more(front: tuple[Front, str]) -> None:
    made, address = front

    assert await Client(address, print).submit("Hello", None, 0) == 0

    assert made.asked == ["POST None"]


async def test_to_watch_what_is_refused_is_no_success(front: tuple[Front, str]) -> None:
    with pytest.raises(RequestFailed, match="503: Too many event streams are open"):
        await Client(front[1], print).watch()


@pytest.mark.parametrize(("key", "sent"), [(None, {}), ("customer-7", {"key": "customer-7"}), ("", {"key": ""})])
async def test_a_key_is_sent_as_it_is_given(front: tuple[Front, str], key: str | None, sent: dict[str, str]) -> None:
    made, address = front

    await Client(address, print).submit("Hello", None, 0, key)

    assert made.sent == [{"prompt": "Hello", **sent}]


async def test_chosen_fields_are_printed_as_lines_of_json_that_do_not_speak_to_the_terminal(
    front: tuple[Front, str],
) -> None:
    made, address = front
    said: list[str] = []
    assert await Client(address, said.append).list(3, None, None, "prompt") == 0
    assert made.sent == [{"limit": "3", "fields": "prompt"}]
    assert said == [r'{"id": "0", "prompt": "\u001b[2J\u009b\u202e"}']
