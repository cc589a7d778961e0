"""Submit → HTTP dispatch to a sink → HTTP callback → COMPLETED, sustained in one server process; in turns with the same
three messages through the same libraries, without store and rules (`benchmarks/bare.py`).

The other process here submits, is the sink, and calls back, over raw connections.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Callable

import uvloop

from benchmarks import processes
from benchmarks.report import Line
from benchmarks.wire import Connection, request

FLOOR = 0.6
TURNS = 3
SECONDS = 4.0
WARM_UP = 1.5
IN_FLIGHT = 400
SUBMITTERS = 32
CALLERS = 32
_JOB = re.compile(rb'"jobId":"([0-9a-f]{24})"')
_ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class _Sink(asyncio.Protocol):
    """Takes dispatches: answers each at once and hands its job id on."""

    def __init__(self, arrived: "asyncio.Queue[bytes]") -> None:
        self._arrived = arrived
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self._buffer[:head_end].lower()
            at = head.find(b"content-length: ")
            whole = head_end + 4 + int(head[at + 16 :].split(b"\r", 1)[0])
            if len(self._buffer) < whole:
                return
            found = _JOB.search(self._buffer, head_end, whole)
            assert found is not None
            self._buffer = self._buffer[whole:]
            self._transport.write(_ACCEPTED)  # type: ignore[attr-defined]  # a stream transport
            self._arrived.put_nowait(found[1])


async def measure(
    port: int,
    sink_port: int,
    seconds: float = SECONDS,
    warm_up: float = WARM_UP,
    in_flight: int = IN_FLIGHT,
    header: bytes = b"",
    on_completed: Callable[[], None] = lambda: None,
) -> float:
    """Jobs completed a second by the server at ``port``, which dispatches to ``sink_port``. ``in_flight``: so many are
    submitted and not completed at most. ``header``: lines that each submission has beside. ``on_completed`` is called
    after each job, those of the warm-up too. All jobs are completed when it returns: the server may be measured again.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    sink = await loop.create_server(lambda: _Sink(arrived), "127.0.0.1", sink_port)
    submitted = completed = 0
    is_over = False
    all_completed = asyncio.Event()
    idle_submitters: list[Connection] = []
    idle_callers: asyncio.Queue[Connection] = asyncio.Queue()

    def submit() -> None:
        nonlocal submitted
        while not is_over and idle_submitters and submitted - completed < in_flight:
            submitted += 1
            body = b'{"prompt":"Summarise document %d"}' % submitted
            idle_submitters.pop().send(request("POST", "/jobs", body, header))

    def on_submitted(connection: Connection, status: int, _: bytes) -> None:
        assert status == 201, status
        idle_submitters.append(connection)
        submit()

    def on_called(connection: Connection, status: int, _: bytes) -> None:
        nonlocal completed
        assert status == 200, status
        completed += 1
        on_completed()
        idle_callers.put_nowait(connection)
        submit()
        if is_over and completed == submitted:
            all_completed.set()

    async def call_back() -> None:
        while True:
            job_id = await arrived.get()
            connection = await idle_callers.get()
            body = b'{"jobId":"%b","result":"{\\"ok\\":true}"}' % job_id
            connection.send(request("POST", "/webhook/callback", body, b"x-webhook-secret: dev-secret-key\r\n"))

    idle_submitters.extend(
        [
            (await loop.create_connection(lambda: Connection(on_submitted), "127.0.0.1", port))[1]
            for _ in range(SUBMITTERS)
        ]
    )
    for _ in range(CALLERS):
        made = await loop.create_connection(lambda: Connection(on_called), "127.0.0.1", port)
        idle_callers.put_nowait(made[1])
    caller = asyncio.create_task(call_back())
    submit()
    await asyncio.sleep(warm_up)
    start, before = time.perf_counter(), completed
    await asyncio.sleep(seconds)
    rate = (completed - before) / (time.perf_counter() - start)
    is_over = True
    if completed < submitted:
        await all_completed.wait()
    caller.cancel()
    sink.close()
    return rate


def sink_url(sink_port: int) -> str:
    return f"http://127.0.0.1:{sink_port}/"


def flows(sink_port: int) -> str:
    """The flows file of a server that dispatches to the sink."""
    return f'[flows.sink]\nprocessor = "webhook"\nurl = "{sink_url(sink_port)}"\n'


def run() -> list[Line]:
    sink_port = processes.free_port()
    ours: list[float] = []
    bare: list[float] = []
    # In turns, so that a machine that slows down slows both.
    for _ in range(TURNS):
        with processes.bare(sink_url(sink_port)) as (port, _):
            bare.append(uvloop.run(measure(port, sink_port)))
        with processes.server(flows(sink_port)) as (port, _):
            ours.append(uvloop.run(measure(port, sink_port)))
    mine, theirs = statistics.median(ours), statistics.median(bare)
    share = mine / theirs
    return [
        Line(
            "round trip through HTTP, of bare messages",
            f"{mine:,.0f}/s = {share:.2f}",
            f"{FLOOR} of {theirs:,.0f}/s",
            share / FLOOR,
        )
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
