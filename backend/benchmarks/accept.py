"""POST /jobs acknowledged after fsync, one process, 64 connections, against a bare handler in the same run."""

import uvloop

from benchmarks import processes
from benchmarks.report import Line
from benchmarks.wire import flood, request

CONNECTIONS = 64
SECONDS = 4.0
FLOOR = 0.4
# Nothing is dispatched: what is measured is accepting.
FLOWS = '[flows.idle]\nprocessor = "mock"\nconcurrency = 1\ndelay_seconds = 3600\ncallback_timeout_seconds = 7200\n'


def run() -> list[Line]:
    ours: list[float] = []
    bare: list[float] = []

    def post(i: int) -> bytes:
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i)

    # In turns, so that a machine that slows down slows both.
    for _ in range(2):
        with processes.bare() as (port, _):
            bare.append(uvloop.run(flood(port, post, CONNECTIONS, SECONDS, 201)))
        with processes.server(FLOWS) as (port, _):
            ours.append(uvloop.run(flood(port, post, CONNECTIONS, SECONDS, 201)))
    mine, theirs = sum(ours) / len(ours), sum(bare) / len(bare)
    share = mine / theirs
    return [
        Line(
            "accept, durable, of bare handler",
            f"{mine:,.0f}/s = {share:.2f}",
            f"{FLOOR} of {theirs:,.0f}/s",
            share / FLOOR,
        )
    ]


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
