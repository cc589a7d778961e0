"""What MongoDB costs the client: CPU of this process per move, alone and together with others; and per job through
accept, claim, accept by the processor, complete, against the most it may take.

The server's own speed does not matter for it, so a stand-in will do: ``python -m benchmarks.mongo_moves``. Event loop
and garbage collection are those of a server process.
"""

import argparse
import asyncio
import datetime
import time

import uvloop

from benchmarks import report
from benchmarks.life import cpu_of_a_life
from job_processor.core.transitions import decide
from job_processor.memory import collect_less
from tests import mongo_server
from tests.store_suite import given
from tests.store_suite.places import Clock, MongoPlace

ROUNDS = 12
LIVES_AT_ONCE = 64
LIVES_ROUNDS = 20
MOST_OF_A_LIFE = 200.0
"""Microseconds."""


async def _cpu_of_a_move(place: MongoPlace, at_once: int, prompt: str) -> tuple[float, float]:
    """(microseconds of CPU, moves/s) for cancelling jobs, so many at once."""
    moves = ROUNDS * max(at_once, 10)
    store = await place.open()
    jobs = await asyncio.gather(*(given.added(store, prompt) for _ in range(moves)))
    changes = []
    for job in jobs:
        change = decide(job, given.Cancelled("no"), store.now(), given.RULES, 0.5)
        assert change is not None
        changes.append(change)
    cpu, wall = time.process_time(), time.perf_counter()
    for start in range(0, moves, at_once):
        assert all(await asyncio.gather(*(store.apply(change) for change in changes[start : start + at_once])))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / moves * 1e6, moves / wall


async def main(kib: int = 0) -> None:
    server = mongo_server.require()
    print(f"{datetime.date.today()}, {report.machine()}, {server.name}")
    print(f"client CPU of a move of a job with a prompt of {kib} KiB:")
    for at_once in (1, 10, 50):
        place = MongoPlace(server, Clock())
        cpu, rate = await _cpu_of_a_move(place, at_once, "x" * (kib * 1024))
        print(f"{at_once:>4} at once: {cpu:6.0f} µs of CPU a move, {rate:6.0f} moves/s")
        await place.close()
    place = MongoPlace(server, Clock())
    cpu_of_a_job = (await cpu_of_a_life(await place.open(), LIVES_ROUNDS, LIVES_AT_ONCE)).all
    await place.close()
    report.show(
        [
            report.Line(
                f"client CPU of a job's life, {LIVES_AT_ONCE} at once",
                f"{cpu_of_a_job:.0f} µs",
                f"{MOST_OF_A_LIFE:g} µs at most",
                MOST_OF_A_LIFE / cpu_of_a_job,
            )
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt-kib", type=int, default=0)
    kib = parser.parse_args().prompt_kib
    collect_less()
    uvloop.run(main(kib))
