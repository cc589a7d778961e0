"""A client that costs little: one request in flight per connection, raw bytes, no HTTP library."""

import asyncio
import time
from collections.abc import Callable


def request(method: str, path: str, body: bytes, headers: bytes = b"") -> bytes:
    return b"%b %b HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b" % (
        method.encode(),
        path.encode(),
        headers,
        len(body),
        body,
    )


class Connection(asyncio.Protocol):
    """``answered(status, head_and_body)`` is called for each whole response; it sends the next with ``send``."""

    def __init__(self, answered: Callable[["Connection", int, bytes], None]) -> None:
        self._answered = answered
        self._buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # uvloop's own class

    def send(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            at = self._buffer.find(b"content-length: ", 0, head_end)
            length = int(self._buffer[at + 16 : self._buffer.find(b"\r", at)])
            whole = head_end + 4 + length
            if len(self._buffer) < whole:
                return
            response, self._buffer = self._buffer[:whole], self._buffer[whole:]
            self._answered(self, int(response[9:12]), response)


async def flood(port: int, make: Callable[[int], bytes], connections: int, seconds: float, expect: int) -> float:
    """Requests answered a second, each connection sending the next as soon as it has its answer."""
    loop = asyncio.get_running_loop()
    done = 0
    wrong = 0
    end = time.perf_counter() + seconds
    finished = asyncio.Event()

    def answered(connection: Connection, status: int, _: bytes) -> None:
        nonlocal done, wrong
        done += 1
        if status != expect:
            wrong += 1
        if time.perf_counter() < end:
            connection.send(make(done))
        else:
            finished.set()

    opened = [
        (await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    start = time.perf_counter()
    for i, connection in enumerate(opened):
        connection.send(make(i))
    await finished.wait()
    took = time.perf_counter() - start
    for connection in opened:
        assert connection.transport is not None
        connection.transport.close()
    if wrong:
        raise RuntimeError(f"{wrong} of {done} answers were not {expect}")
    return done / took
