"""A process whose server ends by itself does not live on where nobody can reach it."""

import asyncio
from pathlib import Path

from job_processor import app, settings
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
