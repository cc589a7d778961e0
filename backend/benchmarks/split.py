"""What could more than one process gain on one SQLite file? One of them would have to own the file.

In one run: how much two whole servers do beside each other, each with a file of its own and no commands to pass, beside
what one does; the CPU of a round trip, and the part of it that only the owner of the file can do (rules and writes: the
same life of a job without HTTP); what passing commands to the owner costs; from these, what so many cores could do at
most, if each were busy all the time, the load included.
"""

import asyncio
import contextlib
import datetime
import statistics

import uvloop

from benchmarks import life, passing, processes, round_trip
from benchmarks.cost import Cpu, Meter, cheap, server, through_the_round_trip
from benchmarks.drain import sqlite
from benchmarks.report import machine

ROUNDS = 5
CORES = (2, 4)
PASSED_TOGETHER = (1, 4, 16)
COMMANDS = 4
"""Passed for a job: submit, take, accepted, report."""


def _two_servers(sinks: tuple[int, int]) -> float:
    """Jobs a second that both complete."""

    async def both(ports: list[int]) -> float:
        half = round_trip.IN_FLIGHT // 2
        pairs = zip(ports, sinks, strict=True)
        return sum(await asyncio.gather(*(round_trip.measure(*pair, in_flight=half) for pair in pairs)))

    with contextlib.ExitStack() as started:
        return uvloop.run(both([started.enter_context(server(round_trip.flows(sink)))[0] for sink in sinks]))


async def _without_http() -> life.Cpu:
    async with sqlite() as store:
        return await life.cpu_of_a_life(store, 100, 64)


def _most(whole: Cpu, owner: life.Cpu, together: int) -> None:
    """What the cores could do at most."""
    front = max(0.0, whole.loop - owner.loop)
    cost = passing.cost(together)
    here, there = COMMANDS * cost.here, COMMANDS * cost.there
    owning = owner.all + there
    print(f"commands passed {together} at a time: {here:.0f} in front, {there:.0f} at the owner")
    for cores in CORES:
        # Threads of one process run beside its event loop as far as they do without the interpreter's lock.
        one = 1e6 / max(whole.loop, (whole.server + whole.load) / cores)
        split = 1e6 / max(owning, (front + here + owning + whole.load) / cores)
        print(f"  on {cores} cores at most {split:,.0f}/s, one process {one:,.0f}/s: {split / one:.2f}", flush=True)


def main() -> None:
    print(f"{datetime.date.today()}, {machine()}; microseconds of CPU a job")
    sinks = processes.free_port(), processes.free_port()
    groups: list[Cpu] = []
    one: list[float] = []
    two: list[float] = []
    # In turns, so that a machine that slows down slows both.
    for _ in range(ROUNDS):
        with server(round_trip.flows(sinks[0])) as (port, pid):
            meter = Meter(pid)
            one.append(through_the_round_trip(sinks[0], port, meter))
            groups += meter.warm
        two.append(_two_servers(sinks))
    ratio = statistics.median(two) / statistics.median(one)
    print(f"one server {statistics.median(one):,.0f}/s ({min(one):,.0f} to {max(one):,.0f}); two, a file each,")
    print(f"  {statistics.median(two):,.0f}/s ({min(two):,.0f} to {max(two):,.0f}) together: {ratio:.2f} of one")
    whole, owner = cheap(groups), uvloop.run(_without_http())
    print(f"round trip: event loop {whole.loop:.0f}, other threads {whole.others:.0f}, load {whole.load:.0f}")
    print(f"the owner's part, without HTTP: rules {owner.loop:.0f}, writer {owner.others:.0f}", flush=True)
    for together in PASSED_TOGETHER:
        _most(whole, owner, together)


if __name__ == "__main__":
    main()
