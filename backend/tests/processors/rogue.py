"""A server on loopback that says anything at all, byte by byte: what no well-behaved library would send."""

import asyncio
import gzip
import json
import socket
import ssl
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

Behaviour: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(slots=True)
class Rogue:
    """``usual`` answers every request for which ``script`` holds nothing."""

    usual: Behaviour
    script: list[Behaviour] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a request has come."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a client has closed its connection."""
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None, at: socket.socket | None = None) -> AsyncIterator["Rogue"]:
        """``at``: a bound socket, at which nobody was to be reached until now."""
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._talk(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        if at is None:
            server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        else:
            server = await asyncio.start_server(connected, sock=at, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        self.scheme = "http" if tls is None else "https"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            try:
                while True:
                    self.requests.append(await _read(reader))
                    self.arrived.set()
                    await (self.script.pop(0) if self.script else self.usual)(writer)
                    if writer.is_closing():
                        return
            finally:
                self.hung_up.set()
                writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


def answer(status: int = 200, body: bytes | str | object = b"", headers: Mapping[str, str] | None = None) -> Behaviour:
    """A whole answer; a body that is neither bytes nor text is sent as JSON."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        kind = "text/plain; charset=utf-8"
        if isinstance(body, bytes):
            data = body
        elif isinstance(body, str):
            data = body.encode()
        else:
            data, kind = json.dumps(body).encode(), "application/json"
        head = {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode("latin-1") + data)
        await writer.drain()

    return behave


def events(*payloads: object, then: Behaviour | None = None, headers: Mapping[str, str] | None = None) -> Behaviour:
    """A stream of server-sent events; text is sent as it is, anything else as JSON."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n{extra}\r\n".encode("latin-1")
        )
        for payload in payloads:
            data = payload if isinstance(payload, str) else json.dumps(payload)
            writer.write(f"data: {data}\n\n".encode())
        await writer.drain()
        if then is not None:
            await then(writer)
        writer.close()

    return behave


def raw(data: bytes) -> Behaviour:
    """These bytes, and the end of the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return behave


async def silence(writer: asyncio.StreamWriter) -> None:
    """The request was taken; nothing ever comes."""
    await asyncio.Event().wait()


async def reset(writer: asyncio.StreamWriter) -> None:
    """The request was taken; the connection is torn."""
    writer.transport.abort()


async def drip(writer: asyncio.StreamWriter) -> None:
    """An answer that is always alive and never whole."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def murmur(writer: asyncio.StreamWriter) -> None:
    """A stream that is kept open by comments, until the other side hangs up."""
    while True:
        writer.write(b": still here\n\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless(writer: asyncio.StreamWriter) -> None:
    """A body without end, as fast as it is taken."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


def compressed(status: int = 200, encoding: str = "gzip") -> Behaviour:
    """Less than 1 MB that would become 200 MB."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        await answer(status, bomb(), {"Content-Encoding": encoding})(writer)

    return behave


@cache
def bomb() -> bytes:
    """A gzip stream of 200 MB of spaces. A block that refers to no other one is repeated, which is much faster than to
    compress them all."""
    spaces = b" " * 1_000_000
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    block = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(200):
        checksum = zlib.crc32(spaces, checksum)
    head, end = gzip.compress(b"")[:10], struct.pack("<II", checksum, 200 * len(spaces))
    return head + block * 200 + packer.flush(zlib.Z_FINISH) + end
