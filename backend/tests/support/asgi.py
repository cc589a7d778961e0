"""A small client that drives an ASGI application in the same event loop, without sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One server-sent event. A comment has the name ``:``."""

    name: str
    data: Any
    id: str | None


class EventStream:
    """What a client of ``text/event-stream`` reads, event by event."""

    def __init__(self, started: asyncio.Future[Message], chunks: asyncio.Queue[bytes | None]) -> None:
        self._started = started
        self._chunks = chunks
        self._buffer = b""
        self.raw = b""

    async def head(self) -> tuple[int, Mapping[str, str]]:
        message = await self._started
        return message["status"], _headers(message)

    async def next(self, seconds: float = 20.0) -> SentEvent | None:
        """The next event or comment; ``None`` when the stream has ended."""
        async with asyncio.timeout(seconds):
            while True:
                while b"\n\n" not in self._buffer:
                    chunk = await self._chunks.get()
                    if chunk is None:
                        return None
                    self._buffer += chunk
                    self.raw += chunk
                block, _, self._buffer = self._buffer.partition(b"\n\n")
                event = parse_event(block.decode())
                if event is not None:
                    return event

    async def named(self, name: str) -> SentEvent:
        """The next event of this name; others are skipped."""
        async with asyncio.timeout(20):
            while (event := await self.next()) is not None:
                if event.name == name:
                    return event
        raise AssertionError(f"the stream ended before an event {name}")


def parse_event(block: str) -> SentEvent | None:
    """As the WHATWG rules read one block; ``None`` for one that only sets the retry time."""
    name, data, id_, fields = "message", [], None, 0
    for line in block.split("\n"):
        if line.startswith(":"):
            return SentEvent(":", line[1:].strip(), None)
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        fields += field != "retry"
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            id_ = value
    return SentEvent(name, json.loads("\n".join(data)), id_) if fields and data else None


class Client:
    def __init__(self, app: ASGIApp, host: str | None = "testserver") -> None:
        self._app = app
        self._host = host

    async def request(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        body: bytes | Iterable[bytes] | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """``body`` as several chunks goes without Content-Length."""
        given = _pairs(headers)
        names = {name for name, _ in given}
        chunks: list[bytes] = []
        if json_body is not None:
            body = json.dumps(json_body, ensure_ascii=False).encode()
        if body is not None and "content-type" not in names:
            given.append(("content-type", "application/json"))
        if isinstance(body, bytes):
            chunks = [body]
            if "content-length" not in names:
                given.append(("content-length", str(len(body))))
        elif body is not None:
            chunks = list(body)
        scope = self._scope(method, path, given)
        pending: list[Message] = [
            {"type": "http.request", "body": chunk, "more_body": i < len(chunks) - 1} for i, chunk in enumerate(chunks)
        ] or [{"type": "http.request", "body": b"", "more_body": False}]
        pending.reverse()
        start: Message | None = None
        received: list[bytes] = []

        async def receive() -> Message:
            if pending:
                return pending.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                assert start is None, "two responses to one request"
                start = message
            else:
                received.append(message.get("body", b""))

        await self._app(scope, receive, send)
        assert start is not None, "no response"
        return Reply(start["status"], _headers(start), b"".join(received))

    async def get(self, path: str, headers: Headers | None = None) -> Reply:
        return await self.request("GET", path, headers=headers)

    async def post(self, path: str, json_body: object = None, headers: Headers | None = None) -> Reply:
        return await self.request("POST", path, json_body=json_body, headers=headers)

    @contextlib.asynccontextmanager
    async def stream(self, path: str, headers: Headers | None = None) -> AsyncIterator[EventStream]:
        """An open event stream; leaving the block disconnects."""
        scope = self._scope("GET", path, _pairs(headers))
        started: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        asked = False
        gone = asyncio.Event()

        async def receive() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.set_result(message)
            else:
                if message.get("body"):
                    chunks.put_nowait(message["body"])
                if not message.get("more_body", False):
                    chunks.put_nowait(None)

        task = asyncio.ensure_future(self._app(scope, receive, send))
        try:
            yield EventStream(started, chunks)
        finally:
            gone.set()
            await asyncio.wait_for(task, 20)

    def _scope(self, method: str, path: str, headers: list[tuple[str, str]]) -> Scope:
        target, _, query = path.partition("?")
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if self._host is not None and all(name != b"host" for name, _ in raw):
            raw.insert(0, (b"host", self._host.encode()))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 3000),
            "state": {},
        }


def _pairs(headers: Headers | None) -> list[tuple[str, str]]:
    if headers is None:
        return []
    items = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.lower(), value) for name, value in items]


def _headers(message: Message) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in message.get("headers", ()):
        key = name.decode("latin-1")
        assert key not in found or key in ("vary", "set-cookie"), f"header {key} twice"
        several = key == "set-cookie" and key in found
        found[key] = f"{found[key]}\n{value.decode('latin-1')}" if several else value.decode("latin-1")
    return found
