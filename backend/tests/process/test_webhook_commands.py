"""The commands about endpoints of webhooks and the webhook of a batch, against a server that says what was asked."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from job_processor import cli, commands
from job_processor.client import Batch, Client
from job_processor.webhook_commands import WebhookCommands, endpoint_line

ID = "0123456789abcdef01234567"
KEPT: dict[str, Any] = {
    "id": ID,
    "url": "https://example.com/",
    "events": ["failed"],
    "flows": ["mock"],
    "description": "pager",
    "disabledAt": None,
}
Front = tuple[list[dict[str, Any]], str]


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """The bodies of changes, and the address."""
    sent: list[dict[str, Any]] = []

    async def get(request: web.Request) -> web.Response:
        return web.json_response(KEPT)

    async def put(request: web.Request) -> web.Response:
        sent.append(await request.json())
        return web.json_response({**KEPT, **sent[-1]})

    app = web.Application()
    app.add_routes([web.get(f"/webhook-endpoints/{ID}", get), web.put(f"/webhook-endpoints/{ID}", put)])
    async with TestServer(app) as server:
        yield sent, str(server.make_url(""))


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ((), {}),
        (("--to", "https://other.example/"), {"url": "https://other.example/"}),
        (("--event", "completed", "--event", "failed"), {"events": ["completed", "failed"]}),
        (("--flow", "other"), {"flows": ["other"]}),
        (("--all-flows", "--description", "all"), {"flows": None, "description": "all"}),
    ],
)
async def test_a_change_leaves_what_it_does_not_name(
    arguments: Sequence[str], changed: dict[str, Any], front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def webhooks(*words: object) -> int:
        asked.append(words)
        return 0

    monkeypatch.setattr(commands, "webhooks", webhooks)
    assert cli.main(["webhooks", "change", ID, *arguments]) == 0
    [(_, verb, endpoint_id, wanted)] = asked
    assert (verb, endpoint_id, wanted) == ("change", ID, changed)

    sent, address = front
    said: list[str] = []
    assert await WebhookCommands(Client(address, said.append)).change(ID, changed) == 0
    fields = {name: KEPT[name] for name in ("url", "events", "flows", "description")}
    assert sent == [{**fields, **changed}]
    assert said == [endpoint_line({**KEPT, **changed})]


async def test_the_webhook_of_a_batch_is_sent_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Batch] = []

    def submit_file(url: str, batch: Batch) -> int:
        asked.append(batch)
        return 0

    monkeypatch.setattr(commands, "submit_file", submit_file)
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"prompt": "p"}\n')
    assert cli.main(["submit", "--file", str(file), "--webhook", "https://example.com/"]) == 0
    queries: list[dict[str, str]] = []

    async def post(request: web.Request) -> web.Response:
        queries.append(dict(request.query))
        return web.json_response({"id": ID, "jobs": 1, "lines": 1, "errors": [], "status": "ENDED"}, status=201)

    app = web.Application()
    app.add_routes([web.post("/batches", post)])
    async with TestServer(app) as server:
        assert await Client(str(server.make_url("")), print).submit_file(asked[0], print) == 0
    assert queries == [{"webhookUrl": "https://example.com/"}]
