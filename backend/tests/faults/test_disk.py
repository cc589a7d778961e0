"""Disks that are full, that fail, and that lose the file: no false 201, and a clear end or a recovery."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import apsw
import pytest

from tests.faults.server import Server
from tests.faults.test_fsync import require_strace
from tests.support.waiting import until

FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 600\ncallback_timeout_seconds = 900\n'
SMALL, LARGE = "6m", "64m"
END_SECONDS = 30.0


@asynccontextmanager
async def _session(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.base, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


def _as_root() -> list[str]:
    """How to mount: on a CI machine by sudo, elsewhere nobody's rights are used without being asked."""
    return ["sudo", "-n"] if os.geteuid() != 0 and os.environ.get("CI") == "true" else []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes, where this user may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        [*_as_root(), "mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"NO SMALL DISK HERE (mount: {mounted.stderr.strip()}): a full disk was not tried.")
    yield place
    subprocess.run([*_as_root(), "umount", "-l", str(place)], check=True)


def _make_room(place: Path) -> None:
    subprocess.run([*_as_root(), "mount", "-o", f"remount,size={LARGE}", str(place)], check=True)


async def test_a_full_disk_is_said_and_survived_without_a_restart(tmp_path: Path, small_disk: Path) -> None:
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    assert await server.start()
    acknowledged: list[str] = []
    try:
        async with _session(server) as session:
            assert await _health(session) == (200, 1.0)
            refused = await _fill(session, acknowledged)
            assert refused["code"] == "storage_full"
            assert refused["retry-after"].isdigit()
            await _within_ten_seconds(session, (503, 0.0))
            assert acknowledged, "the disk was full from the start"

            # What is there can be read, and nothing was stored for the one that was refused.
            async with session.get(f"/jobs/{acknowledged[0]}") as response:
                assert response.status == 200
            await asyncio.to_thread(_make_room, small_disk)
            async with session.post("/jobs", json={"prompt": "room again"}) as response:
                assert response.status == 201, await response.text()
            await _within_ten_seconds(session, (200, 1.0))
            async with session.get("/stats") as response:
                assert (await response.json())["total"] == len(acknowledged) + 1
            for job_id in acknowledged:
                async with session.get(f"/jobs/{job_id}") as response:
                    assert response.status == 200
        assert server.alive
    finally:
        assert await server.stop() == 0


async def _health(session: aiohttp.ClientSession) -> tuple[int, float]:
    """What /health/ready answers, and what store_up is."""
    async with session.get("/metrics") as response:
        metrics = await response.text()
    [up] = [line for line in metrics.splitlines() if line.startswith("job_processor_store_up ")]
    return await _ready(session), float(up.rpartition(" ")[2])


async def _within_ten_seconds(session: aiohttp.ClientSession, wanted: tuple[int, float]) -> None:
    """The promise of the docs, so its time is part of what is tested."""
    end = time.monotonic() + 10
    while (found := await _health(session)) != wanted:
        assert time.monotonic() < end, f"{found} after ten seconds"
        await asyncio.sleep(0.1)


async def test_a_disk_that_others_fill_shows_although_nobody_submits(tmp_path: Path, small_disk: Path) -> None:
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    assert await server.start()
    try:
        async with _session(server) as session:
            await asyncio.to_thread(_fill_up, small_disk / "others")
            await _within_ten_seconds(session, (503, 0.0))
            (small_disk / "others").unlink()
            await _within_ten_seconds(session, (200, 1.0))
    finally:
        assert await server.stop() == 0


def _fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


async def test_a_first_start_on_a_full_disk_says_that_and_nothing_of_backups(tmp_path: Path, small_disk: Path) -> None:
    server = Server(tmp_path, FLOWS, data=small_disk / "data")
    _fill_up(small_disk / "others")

    said = await _refusal(server)

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
    async with _session(server) as session:
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
    _fill_up(small_disk / "others")

    assert await server.start()
    try:
        async with _session(server) as session:
            await _within_ten_seconds(session, (503, 0.0))
            async with session.get("/stats") as response:
                assert (await response.json())["total"] == 1
    finally:
        await server.stop()
    (small_disk / "others").unlink()
    await _has_jobs(server, 1)


async def _has_jobs(server: Server, number: int) -> None:
    assert await server.start()
    try:
        async with _session(server) as session, session.get("/stats") as response:
            assert (await response.json())["total"] == number
    finally:
        assert await server.stop() == 0


async def test_a_file_that_is_damaged_under_the_server_shows_and_ends_it(tmp_path: Path) -> None:
    server = await _with_some_jobs(tmp_path)
    assert await server.start()
    try:
        async with _session(server) as session:
            pages = server.database.stat().st_size // 4096
            with server.database.open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * 4096 * (pages - 1))
            async with session.get("/jobs?q=nothing") as response:
                assert response.status == 503
            with contextlib.suppress(aiohttp.ClientError):
                await _within_ten_seconds(session, (503, 0.0))
        assert await server.ended(END_SECONDS) == 1
    finally:
        await server.kill()

    said = await _refusal(server)
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
    server = Server(tmp_path, FLOWS)
    assert await server.start(before=inject)
    acknowledged: list[str] = []
    try:
        async with _session(server) as session:
            refused = await _until_refused(session, acknowledged)
            assert refused == 503
            assert await _ready(session) == 503
        assert await server.ended(END_SECONDS) == 1, "the process must end with an error, so that it is started anew"
    finally:
        await server.kill()

    assert await server.start()
    try:
        async with _session(server) as session:
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


