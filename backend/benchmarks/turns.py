"""What 10,000 keys that take turns cost a claim, beside jobs without a key, in turns, in time and in processor time;
and what a claim takes where as many keys are at their limit."""

import statistics
import time
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


async def _rates() -> tuple[float, float, float, float]:
    """Jobs claimed a second without a key, and with 10,000; then jobs claimed in a second of the processor: the medians
    of the rounds."""
    assert CLAIMS * BATCH * ROUNDS <= JOBS
    async with sqlite() as without, sqlite() as of_keys:
        await fill(without, JOBS)
        await fill(of_keys, JOBS, keys=KEYS)
        rates = [(*await _rate(without), *await _rate(of_keys)) for _ in range(ROUNDS)]
    one, one_cpu, other, other_cpu = (statistics.median(each) for each in zip(*rates, strict=True))
    return one, other, one_cpu, other_cpu


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


def run() -> list[Line]:
    without, of_keys, without_cpu, of_keys_cpu = uvloop.run(_rates())
    beside = uvloop.run(_beside_full_keys())
    ratio, cpu = of_keys / without, of_keys_cpu / without_cpu
    return [
        Line(
            "claim, 10,000 keys in turn",
            f"{of_keys:,.0f}/s = {ratio:.2f}",
            f"{FLOOR} of {without:,.0f}/s",
            ratio / FLOOR,
        ),
        Line(
            "the same, by processor time",
            f"{of_keys_cpu:,.0f}/s = {cpu:.2f}",
            f"{FLOOR} of {without_cpu:,.0f}/s",
            cpu / FLOOR,
        ),
        Line("claim of 20, 10,000 keys full", f"{beside:.2f} ms", f"{MOST_MS:g} ms at most", MOST_MS / beside),
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
