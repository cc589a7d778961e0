"""A long request ends with its key: the responses that are sent in parts, and a batch that is being received."""

import asyncio

import pytest
from starlette.types import Message, Scope

from job_processor.acts.batches import NewLine, Submitted
from job_processor.acts.jobs import NewJob
from job_processor.core.access import COMMAND, Right
from job_processor.http.problems import RequestRefused
from job_processor.http.routes import audit, batches, export
from job_processor.store.base import BatchQuery
from tests.access.conftest import Guarded, bearer, guarded, patient, place

__all__ = ["guarded", "patient", "place"]


class Slow:
    """A client whose key ends after the first part that it has received or sent."""

    def __init__(self, guarded: Guarded, key: str, method: str, path: str, *parts: bytes) -> None:
        self.guarded = guarded
        self.key = key
        self.scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.partition("?")[0],
            "raw_path": path.encode(),
            "query_string": path.partition("?")[2].encode(),
            "root_path": "",
            "headers": [
                (b"host", b"testserver"),
                (b"authorization", f"Bearer {key}".encode()),
                (b"content-type", b"application/x-ndjson"),
            ],
            "client": ("127.0.0.1", 50_000),
            "server": ("testserver", 80),
        }
        self.parts = list(parts)
        self.received: list[Message] = []

    async def ask(self) -> list[Message]:
        await self.guarded.site.app(self.scope, self._receive, self._send)
        return self.received

    async def _receive(self) -> Message:
        if not self.parts:
            await asyncio.Event().wait()
        if len(self.parts) == 1:
            await self._end()
        part = self.parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self.parts)}

    async def _send(self, message: Message) -> None:
        self.received.append(message)
        if self.scope["method"] == "GET" and len(self.received) == 2:
            await self._end()

    async def _end(self) -> None:
        await self.guarded.revoke(self.key)
        await self.guarded.site.acts.credentials.refresh()


@pytest.mark.parametrize(
    "path", ["/jobs/export", "/jobs/export?format=csv", "/batches/{batch}/results", "/audit/export"]
)
async def test_a_response_under_way_breaks_off(guarded: Guarded, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as if it were complete: the server aborts the connection of a response that has started."""
    for module, name in ((export, "AT_ONCE"), (batches, "PAGE"), (audit, "BATCH")):
        monkeypatch.setattr(module, name, 1)
    lines = [NewLine(n, NewJob(prompt=f"line {n}")) for n in range(1, 5)]
    # Several, because the audit has an entry for each.
    for _ in range(3):
        batch = (await guarded.site.acts.batches.submit(Submitted(lines), None, COMMAND)).batch.id
    key = await guarded.key(Right.READ, Right.ADMIN)
    target = path.format(batch=batch)
    whole = (await guarded.site.client.get(target, bearer(key))).body
    client = Slow(guarded, key, "GET", target)
    with pytest.raises(RequestRefused) as refused:
        await client.ask()
    assert refused.value.status == 401
    start, *body = client.received
    assert start["status"] == 200
    assert all(one["more_body"] for one in body)
    assert 0 < len(b"".join(one["body"] for one in body)) < len(whole)


async def test_a_batch_that_is_being_received_is_refused(guarded: Guarded) -> None:
    key = await guarded.key(Right.READ, Right.SUBMIT)
    client = Slow(guarded, key, "POST", "/batches", b'{"prompt": "a"}\n', b'{"prompt": "b"}\n')
    start, *_ = await client.ask()
    assert start["status"] == 401
    assert await guarded.site.store.list_batches(BatchQuery(10, None, None)) == []
