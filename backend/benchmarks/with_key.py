"""POST /jobs with an API key, its rate limit and quota, against the same without, in one run."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks import processes
from benchmarks.accept import CONNECTIONS, FLOWS, SECONDS
from benchmarks.report import Line
from benchmarks.wire import flood, request

FLOOR = 0.95
ROUNDS = 3


def run() -> list[Line]:
    without: list[float] = []
    with_key: list[float] = []
    # In turns, so that a machine that slows down slows both.
    for _ in range(ROUNDS):
        with processes.server(FLOWS) as (port, _):
            without.append(uvloop.run(flood(port, _post(b""), CONNECTIONS, SECONDS, 201)))
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
            data = Path(scratch)
            with processes.server(FLOWS, data=data, env={"AUTH": "keys", "ACCESS_LOG": "off"}) as (port, _):
                key = (data / "first-admin-key").read_bytes().strip()
                header = b"authorization: Bearer %b\r\n" % key
                with_key.append(uvloop.run(flood(port, _post(header), CONNECTIONS, SECONDS, 201)))
    mine, theirs = sum(with_key) / ROUNDS, sum(without) / ROUNDS
    share = mine / theirs
    return [
        Line("accept with an API key, of without", f"{mine:,.0f}/s = {share:.2f}", f"{FLOOR}", share / FLOOR),
    ]


def _post(header: bytes) -> Callable[[int], bytes]:
    def post(i: int) -> bytes:
        return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % i, header)

    return post


if __name__ == "__main__":
    from benchmarks.report import show

    show(run())
