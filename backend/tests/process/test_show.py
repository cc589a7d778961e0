"""``show``: a job in words; of a waiting one its place and when it should start."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from job_processor.client import Client, RequestFailed
from job_processor.show_command import show

JOB: dict[str, Any] = {
    "id": "1" * 24,
    "status": "PENDING",
    "flow": "chat",
    "createdAt": "2026-11-30T08:00:00.000Z",
    "finishedAt": None,
    "key": "customer-7",
    "attempt": 0,
    "attempts": [],
    "failures": 0,
    "maxAttempts": 3,
    "waitingOn": {"kind": "concurrency", "detail": "All 2 places of the flow chat are taken.", "until": None},
    "error": None,
    "prompt": "two\nlines \x1b[2J",
    "result": None,
}
PLACE: dict[str, Any] = {
    "ahead": 14,
    "more": False,
    "perMinute": 5.0,
    "expectedStart": "2026-11-30T08:03:00.000Z",
    "detail": "At most 14 jobs are ahead. It should start in about 3 min.",
}


class Server:
    def __init__(self) -> None:
        self.job, self.place, self.asked = dict(JOB), dict(PLACE), list[str]()

    async def get(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.match_info["id"] != JOB["id"]:
            return web.json_response({"error": "not found"}, status=404)
        return web.json_response(self.place if request.path.endswith("/place") else self.job)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, Client, list[str]]]:
    made, lines = Server(), list[str]()
    app = web.Application()
    app.add_routes([web.get("/jobs/{id}", made.get), web.get("/jobs/{id}/place", made.get)])
    async with TestServer(app) as running:
        yield made, Client(str(running.make_url("")), lines.append), lines


async def test_a_waiting_job_has_its_place(server: tuple[Server, Client, list[str]]) -> None:
    _, client, lines = server
    assert await show(client, JOB["id"], as_json=False) == 0
    assert lines == [
        f"{JOB['id']}  PENDING  chat",
        "created   2026-11-30T08:00:00.000Z",
        "key       customer-7",
        "attempt   0 (0 of 3 failed)",
        "waits     All 2 places of the flow chat are taken.",
        "queue     At most 14 jobs are ahead. It should start in about 3 min.",
        "start     about 2026-11-30T08:03:00.000Z",
        "prompt    two\nlines \ufffd[2J",
    ]


async def test_more_are_ahead_than_were_counted(server: tuple[Server, Client, list[str]]) -> None:
    made, client, lines = server
    made.place["more"] = True
    await show(client, JOB["id"], as_json=False)
    assert "start     after 2026-11-30T08:03:00.000Z" in lines


async def test_a_job_that_does_not_wait_is_asked_for_no_place(server: tuple[Server, Client, list[str]]) -> None:
    made, client, lines = server
    made.job |= {"status": "FAILED", "waitingOn": None, "error": {"code": "timeout", "message": "Too late."}}
    await show(client, JOB["id"], as_json=False)
    assert "error     timeout: Too late." in lines
    assert made.asked == [f"/jobs/{JOB['id']}"]


SENT = {"sentTo": "POST https://n8n.example/…", "requestBytes": None, "status": None, "responseBytes": None}
SEEN = SENT | {"requestBytes": 1_234, "status": 202, "responseBytes": 56}


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        (None, []),
        (SENT | {"endedBy": None}, ["sent to   POST https://n8n.example/…"]),
        (
            SEEN | {"endedBy": "response"},
            ["sent to   POST https://n8n.example/… (1,234 bytes)", "answer    HTTP 202 (56 bytes)"],
        ),
        (
            SEEN | {"endedBy": "callback", "responseBytes": None},
            ["sent to   POST https://n8n.example/… (1,234 bytes)", "answer    HTTP 202, then a callback"],
        ),
        (
            SENT | {"endedBy": "reconcile"},
            ["sent to   POST https://n8n.example/…", "answer    a reconcile call"],
        ),
    ],
)
async def test_where_the_newest_attempt_was_sent_and_what_came_back(
    server: tuple[Server, Client, list[str]], exchange: dict[str, Any] | None, expected: list[str]
) -> None:
    made, client, lines = server
    made.job |= {"status": "RUNNING", "attempt": 2, "attempts": [{"exchange": SENT}, {"exchange": exchange}]}
    await show(client, JOB["id"], as_json=False)
    assert [line for line in lines if line.startswith(("sent to", "answer"))] == expected


async def test_as_json_and_not_there(server: tuple[Server, Client, list[str]]) -> None:
    _, client, lines = server
    await show(client, JOB["id"], as_json=True)
    assert json.loads("\n".join(lines)) == JOB
    with pytest.raises(RequestFailed, match="404"):
        await show(client, "a/b", as_json=False)
