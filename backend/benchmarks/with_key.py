"""POST /jobs, and the round trip, with an API key, its rate limit and quota, against the same without, in one run."""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks import processes
from benchmarks.accept import CONNECTIONS, FLOWS
from benchmarks.report import Line
from benchmarks.round_trip import flows, measure
from benchmarks.wire import flood, request

FLOOR = 0.95
PAIRS = 6
"""Of servers, one with a key and one without: two processes of the same code differ by some percent."""
ACCEPT_TURNS, ACCEPT_SECONDS = 12, 0.3
"""Of each server of a pair. They are short, so that what else the machine does meets both."""
TRIP_TURNS, TRIP_SECONDS, TRIP_WARM_UP = 6, 0.8, 0.2

Measured = Callable[[int, bytes], float]
"""Port, and header lines of each submission → jobs a second."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What each server of a pair did in turn."""

    rate_without: float
    rate_with: float
    cpu_without: float
    """Microseconds of the server's processor time for each job of ``rate_without``. Of a round trip it is too much: the
    jobs of the warm-up are in it."""
    cpu_with: float


def run() -> list[Line]:
    sink = processes.free_port()

    def accept(port: int, header: bytes) -> float:
        return uvloop.run(flood(port, _post(header), CONNECTIONS, ACCEPT_SECONDS, 201))

    def round_trip(port: int, header: bytes) -> float:
        return uvloop.run(measure(port, sink, TRIP_SECONDS, TRIP_WARM_UP, header=header))

    accepts = _turns(FLOWS, accept, ACCEPT_TURNS, ACCEPT_SECONDS)
    trips = _turns(flows(sink), round_trip, TRIP_TURNS, TRIP_SECONDS)
    return [
        _rates("accept with an API key, of without", accepts),
        _cpu("CPU of an accept without a key, of with one", accepts),
        _rates("round trip with an API key, of without", trips),
    ]


def _rates(what: str, turns: list[_Turn]) -> Line:
    share = statistics.median(turn.rate_with / turn.rate_without for turn in turns)
    mine = statistics.median(turn.rate_with for turn in turns)
    return Line(what, f"{mine:,.0f}/s = {share:.3f}", f"{FLOOR}", share / FLOOR)


def _cpu(what: str, turns: list[_Turn]) -> Line:
    share = statistics.median(turn.cpu_without / turn.cpu_with for turn in turns)
    without, with_key = (
        statistics.median(took) for took in zip(*((t.cpu_without, t.cpu_with) for t in turns), strict=True)
    )
    return Line(what, f"{without:.0f} of {with_key:.0f} µs = {share:.3f}", f"{FLOOR}", share / FLOOR)


def _turns(flows_file: str, measured: Measured, turns: int, seconds: float) -> list[_Turn]:
    return [turn for _ in range(PAIRS) for turn in _turns_of_a_pair(flows_file, measured, turns, seconds)]


def _turns_of_a_pair(flows_file: str, measured: Measured, turns: int, seconds: float) -> list[_Turn]:
    """The turns of two new servers, of which each begins every other turn. The first turn is not counted: in it, the
    connections to the processor are opened."""
    done = []
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch,
        processes.server(flows_file) as plain,
        processes.server(flows_file, data=Path(scratch), env={"AUTH": "keys", "ACCESS_LOG": "off"}) as keyed,
    ):
        sides = ((*plain, b""), (*keyed, _header(Path(scratch))))
        for turn in range(turns + 1):
            rates, took = [0.0, 0.0], [0.0, 0.0]
            for side in (0, 1) if turn % 2 else (1, 0):
                port, pid, header = sides[side]
                before = sum(processes.thread_cpu(pid))
                rates[side] = measured(port, header)
                took[side] = (sum(processes.thread_cpu(pid)) - before) / (rates[side] * seconds)
            done.append(_Turn(*rates, *took))
    return done[1:]


def _header(data: Path) -> bytes:
    return b"authorization: Bearer %b\r\n" % (data / "first-admin-key").read_bytes().strip()


def _post(header: bytes) -> Callable[[int], bytes]:
    def post(i: int) -> bytes:
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i, header)

    return post


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
