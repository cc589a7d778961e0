"""A bulk action on 100,000 jobs (SQLite): how long it takes, and what submits cost meanwhile: the p99 of a client that
sends 100 a second, against the same without it.

``python -m benchmarks.bulk [JOBS]``
"""

import json
import sys
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import processes
from benchmarks.drain import fill
from benchmarks.limits import latencies, p99
from benchmarks.report import Line
from job_processor.core.flow import FlowRules
from job_processor.store.sqlite.store import SqliteStore

JOBS = 100_000
SECONDS_AT_MOST = 120.0
TIMES_AT_MOST = 5.0
SLICE_SECONDS = 5.0
# Nothing is handed over: what is measured is the bulk action.
FLOWS = '[flows.idle]\nprocessor = "mock"\nconcurrency = 1\ndelay_seconds = 3600\ncallback_timeout_seconds = 7200\n'


def run(jobs: int = JOBS) -> list[Line]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as data:
        uvloop.run(_filled(Path(data), jobs))
        with processes.server(FLOWS, data=Path(data)) as (port, _):
            uvloop.run(latencies(port, b"", 2.0))
            calm = uvloop.run(latencies(port, b"", 2 * SLICE_SECONDS))
            _ended(port, _started(port, "cancel", "PENDING"))
            retry = _started(port, "retry", "CANCELLED")
            busy: list[float] = []
            while not (action := _call(port, "GET", f"/bulk-actions/{retry}"))["endedAt"]:
                busy += uvloop.run(latencies(port, b"", SLICE_SECONDS))
    if action["done"] < jobs or action["failed"]:
        raise RuntimeError(f"not all jobs were retried: {action}")
    took = _seconds(action)
    usual, then = p99(calm), p99(busy)
    return [
        Line(
            f"bulk retry of {action['done']:,} jobs",
            f"{took:.0f} s = {action['done'] / took:,.0f}/s",
            f"{SECONDS_AT_MOST:g} s at most",
            SECONDS_AT_MOST / took,
        ),
        Line(
            "p99 of submits beside it",
            f"{then:.1f} ms",
            f"{TIMES_AT_MOST:g} x {usual:.1f} ms at most",
            TIMES_AT_MOST * usual / then,
        ),
    ]


async def _filled(directory: Path, jobs: int) -> None:
    store = SqliteStore(directory)
    await store.open()
    await fill(store, jobs, FlowRules("idle"))
    await store.close()


def _started(port: int, action: str, status: str) -> str:
    body = {"action": action, "query": {"status": [status]}}
    return str(_call(port, "POST", "/bulk-actions", body)["id"])


def _ended(port: int, action_id: str) -> None:
    while not _call(port, "GET", f"/bulk-actions/{action_id}")["endedAt"]:
        time.sleep(0.2)


def _call(port: int, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _seconds(action: Any) -> float:
    began, ended = (datetime.fromisoformat(action[name]) for name in ("createdAt", "endedAt"))
    return (ended - began).total_seconds()


if __name__ == "__main__":
    from benchmarks.report import show

    show(run(int(sys.argv[1]) if len(sys.argv) > 1 else JOBS))
