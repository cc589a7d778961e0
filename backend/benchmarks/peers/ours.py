"""The product, measured with the parts of `make bench`."""

import contextlib
from collections.abc import Iterator

import uvloop

from benchmarks import accept, processes, round_trip
from benchmarks.drain import drain, fill, sqlite
from benchmarks.peers.contender import Measures
from benchmarks.peers.load import submissions, trips


class Ours:
    name = "Job Processor"

    def missing(self) -> str | None:
        return None

    @contextlib.contextmanager
    def running(self) -> Iterator[Measures]:
        # SQLite needs no server.
        yield _Measures()


class _Measures:
    def accept(self, seconds: float) -> float:
        with processes.server(accept.FLOWS) as (port, _):
            return submissions(port, seconds)

    def drain(self, waiting: int, jobs: int) -> float:
        return uvloop.run(_drain(waiting, jobs))

    def round_trip(self, seconds: float) -> float:
        sink_port = processes.free_port()
        with processes.server(round_trip.flows(sink_port)) as (port, _):
            return trips(port, sink_port, seconds)


async def _drain(waiting: int, jobs: int) -> float:
    async with sqlite() as store:
        await fill(store, waiting)
        return await drain(store, jobs)
