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
PAIRS = 4
"""Of servers that accept, one with a key and one without: two processes of the same code differ by some percent."""
TURNS = 12
"""Of accepting, between the two of a pair: short ones, so that what else the machine does meets both."""
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
    """Accepted a second, and the processor time that the server takes for it: each the median of the turns, and of what
    the turns of a pair are to each other."""
    turns = [turn for _ in range(PAIRS) for turn in _turns_of_a_pair()]
    rates, cpu = [rate for rate, _ in turns], [took for _, took in turns]
    share = statistics.median(with_key / without for without, with_key in rates)
    saved = statistics.median(without / with_key for without, with_key in cpu)
    without_us, with_key_us = (statistics.median(one) for one in zip(*cpu, strict=True))
    return [
        Line(
            "accept with an API key, of without",
            f"{statistics.median(one for _, one in rates):,.0f}/s = {share:.2f}",
            f"{FLOOR}",
            share / FLOOR,
        ),
        Line(
            "CPU of an accept without a key, of with one",
            f"{without_us:.0f} of {with_key_us:.0f} µs = {saved:.2f}",
            f"{FLOOR}",
            saved / FLOOR,
        ),
    ]


def _turns_of_a_pair() -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """What two new servers accept a second in each turn, and the µs of CPU for each: without a key, with one."""
    turns = []
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch,
        processes.server(FLOWS) as plain,
        processes.server(FLOWS, data=Path(scratch), env={"AUTH": "keys", "ACCESS_LOG": "off"}) as keyed,
    ):
        sides = ((*plain, b""), (*keyed, _header(Path(scratch))))
        for turn in range(TURNS):
            found, took = [0.0, 0.0], [0.0, 0.0]
            for side in (0, 1) if turn % 2 else (1, 0):
                port, pid, header = sides[side]
                before = sum(processes.thread_cpu(pid))
                found[side] = uvloop.run(flood(port, _post(header), CONNECTIONS, SHORT_SECONDS, 201))
                took[side] = (sum(processes.thread_cpu(pid)) - before) / (found[side] * SHORT_SECONDS)
            turns.append(((found[0], found[1]), (took[0], took[1])))
    return turns


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
