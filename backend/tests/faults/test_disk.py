"""Disks that fill up, fail, or lose the file under a server: no false 201, and a clear end or a recovery."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.faults.disks import (
    END_SECONDS,
    FLOWS,
    LARGE,
    as_root,
    fill_up,
    health,
    ready,
    refusal,
    session_with,
    small_disk,
    with_some_jobs,
    within_ten_seconds,
)
from tests.faults.server import Server
from tests.faults.test_fsync import require_strace

pytestmark = pytest.mark.waits

__all__ = ["small_disk"]
SHORT_DRAIN = {"DRAIN_SECONDS": "1"}
"""A server whose store is broken cannot write the outcomes for which it waits before it ends."""


def _make_room(place: Path) -> None:
    subprocess.run([*as_root(), "mount", "-o", f"remount,size={LARGE}", str(place)], check=True)


async def test_a_full_disk_is_said_and_survived_without_a_restart(tmp_path: Path, small_disk: Path) -> None:
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    assert await server.start()
    acknowledged: list[str] = []
    try:
        async with session_with(server) as session:
            assert await health(session) == (200, 1.0)
            refused = await _fill(session, acknowledged)
            assert refused["code"] == "storage_full"
            assert refused["retry-after"].isdigit()
            await within_ten_seconds(session, (503, 0.0))
            assert acknowledged, "the disk was full from the start"

            # What is there can be read, and nothing was stored for the one that was refused.
            async with session.get(f"/jobs/{acknowledged[0]}") as response:
                assert response.status == 200
            await asyncio.to_thread(_make_room, small_disk)
            async with session.post("/jobs", json={"prompt": "room again"}) as response:
                assert response.status == 201, await response.text()
            await within_ten_seconds(session, (200, 1.0))
            async with session.get("/stats") as response:
                assert (await response.json())["total"] == len(acknowledged) + 1
            for job_id in acknowledged:
                async with session.get(f"/jobs/{job_id}") as response:
                    assert response.status == 200
        assert server.alive
    finally:
        assert await server.stop() == 0


async def test_a_disk_that_others_fill_shows_although_nobody_submits(tmp_path: Path, small_disk: Path) -> None:
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    assert await server.start()
    try:
        async with session_with(server) as session:
            await asyncio.to_thread(fill_up, small_disk / "others")
            await within_ten_seconds(session, (503, 0.0))
            (small_disk / "others").unlink()
            await within_ten_seconds(session, (200, 1.0))
    finally:
        assert await server.stop() == 0


async def test_a_file_that_is_damaged_under_the_server_shows_and_ends_it(tmp_path: Path) -> None:
    server = await with_some_jobs(tmp_path)
    assert await server.start()
    try:
        async with session_with(server) as session:
            pages = server.database.stat().st_size // 4096
            with server.database.open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * 4096 * (pages - 1))
            async with session.get("/jobs") as response:
                assert response.status == 503
            with contextlib.suppress(aiohttp.ClientError):
                await within_ten_seconds(session, (503, 0.0))
        assert await server.ended(END_SECONDS) == 1
    finally:
        await server.kill()

    said = await refusal(server)
    assert "damaged" in said or "cannot be opened" in said


async def _fill(session: aiohttp.ClientSession, acknowledged: list[str]) -> dict[str, str]:
    """Post until the answer is no 201; what it said."""
    for n in range(200):
        async with session.post("/jobs", json={"prompt": f"{n} " + "x" * 200_000}) as response:
            body = await response.json()
            if response.status != 201:
                assert response.status == 503, body
                return {"code": body["code"], "retry-after": response.headers["retry-after"]}
            acknowledged.append(body["id"])
    raise AssertionError("the disk did not get full")


async def test_a_failing_fsync_is_no_success_and_ends_the_process(tmp_path: Path) -> None:
    """After a failed fsync nobody knows what is on the disk: going on with the same handle could lie."""
    inject = [require_strace(), "-D", "-f", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=60+"]
    server = Server(tmp_path, FLOWS, SHORT_DRAIN)
    assert await server.start(before=inject)
    acknowledged: list[str] = []
    try:
        async with session_with(server) as session:
            refused = await _until_refused(session, acknowledged)
            assert refused == 503
            assert await ready(session) == 503
        assert await server.ended(END_SECONDS) == 1, "the process must end with an error, so that it is started anew"
    finally:
        await server.kill()

    assert await server.start()
    try:
        async with session_with(server) as session:
            for job_id in acknowledged:
                async with session.get(f"/jobs/{job_id}") as response:
                    assert response.status == 200
    finally:
        assert await server.stop() == 0


async def _until_refused(session: aiohttp.ClientSession, acknowledged: list[str]) -> int:
    for n in range(500):
        async with session.post("/jobs", json={"prompt": f"job {n}"}) as response:
            if response.status != 201:
                return response.status
            acknowledged.append((await response.json())["id"])
    raise AssertionError("no fsync failed")


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_a_database_that_goes_away_under_the_server_is_noticed(tmp_path: Path, how: str) -> None:
    server = Server(tmp_path, FLOWS, SHORT_DRAIN)
    assert await server.start()
    try:
        async with session_with(server) as session:
            async with session.post("/jobs", json={"prompt": "before"}) as response:
                assert response.status == 201
            if how == "replaced":
                copy = shutil.copy(server.database, tmp_path / "copy.db")
                os.replace(copy, server.database)
            else:
                server.database.unlink()
            async with session.post("/jobs", json={"prompt": "after"}) as response:
                assert response.status == 503, "a write into a file without a name would be lost"
            assert await ready(session) == 503
        assert await server.ended(END_SECONDS) == 1
    finally:
        await server.kill()
