"""Idle latency: from the acknowledgement of a submit to the start of its attempt, as the job itself records both."""

import asyncio
import re
import statistics
import time

import uvloop

from benchmarks import processes
from benchmarks.report import Line
from benchmarks.wire import Connection, request

P50_MS = 3.0
P99_MS = 15.0
JOBS = 300
_JOB = re.compile(rb'"jobId":"([0-9a-f]{24})"')


class _Arrivals(asyncio.Protocol):
    def __init__(self, arrived: "asyncio.Queue[float]") -> None:
        self._arrived = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if _JOB.search(data):
            self._arrived.put_nowait(time.perf_counter())
            self._transport.write(  # type: ignore[attr-defined]  # a stream transport
                b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
            )


async def _measure(port: int, sink_port: int) -> list[float]:
    """Milliseconds from the 201 to the dispatch at the processor's door: more than what the floor asks."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[float] = asyncio.Queue()
    acknowledged: asyncio.Queue[float] = asyncio.Queue()
    sink = await loop.create_server(lambda: _Arrivals(arrived), "127.0.0.1", sink_port)

    def answered(connection: Connection, status: int, _: bytes) -> None:
        acknowledged.put_nowait(time.perf_counter())

    _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
    found = []
    for i in range(JOBS):
        connection.send(request("POST", "/jobs", b'{"prompt":"idle %d"}' % i))
        at = await acknowledged.get()
        found.append(max(0.0, (await arrived.get()) - at) * 1000)
        await asyncio.sleep(0.01)
    sink.close()
    return found


def run() -> list[Line]:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        sink_port = free.getsockname()[1]
    flows = f'[flows.sink]\nprocessor = "webhook"\nurl = "http://127.0.0.1:{sink_port}/"\n'
    with processes.server(flows) as (port, _):
        times = sorted(uvloop.run(_measure(port, sink_port)))
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    return [
        Line(
            "idle, acknowledged to dispatched, p50", f"{p50:.2f} ms", f"{P50_MS:g} ms at most", P50_MS / max(p50, 0.01)
        ),
        Line(
            "idle, acknowledged to dispatched, p99", f"{p99:.2f} ms", f"{P99_MS:g} ms at most", P99_MS / max(p99, 0.01)
        ),
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
