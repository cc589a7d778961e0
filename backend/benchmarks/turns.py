"""What 10,000 keys that take turns cost a claim, beside jobs without a key, in turns."""

import uvloop

from benchmarks.backlog import BATCH, CLAIMS, claim_rate
from benchmarks.drain import fill, sqlite
from benchmarks.report import Line

KEYS = 10_000
JOBS = 20_000
ROUNDS = 3
FLOOR = 0.9


async def _rates() -> tuple[float, float]:
    """Jobs claimed a second without a key, and with 10,000: the best of the rounds."""
    assert CLAIMS * BATCH * ROUNDS <= JOBS
    async with sqlite() as without, sqlite() as of_keys:
        await fill(without, JOBS)
        await fill(of_keys, JOBS, keys=KEYS)
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
