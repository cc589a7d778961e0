"""A worker serves what it counts on a port of its own, and lets it go again."""

import asyncio
import socket
import urllib.request

import pytest

from job_processor.acts.facts import CallbackJudged
from job_processor.telemetry import Telemetry


def read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as reply:
        return str(reply.read().decode())


async def test_what_a_process_has_counted_is_at_a_port_of_its_own() -> None:
    telemetry = Telemetry()
    telemetry.count(CallbackJudged("stale"))
    with telemetry.serve_metrics("127.0.0.1", 0) as port:
        said = await asyncio.to_thread(read, port)
    assert 'job_processor_callbacks_total{verdict="stale"} 1.0' in said.splitlines()
    # The port is free again.
    socket.create_server(("127.0.0.1", port)).close()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        made = Telemetry().serve_metrics("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"), made:
            raise AssertionError
