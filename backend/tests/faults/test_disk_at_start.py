"""A start on a full disk, on a damaged, foreign or newer file, and beside another process."""

import contextlib
from pathlib import Path

import aiohttp
import apsw
import pytest

from tests.faults.disks import FLOWS, fill_up, refusal, session_with, small_disk, with_some_jobs, within_ten_seconds
from tests.faults.server import Server
from tests.support.waiting import until

__all__ = ["small_disk"]


async def test_a_first_start_on_a_full_disk_says_that_and_nothing_of_backups(tmp_path: Path, small_disk: Path) -> None:
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    fill_up(small_disk / "others")

    said = await refusal(server)

    assert "is full" in said
    assert "ackup" not in said
    assert "Traceback" not in said
    (small_disk / "others").unlink()
    await _has_jobs(server, 0)


@pytest.mark.parametrize("failpoints", ["", "dispatch.before_send:kill"], ids=["handed over", "leased"])
async def test_a_start_with_jobs_on_a_full_disk_shows_them_and_is_not_ready(
    tmp_path: Path, small_disk: Path, failpoints: str
) -> None:
    """The lease of a job that was being handed over ends by itself: ending it at the start would need room."""
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    assert await server.start(failpoints=failpoints)
    async with session_with(server) as session:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.post("/jobs", json={"prompt": "kept"}) as response:
                job = (await response.json())["id"]

            async def handed_over() -> bool:
                async with session.get(f"/jobs/{job}") as response:
                    return str((await response.json())["status"]) not in ("PENDING", "RUNNING")

            if not failpoints:
                await until(handed_over, "the job is handed over")
    if failpoints:
        assert await server.ended(30) is not None
    await server.kill()
    fill_up(small_disk / "others")

    assert await server.start()
    try:
        async with session_with(server) as session:
            await within_ten_seconds(session, (503, 0.0))
            async with session.get("/stats") as response:
                assert (await response.json())["total"] == 1
    finally:
        await server.stop()
    (small_disk / "others").unlink()
    await _has_jobs(server, 1)


async def _has_jobs(server: Server, number: int) -> None:
    assert await server.start()
    try:
        async with session_with(server) as session, session.get("/stats") as response:
            assert (await response.json())["total"] == number
    finally:
        assert await server.stop() == 0


async def test_after_a_clean_stop_the_one_file_is_the_whole_database(tmp_path: Path) -> None:
    """Who copies jobs.db while nobody runs gets everything: the search index is made anew from it."""
    server = await with_some_jobs(tmp_path)

    assert sorted(path.name for path in server.data_directory.iterdir()) == ["jobs.db", "jobs.lock", "search.db"]


async def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    server = await with_some_jobs(tmp_path)
    with server.database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 8)
    damaged = server.database.read_bytes()

    said = await refusal(server)

    assert "damaged" in said or "cannot be opened" in said
    assert "Traceback" not in said
    assert server.database.read_bytes() == damaged


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    server = Server(tmp_path, FLOWS)
    server.data_directory.mkdir()
    server.database.write_bytes(b"my thesis " * 1000)

    said = await refusal(server)

    assert "cannot be opened as a database" in said
    assert "Traceback" not in said
    assert server.database.read_bytes() == b"my thesis " * 1000


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    server = await with_some_jobs(tmp_path)
    db = apsw.Connection(str(server.database))
    db.execute("PRAGMA user_version = 99")
    db.close()

    said = await refusal(server)

    assert "newer version (schema 99" in said
    assert "Traceback" not in said


async def test_a_second_process_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    first, second = Server(tmp_path, FLOWS), Server(tmp_path, FLOWS)
    assert await first.start()
    assert first.process is not None
    try:
        said = await refusal(second)
        assert f"Another process (pid {first.process.pid})" in said

        async with session_with(first) as session, session.post("/jobs", json={"prompt": "still mine"}) as response:
            assert response.status == 201
    finally:
        assert await first.stop() == 0
