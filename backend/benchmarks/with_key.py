"""POST /jobs, and the round trip, with an API key, its rate limit and quota, against the same without, in one run."""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks import processes
from benchmarks.accept import CONNECTIONS, FLOWS
from benchmarks.report import Line
from benchmarks.round_trip import flows, measure
from benchmarks.wire import flood, request

FLOOR = 0.95
ROUNDS = 7
TURN_SECONDS = 2.0


def run() -> list[Line]:
    sink = processes.free_port()

    def accept(port: int, header: bytes) -> float:
        return uvloop.run(flood(port, _post(header), CONNECTIONS, TURN_SECONDS, 201))

    def round_trip(port: int, header: bytes) -> float:
        return uvloop.run(measure(port, sink, TURN_SECONDS, header=header))

    return [
        _line("accept with an API key, of without", FLOWS, accept),
        _line("round trip with an API key, of without", flows(sink), round_trip),
    ]


def _line(what: str, flows_file: str, measured: Callable[[int, bytes], float]) -> Line:
    """``measured``: port and header lines of each submission → jobs a second."""
    without: list[float] = []
    with_key: list[float] = []
    # In turns, so that a machine that slows down slows both.
    for _ in range(ROUNDS):
        with processes.server(flows_file) as (port, _):
            without.append(measured(port, b""))
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
            data = Path(scratch)
            with processes.server(flows_file, data=data, env={"AUTH": "keys", "ACCESS_LOG": "off"}) as (port, _):
                key = (data / "first-admin-key").read_bytes().strip()
                with_key.append(measured(port, b"authorization: Bearer %b\r\n" % key))
    mine, theirs = statistics.median(with_key), statistics.median(without)
    share = mine / theirs
    return Line(what, f"{mine:,.0f}/s = {share:.2f}", f"{FLOOR}", share / FLOOR)


def _post(header: bytes) -> Callable[[int], bytes]:
    def post(i: int) -> bytes:
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i, header)

    return post


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
