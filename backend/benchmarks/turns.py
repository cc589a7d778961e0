"""What 10,000 keys that take turns cost a claim, beside jobs without a key, in turns."""

import asyncio
import secrets

import uvloop

from benchmarks.backlog import BATCH, CLAIMS, claim_rate
from benchmarks.drain import RULES, sqlite
from benchmarks.report import Line
from job_processor.core import transitions
from job_processor.core.ids import IdFactory
from job_processor.store.base import Store

KEYS = 10_000
JOBS = 20_000
ROUNDS = 3
FLOOR = 0.9


async def _fill(store: Store, keys: int) -> None:
    ids = IdFactory(secrets.randbits(48))
    for start in range(0, JOBS, 2000):
        now = store.now()
        await asyncio.gather(
            *(
                store.add(
                    transitions.submit(
                        job_id=ids.new(now),
                        prompt=f"Summarise document number {n}",
                        rules=RULES,
                        now=now,
                        key=f"customer {n % keys}" if keys else None,
                    )
                )
                for n in range(start, start + 2000)
            )
        )


async def _rates() -> tuple[float, float]:
    """Jobs claimed a second without a key, and with 10,000: the best of the rounds."""
    assert CLAIMS * BATCH * ROUNDS <= JOBS
    async with sqlite() as without, sqlite() as of_keys:
        await _fill(without, 0)
        await _fill(of_keys, KEYS)
        rates = [(await claim_rate(without), await claim_rate(of_keys)) for _ in range(ROUNDS)]
    return max(one for one, _ in rates), max(other for _, other in rates)


def run() -> list[Line]:
    without, of_keys = uvloop.run(_rates())
    ratio = of_keys / without
    return [
        Line(
            "claim, 10,000 keys in turn",
            f"{of_keys:,.0f}/s = {ratio:.2f}",
            f"{FLOOR} of {without:,.0f}/s",
            ratio / FLOOR,
        )
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
