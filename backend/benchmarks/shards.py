"""How many jobs a second N workers get through over M shards, simulated: ``python -m benchmarks.shards``.

Each job is an insert, a claim, and two moves: group-committed writes to the shard of its id. A claim asks every shard
for the head of its queue (a read each) and writes to the shards of the jobs it took. A shard serves so many writes and
reads a second; a worker's process has one core. The client's costs are measured, the server's assumed: all of them are
options, so that they can be replaced by one's own.
"""

import argparse
import heapq
import random
from dataclasses import dataclass

WRITES = 4


@dataclass(frozen=True)
class Costs:
    """``shard_*``: operations/s of one shard. ``client_*``: CPU seconds of a worker for one."""

    shard_writes: float
    shard_reads: float
    client_move: float
    client_read: float
    wait: float
    """Seconds that a majority takes."""
    batch: int
    """Jobs that one claim takes."""


def simulate(workers: int, shards: int, costs: Costs, seconds: float, seed: int) -> float:
    """Jobs/s after the first fifth of the time; every worker claims a batch, works it off, and claims the next."""
    rng = random.Random(seed)
    free = [0.0] * shards
    """When each shard has worked off what it was given."""
    steps = [(rng.random() * costs.wait, worker, 0) for worker in range(workers)]
    heapq.heapify(steps)
    warm = seconds / 5
    done = 0
    while steps[0][0] < seconds:
        now, worker, step = heapq.heappop(steps)
        if step == 0:
            # The claim's reads go to all shards, and the slowest answers last.
            heads = [_serve(free, shard, now, costs.batch / shards / costs.shard_reads) for shard in range(shards)]
            at = max([*heads, now + costs.client_read * shards])
        else:
            # Insert (by an api), claim, acceptance, outcome: each a group to the shards of the batch's ids.
            spread = [0] * shards
            for _ in range(costs.batch):
                spread[rng.randrange(shards)] += 1
            ends = [_serve(free, shard, now, n / costs.shard_writes) for shard, n in enumerate(spread) if n]
            at = max(max(ends) + costs.wait, now + costs.client_move * costs.batch)
            if step == WRITES and now >= warm:
                done += costs.batch
        heapq.heappush(steps, (at, worker, (step + 1) % (WRITES + 1)))
    return done / (seconds - warm)


def _serve(free: list[float], shard: int, at: float, takes: float) -> float:
    free[shard] = max(free[shard], at) + takes
    return free[shard]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shard-writes", type=float, default=10_000, help="majority writes/s of one shard (assumed)")
    parser.add_argument("--shard-reads", type=float, default=50_000, help="documents read/s of one shard (assumed)")
    parser.add_argument("--client-move", type=float, default=26e-6, help="CPU seconds of a move in a group (measured)")
    parser.add_argument("--client-read", type=float, default=400e-6, help="CPU seconds of a command (measured)")
    parser.add_argument("--wait", type=float, default=0.005, help="seconds that a majority takes (assumed)")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    costs = Costs(given.shard_writes, given.shard_reads, given.client_move, given.client_read, given.wait, given.batch)
    print(f"simulated, not measured: {costs}")
    print(f"{'workers':>8} " + " ".join(f"{shards:>3} shards" for shards in (1, 2, 4, 8, 16, 32, 48)))
    for workers in (1, 4, 16, 64, 256):
        rates = [simulate(workers, shards, costs, given.seconds, 1) for shards in (1, 2, 4, 8, 16, 32, 48)]
        print(f"{workers:>8} " + " ".join(f"{rate:>10,.0f}" for rate in rates))


if __name__ == "__main__":
    main()
