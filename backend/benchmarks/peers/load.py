"""The load is the same for all: raw connections, one process."""

import uvloop

from benchmarks import accept, round_trip
from benchmarks.wire import flood, request


def submissions(port: int, seconds: float) -> float:
    """POST /jobs answered with 201 a second."""
    return uvloop.run(flood(port, _post, accept.CONNECTIONS, seconds, 201))


def trips(port: int, sink_port: int, seconds: float) -> float:
    """Jobs completed a second by the server at ``port``, whose dispatches go to ``sink_port``."""
    return uvloop.run(round_trip.measure(port, sink_port, seconds, min(seconds, round_trip.WARM_UP)))


def _post(number: int) -> bytes:
    return request("POST", "/jobs", b'{"prompt":"Summarise document number %d"}' % number)
