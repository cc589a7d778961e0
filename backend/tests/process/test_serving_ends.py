"""A process whose server ends by itself does not live on where nobody can reach it; and how long a stop may take."""

import asyncio
from pathlib import Path

import pytest

from job_processor import app, settings, worker_loops
from job_processor.workers.dispatcher import Dispatcher
from tests.support.waiting import until_true


async def test_a_server_that_ends_by_itself_ends_the_process(tmp_path: Path) -> None:
    said: list[str] = []
    loaded = settings.load({"DATA_DIR": str(tmp_path / "data"), "PORT": "0"})
    process = app.App(loaded, app.SERVE, said.append)
    running = asyncio.create_task(process.run())
    await until_true(lambda: bool(said), "the server to listen")
    assert process._server is not None

    process._server.should_exit = True

    async with asyncio.timeout(20):
        assert await running == 1


def test_processes_of_the_same_name_and_pid_hold_their_leases_apart() -> None:
    assert worker_loops.new_owner("worker-1") != worker_loops.new_owner("worker-1")


async def test_each_flows_attempts_have_the_time_of_the_setting_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []

    class Made(Dispatcher):
        def __init__(self, **named: object) -> None:
            given.append(named["drain_seconds"])
            super().__init__(**named)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(worker_loops, "Dispatcher", Made)
    said: list[str] = []
    (tmp_path / "flows.toml").write_text('[flows.a]\nprocessor = "mock"\n[flows.b]\nprocessor = "mock"\n')
    environment = {"DATA_DIR": str(tmp_path / "data"), "PORT": "0", "FLOWS_FILE": str(tmp_path / "flows.toml")}
    process = app.App(settings.load(environment | {"DRAIN_SECONDS": "90"}), app.SERVE, said.append)
    running = asyncio.create_task(process.run())
    await until_true(lambda: bool(said), "the server to listen")
    process._stop.set()
    assert await running == 0
    assert given == [90.0, 90.0]
