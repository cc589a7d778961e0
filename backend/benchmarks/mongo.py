"""`make bench-mongo`: accept, drain and round trip with 1 and 3 workers, and claims behind a backlog, over MongoDB.

Every line is printed under the name and version of the server it was measured on. A stand-in's figures say
nothing about MongoDB; its collections are kept small, because it looks at all candidates of a query.
"""

import asyncio
import contextlib
import datetime
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks import report, round_trip
from benchmarks.backlog import BATCH, claim_rate
from benchmarks.drain import RULES, Noop, fill
from benchmarks.processes import port_in, running
from benchmarks.wire import flood, request
from job_processor.acts import acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.core.ids import IdFactory
from job_processor.core.job import State
from job_processor.store.mongo.store import MongoStore
from job_processor.workers.dispatcher import Dispatcher
from tests import mongo_server
from tests.mongo_server import MongoServer, free_port

WORKERS = (1, 3)
IDLE_FLOW = '[flows.idle]\nprocessor = "mock"\ndelay_seconds = 3600\ncallback_timeout_seconds = 7200\n'


@dataclass(frozen=True)
class Sizes:
    accept_seconds: float
    drain_jobs: int
    warm_up: float
    seconds: float
    in_flight: int
    backlogs: tuple[int, ...]
    claims: int


REAL = Sizes(4.0, 20_000, 2.0, 6.0, 400, (1_000, 100_000, 1_000_000), 50)
STAND_IN = Sizes(1.0, 800, 0.5, 2.0, 64, (200, 1_000), 5)


@contextlib.contextmanager
def _database(server: MongoServer) -> Iterator[str]:
    """The address of a database of its own, dropped afterwards."""
    name = server.database()
    head, joint, options = server.uri.partition("?")
    try:
        yield f"{head.rstrip('/')}/{name}{joint}{options}"
    finally:
        server.drop(name)


@contextlib.contextmanager
def _processes(uri: str, flows: str, workers: int) -> Iterator[int]:
    """The port of one `api` beside so many `worker`."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as started:
        file = Path(scratch) / "flows.toml"
        file.write_text(flows)
        environment = {**os.environ, "MONGODB_URI": uri, "FLOWS_FILE": str(file), "LOG_LEVEL": "error"}
        command = [sys.executable, "-m", "job_processor.cli"]
        api = started.enter_context(running([*command, "api", "--port", "0"], environment))
        for _ in range(workers):
            started.enter_context(running([*command, "worker"], environment))
        assert api.stdout is not None
        yield port_in(api.stdout.readline())


@contextlib.asynccontextmanager
async def _store(uri: str) -> AsyncIterator[MongoStore]:
    store = MongoStore(uri)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _accept(server: MongoServer, sizes: Sizes) -> float:
    def post(i: int) -> bytes:
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i)

    with _database(server) as uri, _processes(uri, IDLE_FLOW, 0) as port:
        return uvloop.run(flood(port, post, 64, sizes.accept_seconds, 201))


def _drain(server: MongoServer, sizes: Sizes, workers: int) -> float:
    async def prepare(uri: str) -> None:
        async with _store(uri) as store:
            await fill(store, sizes.drain_jobs)

    async def measure(uri: str) -> float:
        async with _store(uri) as store:
            before = await _completed(store, 1)
            start = time.perf_counter()
            await _completed(store, sizes.drain_jobs)
            return (sizes.drain_jobs - before) / (time.perf_counter() - start)

    with _database(server) as uri, contextlib.ExitStack() as hands:
        uvloop.run(prepare(uri))
        for _ in range(workers):
            hands.enter_context(running([sys.executable, "-m", "benchmarks.mongo", "drain", uri], dict(os.environ)))
        return uvloop.run(measure(uri))


async def _completed(store: MongoStore, jobs: int) -> int:
    """How many are completed, once these many are."""
    while True:
        done = (await store.counts()).by_state.get((RULES.name, State.COMPLETED), 0)
        if done >= jobs:
            return done
        await asyncio.sleep(0.02)


async def _hands(uri: str) -> None:
    """A worker process of the drain: the real dispatcher over a processor that does nothing, until it is ended."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with _store(uri) as store:
        dispatcher = Dispatcher(
            acts=acts_over(store, FlowTable({RULES.name: RULES}, RULES.name), IdFactory(secrets.randbits(48))),
            store=store,
            rules=RULES,
            processor=Noop(),
            owner=f"bench-{os.getpid()}",
            callback_url="http://127.0.0.1/",
            callback_token=lambda job: "",
        )
        dispatcher.start()
        await ended.wait()
        await dispatcher.stop()


def _round_trip(server: MongoServer, sizes: Sizes, workers: int) -> float:
    sink = free_port()
    with _database(server) as uri, _processes(uri, round_trip.flows(sink), workers) as port:
        return uvloop.run(round_trip.measure(port, sink, sizes.seconds, sizes.warm_up, sizes.in_flight))


def _claims(server: MongoServer, sizes: Sizes, waiting: int) -> float:
    async def run(uri: str) -> float:
        async with _store(uri) as store:
            await fill(store, waiting + sizes.claims * BATCH)
            return await claim_rate(store, sizes.claims)

    with _database(server) as uri:
        return uvloop.run(run(uri))


def main() -> None:
    server = mongo_server.shared()
    if server is None:
        sys.exit("no server that speaks MongoDB is at hand: see backend/tests/mongo_server.py")
    stand_in = "NOT MongoDB" in server.name
    sizes = STAND_IN if stand_in else REAL
    print(f"{datetime.date.today()}  {report.machine()}")
    print(f"server: {server.name}")
    if stand_in:
        print("These are figures of the stand-in on small collections. They say nothing about MongoDB.")

    def show(what: str, rate: float) -> None:
        print(f"{what:<36} {rate:>10,.0f}/s", flush=True)

    show("accept, one api", _accept(server, sizes))
    for workers in WORKERS:
        show(f"drain, workers: {workers}", _drain(server, sizes, workers))
    for workers in WORKERS:
        show(f"round trip, workers: {workers}", _round_trip(server, sizes, workers))
    for waiting in sizes.backlogs:
        show(f"claim, {waiting:,} waiting", _claims(server, sizes, waiting))


if __name__ == "__main__":
    if sys.argv[1:2] == ["drain"]:
        uvloop.run(_hands(sys.argv[2]))
    else:
        main()
