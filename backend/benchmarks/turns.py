"""What 10,000 keys that take turns cost a claim, beside jobs without a key and jobs of one key, in turns, in time and
in processor time; and what a claim takes where as many keys are at their limit."""

import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import uvloop

from benchmarks.backlog import BATCH, CLAIMS, claim_rate
from benchmarks.drain import RULES, fill, sqlite
from benchmarks.report import Line
from job_processor.store.base import Claim, Store

KEYS = 10_000
JOBS = 20_000
ROUNDS = 15
FLOOR = 0.9
MOST_MS = 3.0


async def _rates() -> tuple[list[float], list[float]]:
    """Jobs claimed a second without a key, with one, and with 10,000; then jobs claimed in a second of the processor:
    the medians of the rounds. Without the search index, whose thread would still be busy with the jobs just stored."""
    assert CLAIMS * BATCH * ROUNDS <= JOBS
    numbers = (0, 1, KEYS)
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(sqlite(searchable=False)) for _ in numbers]
        for store, keys in zip(stores, numbers, strict=True):
            await fill(store, JOBS, keys=keys)
        rounds = [[await _rate(store) for store in stores] for _ in range(ROUNDS)]
    of_stores = list(zip(*rounds, strict=True))
    by_time, by_cpu = ([statistics.median(one[n] for one in each) for each in of_stores] for n in range(2))
    return by_time, by_cpu


async def _rate(store: Store) -> tuple[float, float]:
    began = time.process_time()
    rate = await claim_rate(store)
    return rate, CLAIMS * BATCH / (time.process_time() - began)


async def _beside_full_keys() -> float:
    """Milliseconds of a claim: the median."""
    one_each = replace(RULES, concurrency_per_key=1)
    async with sqlite() as store:
        await fill(store, 2 * KEYS, keys=KEYS)
        claimed = 0
        while claimed < KEYS:
            claimed += len((await store.claim(Claim(one_each, 2_000, "bench"))).jobs)
        await fill(store, CLAIMS * BATCH, keys=CLAIMS * BATCH, names="other")
        took = []
        for _ in range(CLAIMS - 1):
            began = time.perf_counter()
            got = await store.claim(Claim(one_each, BATCH, "bench"))
            took.append(time.perf_counter() - began)
            assert len(got.jobs) == BATCH
    return statistics.median(took) * 1000


def _line(name: str, rate: float, other: float) -> Line:
    ratio = rate / other
    return Line(name, f"{rate:,.0f}/s = {ratio:.2f}", f"{FLOOR} of {other:,.0f}/s", ratio / FLOOR)


def run() -> list[Line]:
    (without, of_one, of_keys), (without_cpu, of_one_cpu, of_keys_cpu) = uvloop.run(_rates())
    beside = uvloop.run(_beside_full_keys())
    return [
        _line("claim, 10,000 keys in turn", of_keys, without),
        _line("the same, by processor time", of_keys_cpu, without_cpu),
        _line("claim, 10,000 keys, of one key", of_keys, of_one),
        _line("the same, by processor time", of_keys_cpu, of_one_cpu),
        Line("claim of 20, 10,000 keys full", f"{beside:.2f} ms", f"{MOST_MS:g} ms at most", MOST_MS / beside),
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
