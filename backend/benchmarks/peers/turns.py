"""Each contender's turn, for each thing that is measured, round after round: a machine that slows down slows all."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.peers.contender import Contender, Measures
from benchmarks.peers.table import Rates, Row


@dataclass(frozen=True, slots=True)
class Sizes:
    rounds: int
    seconds: float
    jobs: int
    waiting: int


FULL = Sizes(rounds=5, seconds=4.0, jobs=10_000, waiting=100_000)
QUICK = Sizes(rounds=3, seconds=1.5, jobs=2_000, waiting=20_000)


def compare(ours: Contender, peers: Sequence[Contender], sizes: Sizes, say: Callable[[str], None]) -> list[Row]:
    """One row for each thing measured and each peer. ``say``: told what is left out, and how far it is."""
    rows: list[Row] = []
    with contextlib.ExitStack() as servers:
        running: list[tuple[str, Measures]] = []
        for contender in (ours, *peers):
            missing = contender.missing()
            if missing is None:
                running.append((contender.name, servers.enter_context(contender.running())))
            else:
                say(f"{contender.name} is left out: {missing}.")
        for what, measure in _measures(sizes):
            rates: dict[str, list[float]] = {name: [] for name, _ in running}
            for number in range(sizes.rounds):
                for name, contender_measures in running:
                    rates[name].append(measure(contender_measures))
                    say(f"{what}, round {number + 1} of {sizes.rounds}, {name}: {rates[name][-1]:,.0f}/s")
            mine = Rates(rates[ours.name])
            rows += [Row(what, name, mine, Rates(rates[name])) for name, _ in running if name != ours.name]
    return rows


def _measures(sizes: Sizes) -> list[tuple[str, Callable[[Measures], float]]]:
    return [
        ("accept", lambda one: one.accept(sizes.seconds)),
        ("drain", lambda one: one.drain(sizes.jobs, sizes.jobs)),
        ("round trip", lambda one: one.round_trip(sizes.seconds)),
        (f"drain, {sizes.waiting:,} waiting", lambda one: one.drain(sizes.waiting + sizes.jobs, sizes.jobs)),
    ]
