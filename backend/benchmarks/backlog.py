"""The claim rate behind a backlog, and the memory a backlog takes."""

import os
import time

import uvloop

from benchmarks.drain import RULES, fill, sqlite
from benchmarks.processes import memory_mib
from benchmarks.report import Line
from job_processor.store.base import Claim, Store

FLOOR = 0.5
MEMORY_FLOOR_MIB = 200
CLAIMS = 50
BATCH = 20


async def claim_rate(store: Store, claims: int = CLAIMS) -> float:
    """Jobs claimed a second."""
    start = time.perf_counter()
    got = 0
    for _ in range(claims):
        got += len((await store.claim(Claim(RULES, BATCH, "bench"))).jobs)
    assert got == claims * BATCH
    return got / (time.perf_counter() - start)


async def _few() -> float:
    async with sqlite() as store:
        await fill(store, 1_000 + CLAIMS * BATCH)
        return await claim_rate(store)


async def _future_in_front() -> float:
    async with sqlite() as store:
        await fill(store, 100_000, ahead_ms=86_400_000, priority=9)
        await fill(store, 1_000 + CLAIMS * BATCH)
        return await claim_rate(store)


async def _million() -> tuple[float, float]:
    async with sqlite() as store:
        await fill(store, 1_000_000)
        rate = await claim_rate(store)
        return rate, memory_mib(os.getpid())


def run() -> list[Line]:
    few = uvloop.run(_few())
    future = uvloop.run(_future_in_front())
    million, memory = uvloop.run(_million())
    few = (few + uvloop.run(_few())) / 2
    return [
        Line(
            "claim, 100,000 future jobs in front",
            f"{future:,.0f}/s = {future / few:.2f}",
            f"{FLOOR} of {few:,.0f}/s",
            future / few / FLOOR,
        ),
        Line(
            "claim, 1,000,000 waiting",
            f"{million:,.0f}/s = {million / few:.2f}",
            f"{FLOOR} of {few:,.0f}/s",
            million / few / FLOOR,
        ),
        Line(
            "memory, 1,000,000 waiting",
            f"{memory:,.0f} MiB",
            f"{MEMORY_FLOOR_MIB} MiB at most",
            MEMORY_FLOOR_MIB / memory,
        ),
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
