"""POST /batches: 10,000 jobs in one request; the same in the store alone; and what a batch costs those who submit one
job meanwhile."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks import processes
from benchmarks.accept import FLOWS
from benchmarks.report import Line
from benchmarks.wire import Connection, request
from job_processor.core.batch import Batch
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.transitions import submit
from job_processor.store.base import NewBatch
from job_processor.store.sqlite.store import SqliteStore

NUMBER = 10_000
ROUNDS = 5
FLOOR = 30_000
LONGEST_WAIT_MS = 500
LARGE = 64 * 1024 * 1024
LINES = b"".join(b'{"customId":"c%d","prompt":"Summarise document number %d"}\n' % (n, n) for n in range(NUMBER))


def batch_request(body: bytes) -> bytes:
    return request("POST", "/batches", body).replace(b"application/json", b"application/x-ndjson", 1)


async def answer_seconds(port: int, sent: bytes) -> float:
    """How long one request takes until its whole answer is there."""
    answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def done(connection: Connection, status: int, _: bytes) -> None:
        answered.set_result(status)

    _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(done), "127.0.0.1", port)
    began = time.perf_counter()
    connection.send(sent)
    status = await answered
    took = time.perf_counter() - began
    assert connection.transport is not None
    connection.transport.close()
    if status != 201:
        raise RuntimeError(f"the answer was {status}")
    return took


async def waits_beside(port: int, sent: bytes) -> list[float]:
    """What submits of one job took, one after the other, from before a batch until after it."""
    single = request("POST", "/jobs", b'{"prompt":"one"}')
    took: list[float] = []
    batch = asyncio.create_task(answer_seconds(port, sent))
    while not batch.done():
        took.append(await answer_seconds(port, single))
    await batch
    return took


async def store_seconds() -> list[float]:
    """What the store takes for each batch, its rows made from jobs included."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        store = SqliteStore(Path(scratch))
        await store.open()
        ids, rules, took = IdFactory(1 << 47), FlowRules("main"), []
        for _ in range(ROUNDS):
            now = store.now()
            batch_id = ids.new(now)
            jobs = [
                submit(
                    job_id=ids.new(now),
                    prompt=f"Summarise document number {n}",
                    rules=rules,
                    now=now,
                    batch_id=batch_id,
                    batch_line=n + 1,
                    custom_id=f"c{n}",
                )
                for n in range(NUMBER)
            ]
            new = NewBatch(Batch(batch_id, now, NUMBER, NUMBER, ("main",)), jobs)
            began = time.perf_counter()
            await store.add_batch(new)
            took.append(time.perf_counter() - began)
        await store.close()
    return took


def run() -> list[Line]:
    large = b'{"prompt":"' + b"a" * (LARGE // NUMBER - 14) + b'"}\n'
    with processes.server(FLOWS) as (port, pid):
        asked = [uvloop.run(answer_seconds(port, batch_request(LINES))) for _ in range(ROUNDS)]
        waits = [wait for _ in range(ROUNDS) for wait in uvloop.run(waits_beside(port, batch_request(LINES)))]
        before = processes.memory_mib(pid)
        beside_large = uvloop.run(waits_beside(port, batch_request(large * NUMBER)))
        memory = processes.memory_mib(pid) - before
    stored = uvloop.run(store_seconds())
    return [
        _rate("batch of 10,000, one request", asked),
        _rate("batch of 10,000, the store alone", stored),
        _wait("longest wait of a submit beside it", waits, max),
        _wait("median wait of a submit beside it", waits, statistics.median),
        _wait("longest wait beside 64 MiB", beside_large, max),
        Line("memory after 64 MiB", f"{memory:,.0f} MiB", "400 MiB at most", 400 / max(memory, 1)),
    ]


def _rate(name: str, seconds: list[float]) -> Line:
    rate = NUMBER / statistics.median(seconds)
    return Line(name, f"{rate:,.0f}/s", f"{FLOOR:,}/s", rate / FLOOR)


def _wait(name: str, seconds: list[float], of: Callable[[list[float]], float]) -> Line:
    ms = of(seconds) * 1000
    return Line(name, f"{ms:,.0f} ms", f"{LONGEST_WAIT_MS} ms at most", LONGEST_WAIT_MS / ms)


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
