"""The program that makes backups for ever: when it makes one, what it tells, and what it does beside other machines."""

from __future__ import annotations

import http.client
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.infra.backup_programs import UNKNOWN, Machine, days_ago, name_of, wait_until
from tests.infra.bucket_server import BucketServer


class Loop:
    """The program that makes backups for ever, and its metrics."""

    def __init__(self, machine: Machine, port: int, **environment: str) -> None:
        self._machine, self._port = machine, port
        self._environment = environment | {"BACKUP_METRICS_PORT": str(port)}

    def __enter__(self) -> Loop:
        environment = self._machine.environment | self._environment
        self._process = subprocess.Popen(
            self._machine.command("loop"), env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._out = self._process.communicate(timeout=30)[0].decode()
        assert self._process.returncode == 0

    def said(self) -> str:
        """What it printed, once it has ended."""
        return self._out

    def metric(self, name: str) -> float | None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        except OSError:
            return None
        finally:
            connection.close()
        found = (one for family in text_string_to_metric_families(text) for one in family.samples if one.name == name)
        return next((one.value for one in found), None)

    def is_healthy(self) -> bool:
        return self._machine.backup("health", **self._environment).returncode == 0


NEWEST = "job_processor_backup_last_success_timestamp_seconds"
FAILURES = "job_processor_backup_failures_total"


def test_the_loop_makes_a_backup_and_tells_when(
    server: BucketServer, bucket: str, machine: Machine, unused_tcp_port: int
) -> None:
    server.put(bucket, f"jobs/{days_ago(machine, 1.1)}", b"x")
    with Loop(machine, unused_tcp_port) as loop:
        wait_until(lambda: loop.metric(NEWEST), "the first backup is made")
        (name,) = machine.names()
        assert (
            loop.metric(NEWEST)
            == datetime.strptime(name.rpartition("-")[0], "job-processor-%Y%m%dT%H%M%SZ")
            .replace(tzinfo=UTC)
            .timestamp()
        )
        assert f"jobs/{name}" in server.names(bucket)
        assert loop.metric(FAILURES) == 0
        assert loop.metric("job_processor_backup_offsite") == 1
        assert loop.is_healthy()
    assert machine.backup("health", BACKUP_METRICS_PORT=str(unused_tcp_port)).returncode == 1, "it runs no more"


def test_a_server_that_shares_the_bucket_makes_none_while_another_one_did(
    server: BucketServer, bucket: str, machine: Machine, unused_tcp_port: int
) -> None:
    fresh = name_of(datetime.now(UTC), machine.key_id())
    server.put(bucket, f"jobs/{fresh}", b"x")
    machine.folder.mkdir()
    (machine.folder / days_ago(machine, 2)).touch()
    with Loop(machine, unused_tcp_port) as loop:
        wait_until(lambda: loop.metric(NEWEST), "the loop has looked")
        assert loop.is_healthy()
    assert server.names(bucket) == [f"jobs/{fresh}"]
    assert len(machine.names()) == 1


def test_a_failed_backup_is_counted_and_an_old_one_is_unhealthy(machine: Machine, unused_tcp_port: int) -> None:
    machine.folder.mkdir()
    old = days_ago(machine, 2)
    (machine.folder / old).touch()
    with Loop(machine, unused_tcp_port, FAIL="1") as loop:
        wait_until(lambda: loop.metric(FAILURES), "the failure is counted")
        assert not loop.is_healthy()
    assert machine.names() == [old]


def test_two_stacks_in_one_bucket_make_their_own_and_remove_only_their_own(
    server: BucketServer, bucket: str, machine: Machine, unused_tcp_port: int, tmp_path: Path
) -> None:
    other = Machine(tmp_path / "other")
    other.use_bucket(server.endpoint, bucket)
    assert other.backup("once").returncode == 0
    with Loop(machine, unused_tcp_port, BACKUP_S3_KEEP="1") as loop:
        wait_until(lambda: loop.metric(NEWEST), "the first backup is made")
        assert loop.is_healthy()
    assert set(server.names(bucket)) == {f"jobs/{machine.names()[0]}", f"jobs/{other.names()[0]}"}

    assert f"{other.names()[0]}  in the bucket, of another key\n" in machine.backup("list").stdout
    server.put(bucket, f"jobs/{name_of(datetime.now(UTC), UNKNOWN)}", b"not ours")
    assert machine.backup("restore", "latest").returncode == 0


@pytest.mark.parametrize("place", ["bucket", "folder"])
def test_a_name_in_the_future_counts_for_nothing_and_is_told(
    place: str, server: BucketServer, bucket: str, machine: Machine, unused_tcp_port: int
) -> None:
    """A clock that jumped must not stop the backups until its time comes."""
    ahead = days_ago(machine, -400)
    if place == "bucket":
        server.put(bucket, f"jobs/{ahead}", b"x")
    else:
        machine.folder.mkdir()
        (machine.folder / ahead).touch()
    with Loop(machine, unused_tcp_port, BACKUP_KEEP="1", BACKUP_S3_KEEP="1") as loop:
        wait_until(lambda: loop.metric(NEWEST), "a backup is made")
        newest = loop.metric(NEWEST)
        assert newest is not None
        assert newest < time.time() + 60
    (made,) = {*machine.names()} - {ahead}
    assert f"jobs/{made}" in server.names(bucket)
    listed = machine.backup("list").stdout
    assert f"{ahead}  {'in the bucket' if place == 'bucket' else 'here'}, dated in the future\n" in listed
    assert machine.backup("restore", "latest").returncode == 0
    assert "is dated in the future" in loop.said()


def test_an_empty_database_makes_none_and_is_a_failure_where_there_are_backups(
    machine: Machine, unused_tcp_port: int
) -> None:
    """Backups of what replaced a lost database would push out those of the lost one."""
    with Loop(machine, unused_tcp_port, EMPTY="1") as loop:
        wait_until(lambda: loop.metric(NEWEST), "the loop has looked")
        assert loop.is_healthy()
        assert loop.metric(FAILURES) == 0
    assert machine.names() == []
    assert machine.backup("once", EMPTY="1").returncode == 0

    old = days_ago(machine, 2)
    (machine.folder / old).touch()
    with Loop(machine, unused_tcp_port, EMPTY="1") as loop:
        wait_until(lambda: loop.metric(FAILURES), "the failure is counted")
        assert not loop.is_healthy()
    assert machine.names() == [old]
    refused = machine.backup("once", EMPTY="1")
    assert refused.returncode == 1
    assert f"there are backups up to {old}: restore one" in refused.stderr


def test_a_bucket_without_its_keys_is_a_failed_backup_until_they_are_there(
    bucket: str, machine: Machine, unused_tcp_port: int
) -> None:
    """The metrics are served, so that the alert rules see it."""
    key = machine.secrets / "backup-s3-secret-key"
    text = key.read_text()
    key.unlink()
    with Loop(machine, unused_tcp_port, BACKUP_INTERVAL_SECONDS="1") as loop:
        wait_until(lambda: loop.metric(FAILURES), "the failure is counted")
        assert loop.metric("job_processor_backup_offsite") == 1
        assert loop.metric("job_processor_backup_interval_seconds") == 1
        key.write_text(text)
        wait_until(lambda: loop.metric(NEWEST), "the backup is made")
