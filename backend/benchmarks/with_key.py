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
TURNS = 24
"""Of accepting, between two servers that stay up: short ones, so that what else the machine does meets both."""
SHORT_SECONDS = 0.3


def run() -> list[Line]:
    sink = processes.free_port()

    def round_trip(port: int, header: bytes) -> float:
        return uvloop.run(measure(port, sink, TURN_SECONDS, header=header))

    return [
        *_accept(),
        _line("round trip with an API key, of without", flows(sink), round_trip),
    ]


def _accept() -> list[Line]:
    """Accepted a second, and the processor time that the server takes for it."""
    shares: list[float] = []
    rates: list[float] = []
    cpu = [0.0, 0.0]
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch,
        processes.server(FLOWS) as without,
        processes.server(FLOWS, data=Path(scratch), env={"AUTH": "keys", "ACCESS_LOG": "off"}) as with_key,
    ):
        sides = ((*without, b""), (*with_key, _header(Path(scratch))))
        for turn in range(TURNS):
            found = [0.0, 0.0]
            for side in (0, 1) if turn % 2 else (1, 0):
                port, pid, header = sides[side]
                before = processes.cpu_seconds(pid)
                found[side] = uvloop.run(flood(port, _post(header), CONNECTIONS, SHORT_SECONDS, 201))
                cpu[side] += (processes.cpu_seconds(pid) - before) / (found[side] * SHORT_SECONDS) / TURNS
            shares.append(found[1] / found[0])
            rates.append(found[1])
    share, saved = statistics.median(shares), cpu[0] / cpu[1]
    return [
        Line(
            "accept with an API key, of without",
            f"{statistics.median(rates):,.0f}/s = {share:.2f}",
            f"{FLOOR}",
            share / FLOOR,
        ),
        Line(
            "CPU of an accept without a key, of with one",
            f"{cpu[0] * 1e6:.0f} of {cpu[1] * 1e6:.0f} µs = {saved:.2f}",
            f"{FLOOR}",
            saved / FLOOR,
        ),
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
                with_key.append(measured(port, _header(data)))
    mine, theirs = statistics.median(with_key), statistics.median(without)
    share = mine / theirs
    return Line(what, f"{mine:,.0f}/s = {share:.2f}", f"{FLOOR}", share / FLOOR)


def _header(data: Path) -> bytes:
    return b"authorization: Bearer %b\r\n" % (data / "first-admin-key").read_bytes().strip()


def _post(header: bytes) -> Callable[[int], bytes]:
    def post(i: int) -> bytes:
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i, header)

    return post


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
