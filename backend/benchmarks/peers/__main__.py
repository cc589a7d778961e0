"""`make bench-peers`: the product and what people would build instead, in turns, in one run."""

import argparse
import datetime
import signal
import sys

from benchmarks import report
from benchmarks.peers.ours import Ours
from benchmarks.peers.program import all_peers
from benchmarks.peers.table import table
from benchmarks.peers.turns import FULL, QUICK, compare


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and fewer rounds")
    sizes = QUICK if parser.parse_args().quick else FULL
    # `kill` stops the servers as Ctrl+C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        rows = compare(Ours(), all_peers(), sizes, _say)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    print(f"{datetime.date.today()}, {report.machine()}; medians of {sizes.rounds} (lowest to highest)\n")
    print(table(rows) if rows else "No peer is installed.")


if __name__ == "__main__":
    main()
