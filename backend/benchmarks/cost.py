"""CPU of the server process per job, accepting and through the whole round trip, in turns with the bare handlers; with
other checkouts in turns with these as well, each as a name
and a PYTHONPATH:

    python -m benchmarks.cost before=../../before/backend/src

Load of other processes makes jobs dearer, so the cheap groups of jobs are compared: the tenth percentile.
"""

import contextlib
import datetime
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import uvloop

from benchmarks import processes, round_trip
from benchmarks.accept import CONNECTIONS, FLOWS
from benchmarks.report import machine
from benchmarks.wire import flood, request

ROUNDS = 5
SECONDS = 3.0
GROUP = 250
"""Jobs between two readings of the clocks."""
WARM_UP_GROUPS = 4


class Cpu(NamedTuple):
    """Microseconds a job."""

    loop: float
    """Of the server's first thread, in which the event loop runs."""
    others: float
    """Of its other threads: the writer's, mostly."""
    load: float
    """Of the process that makes the load."""

    @property
    def server(self) -> float:
        return self.loop + self.others


class Meter:
    """Reads the clocks of CPU after each group of jobs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._jobs = 0
        self._last = self._read()
        self._groups: list[Cpu] = []

    @property
    def warm(self) -> list[Cpu]:
        """Each group of jobs after the first ones."""
        return self._groups[WARM_UP_GROUPS:]

    def count(self) -> None:
        self._jobs += 1
        if self._jobs % GROUP == 0:
            now = self._read()
            self._groups.append(Cpu(*((new - old) / GROUP for new, old in zip(now, self._last, strict=True))))
            self._last = self._read()

    def _read(self) -> Cpu:
        return Cpu(*processes.thread_cpu(self._pid), time.process_time() * 1e6)


@dataclass(frozen=True)
class _Contender:
    name: str
    started: Callable[[], contextlib.AbstractContextManager[tuple[int, int]]]


@contextlib.contextmanager
def server(flows: str, source: str | None = None) -> Iterator[tuple[int, int]]:
    """``source``: the directory of another checkout's package."""
    with processes.server(
        flows, env={"ACCESS_LOG": "off", **({} if source is None else {"PYTHONPATH": source})}
    ) as ours:
        yield ours


def accepting(port: int, meter: Meter) -> None:
    def post(i: int) -> bytes:
        if i:
            meter.count()
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i)

    uvloop.run(flood(port, post, CONNECTIONS, SECONDS, 201))


def through_the_round_trip(sink: int, port: int, meter: Meter) -> float:
    """Jobs completed a second."""
    return uvloop.run(round_trip.measure(port, sink, SECONDS, on_completed=meter.count))


def cheap(groups: Sequence[Cpu]) -> Cpu:
    """The group at the tenth percentile of what the server took."""
    return sorted(groups, key=lambda one: one.server)[len(groups) // 10]


def _in_turns(what: str, contenders: Sequence[_Contender], load: Callable[[int, Meter], object]) -> None:
    groups: dict[str, list[Cpu]] = {one.name: [] for one in contenders}
    for _ in range(ROUNDS):
        for one in contenders:
            with one.started() as (port, pid):
                meter = Meter(pid)
                load(port, meter)
            groups[one.name] += meter.warm
    bare = cheap(groups["bare"]).server
    print(f"{what:<30} {'event loop':>10} {'other threads':>14} {'server':>8} {'of bare':>8} {'load':>6}")
    for name, measured in groups.items():
        cpu = cheap(measured)
        print(
            f"  {name:<28} {cpu.loop:>10.0f} {cpu.others:>14.0f} {cpu.server:>8.0f} {cpu.server / bare:>8.2f} "
            f"{cpu.load:>6.0f}",
            flush=True,
        )


def main(others: Mapping[str, str]) -> None:
    print(f"{datetime.date.today()}, {machine()}; microseconds of CPU a job")
    sink = processes.free_port()

    def contenders(flows: str, bare_sink: str | None) -> list[_Contender]:
        return [
            _Contender("bare", partial(processes.bare, bare_sink)),
            _Contender("this checkout", partial(server, flows)),
            *(_Contender(name, partial(server, flows, source)) for name, source in others.items()),
        ]

    _in_turns("accept", contenders(FLOWS, None), accepting)
    _in_turns(
        "round trip",
        contenders(round_trip.flows(sink), round_trip.sink_url(sink)),
        partial(through_the_round_trip, sink),
    )


if __name__ == "__main__":
    main(dict(one.split("=", 1) for one in sys.argv[1:]))