async def _ready(session: aiohttp.ClientSession) -> int:
    async with session.get("/health/ready") as response:
        return response.status


@pytest.mark.parametrize("how", ["removed", "replaced"])
async def test_a_database_that_goes_away_under_the_server_is_noticed(tmp_path: Path, how: str) -> None:
    server = Server(tmp_path, FLOWS)
    assert await server.start()
    try:
        async with _session(server) as session:
            async with session.post("/jobs", json={"prompt": "before"}) as response:
                assert response.status == 201
            if how == "replaced":
                copy = shutil.copy(server.database, tmp_path / "copy.db")
                os.replace(copy, server.database)
            else:
                server.database.unlink()
            async with session.post("/jobs", json={"prompt": "after"}) as response:
                assert response.status == 503, "a write into a file without a name would be lost"
            assert await _ready(session) == 503
        assert await server.ended(END_SECONDS) == 1
    finally:
        await server.kill()


async def _refusal(server: Server) -> str:
    """What a server that must not start says; it ends with 2."""
    already = len(server.log.read_text()) if server.log.exists() else 0
    assert not await server.start(), "it started"
    assert await server.ended(END_SECONDS) == 2
    await server.kill()
    return server.log.read_text()[already:]


async def _with_some_jobs(directory: Path) -> Server:
    """A stopped server whose database holds a few hundred kilobytes, all in the main file."""
    server = Server(directory, FLOWS)
    assert await server.start()
    async with _session(server) as session:
        for n in range(20):
            async with session.post("/jobs", json={"prompt": f"{n} " + "x" * 20_000}) as response:
                assert response.status == 201
    assert await server.stop() == 0
    return server


async def test_after_a_clean_stop_the_one_file_is_the_whole_database(tmp_path: Path) -> None:
    """Who copies jobs.db while nobody runs gets everything."""
    server = await _with_some_jobs(tmp_path)

    assert sorted(path.name for path in server.data_directory.iterdir()) == ["jobs.db", "jobs.lock"]


async def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    server = await _with_some_jobs(tmp_path)
    with server.database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 8)
    damaged = server.database.read_bytes()

    said = await _refusal(server)

    assert "damaged" in said or "cannot be opened" in said
    assert "Traceback" not in said
    assert server.database.read_bytes() == damaged


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    server = Server(tmp_path, FLOWS)
    server.data_directory.mkdir()
    server.database.write_bytes(b"my thesis " * 1000)

    said = await _refusal(server)

    assert "cannot be opened as a database" in said
    assert "Traceback" not in said
    assert server.database.read_bytes() == b"my thesis " * 1000


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    server = await _with_some_jobs(tmp_path)
    db = apsw.Connection(str(server.database))
    db.execute("PRAGMA user_version = 99")
    db.close()

    said = await _refusal(server)

    assert "newer version (schema 99" in said
    assert "Traceback" not in said


async def test_a_second_process_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    first, second = Server(tmp_path, FLOWS), Server(tmp_path, FLOWS)
    assert await first.start()
    assert first.process is not None
    try:
        said = await _refusal(second)
        assert f"Another process (pid {first.process.pid})" in said

        async with _session(first) as session, session.post("/jobs", json={"prompt": "still mine"}) as response:
            assert response.status == 201
    finally:
        assert await first.stop() == 0
