"""`make bench`: every floor, one after the other."""

import datetime

from benchmarks import accept, backlog, batch, bulk, drain, idle, limits, report, round_trip, turns, with_key

if __name__ == "__main__":
    print(f"{datetime.date.today()}, {report.machine()}")
    for part in (accept, batch, with_key, drain, round_trip, idle, limits, backlog, turns, bulk):
        report.show(part.run())
