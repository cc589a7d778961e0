"""A worker serves what it counts on a port of its own, and lets it go again."""

import asyncio
import socket
import urllib.request
from pathlib import Path

import pytest
from yarl import URL

from job_processor import app, settings
from job_processor.acts.facts import CallbackJudged
from job_processor.core.lane import Lane, Trouble
from job_processor.store.base import Counts
from job_processor.telemetry import GaugeValues, Telemetry
from tests import mongo_server
from tests.support.waiting import until_true


def read(port: int | None) -> str:
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


@pytest.mark.mongo
async def test_a_worker_serves_them(tmp_path: Path) -> None:
    server = mongo_server.require()
    database = server.database()
    said: list[str] = []
    loaded = settings.load(
        {"DATA_DIR": str(tmp_path), "METRICS_PORT": "0", "MONGODB_URI": server.uri.replace("/?", f"/{database}?")}
    )
    process = app.App(loaded, app.WORKER, said.append)
    running = asyncio.create_task(process.run())
    await until_true(lambda: len(said) == 2, "the worker to run")
    page = await asyncio.to_thread(read, URL(said[0].rpartition(" ")[2]).port)
    process._stop.set()
    assert await running == 0
    server.drop(database)
    assert "job_processor_" in page


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        made = Telemetry().serve_metrics("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"), made:
            raise AssertionError


def lines(lane: Lane | None = None, workers: int | None = None) -> set[str]:
    telemetry = Telemetry()
    telemetry.start_at_zero(["main"])
    lanes = {} if lane is None else {"main": lane}
    return set(telemetry.render(GaugeValues(True, ("main",), 0, Counts({}, {}), lanes, workers)).decode().splitlines())


def test_counters_are_there_before_anything_is_counted() -> None:
    """A counter that appears with its first value increases by nothing, as Prometheus sees it."""
    for name in (
        *("submitted_total", "completed_total", "failed_total", "cancelled_total", "job_seconds_count"),
        "cost_micros_total",
    ):
        assert f'job_processor_{name}{{flow="main"}} 0.0' in lines()
    for verdict in ("unauthorized", "applied", "late", "unknown"):
        assert f'job_processor_callbacks_total{{verdict="{verdict}"}} 0.0' in lines()


@pytest.mark.parametrize("trouble", [None, *Trouble])
@pytest.mark.parametrize("paused", [False, True])
def test_why_a_lane_is_closed_is_told(trouble: Trouble | None, paused: bool) -> None:
    told = lines(Lane("main", trouble=trouble, paused=paused))
    closed = {line.split('kind="')[1].split('"')[0] for line in told if "lane_closed" in line and line.endswith(" 1.0")}
    assert closed == ({trouble.value} if trouble else set()) | ({"paused"} if paused else set())
    assert f'job_processor_lane_open{{flow="main"}} {float(not closed)}' in told


def test_workers_are_counted_or_not_told_of() -> None:
    assert "job_processor_workers 0.0" in lines(workers=0)
    assert not [line for line in lines() if line.startswith("job_processor_workers ")]
