"""Backups of the container stack: encrypted, never plain on the disk, kept here and in a bucket, and brought back."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.infra.backup_programs import PLAIN, Machine
from tests.infra.bucket_server import BucketServer, bucket_server

HEADER = b"age-encryption.org/v1\n"


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "machine")
    made.make_secrets()
    return made


@pytest.fixture
def bucket(server: BucketServer, machine: Machine, request: pytest.FixtureRequest) -> str:
    name = f"backups-{abs(hash(request.node.name))}"
    server.make(name)
    machine.use_bucket(server.endpoint, name)
    return name


def name_of(moment: datetime, key: str) -> str:
    return f"job-processor-{moment:%Y%m%dT%H%M%SZ}-{key}.age"


def days_ago(machine: Machine, days: float) -> str:
    """The name of a backup of this machine's key."""
    return name_of(datetime.now(UTC) - timedelta(days=days), machine.key_id())


UNKNOWN = "0badcafe"
"""A key that no machine of these tests has."""


def test_a_backup_is_encrypted_and_comes_back(machine: Machine) -> None:
    made = machine.backup("once")
    assert made.returncode == 0, made.stderr
    (name,) = machine.names()
    content = (machine.folder / name).read_bytes()
    assert content.startswith(HEADER)
    assert PLAIN.encode() not in content
    assert (machine.folder / name).stat().st_mode & 0o077 == 0

    restored = machine.backup("restore", name)

    assert restored.returncode == 0, restored.stderr
    assert machine.restored() == PLAIN + "\n"
    assert machine.names() == [name], "nothing else may stay behind"


def test_only_the_newest_are_kept(machine: Machine) -> None:
    machine.folder.mkdir()
    for day in (3, 2, 1):
        (machine.folder / days_ago(machine, day)).touch()
    last = machine.names()[-1]
    assert machine.backup("once").returncode == 0
    names = machine.names()
    assert len(names) == 2
    assert names[0] == last


def test_a_failed_backup_removes_nothing_and_leaves_nothing(machine: Machine) -> None:
    machine.folder.mkdir()
    old = [days_ago(machine, day) for day in (3, 2, 1)]
    for name in old:
        (machine.folder / name).touch()
    failed = machine.backup("once", FAIL="1")
    assert failed.returncode == 1
    assert "job-processor" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert machine.names() == old


def test_a_killed_backup_leaves_nothing_plain_and_the_next_one_cleans_up(machine: Machine, tmp_path: Path) -> None:
    started = tmp_path / "started"
    process = subprocess.Popen(
        machine.command("once"), env=machine.environment | {"HANG": str(started)}, start_new_session=True
    )
    try:
        wait_until(started.exists, "the backup is being made")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        left = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "bin"]
        assert all(PLAIN.encode() not in path.read_bytes() for path in left)
        assert not [name for name in machine.names() if not name.startswith(".")]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    assert machine.backup("once").returncode == 0
    (name,) = machine.names()
    assert not name.startswith(".")


def test_a_public_key_of_the_operator_is_enough_to_make_backups(tmp_path: Path) -> None:
    elsewhere, machine = Machine(tmp_path / "elsewhere"), Machine(tmp_path / "machine")
    private = elsewhere.make_secrets()["backup-identity"]
    public = private.splitlines()[0].removeprefix("# public key: ")
    machine.brings(backup_recipient=f"# kept in the safe\n{public}\n")
    assert machine.backup("once").returncode == 0

    refused = machine.backup("restore", "latest")
    assert refused.returncode == 1
    assert "backup-identity: expected the private key of age" in refused.stderr

    key = tmp_path / "key"
    key.write_text(private, encoding="utf-8")
    assert machine.backup("restore", "latest", BACKUP_IDENTITY_FILE=str(key)).returncode == 0
    assert machine.restored() == PLAIN + "\n"


def test_another_key_is_refused(machine: Machine, tmp_path: Path) -> None:
    assert machine.backup("once").returncode == 0
    key = tmp_path / "key"
    key.write_text(Machine(tmp_path / "elsewhere").make_secrets()["backup-identity"], encoding="utf-8")
    for name, says in (
        (machine.names()[0], "cannot be decrypted with this key"),
        ("latest", "no backup of this key"),
    ):
        refused = machine.backup("restore", name, BACKUP_IDENTITY_FILE=str(key))
        assert refused.returncode == 1
        assert says in refused.stderr
    assert not (machine.root / "restored").exists()


@pytest.mark.parametrize("text", ["", "# nothing\n", "AGE-SECRET-KEY-1QQ", "ssh-dss AAAA", "hello"])
def test_a_file_without_a_public_key_is_refused(machine: Machine, text: str) -> None:
    (machine.secrets / "backup-recipient").write_text(text, encoding="utf-8")
    refused = machine.backup("once")
    assert refused.returncode == 1
    assert refused.stderr.startswith("backup: backup-recipient: ")
    assert "Traceback" not in refused.stderr
    assert machine.names() == []


def test_a_backup_is_copied_to_the_bucket_and_comes_back_on_another_machine(
    server: BucketServer, bucket: str, machine: Machine, tmp_path: Path
) -> None:
    made = machine.backup("once")
    assert made.returncode == 0, made.stderr
    (name,) = machine.names()
    assert server.names(bucket) == [f"jobs/{name}"]
    assert server.content(bucket, f"jobs/{name}") == (machine.folder / name).read_bytes()

    other = Machine(tmp_path / "other")
    other.brings(backup_identity=(machine.secrets / "backup-identity").read_text(encoding="utf-8"))
    other.use_bucket(server.endpoint, bucket)
    assert other.backup("list").stdout == f"{name}  in the bucket\n"
    restored = other.backup("restore", "latest")
    assert restored.returncode == 0, restored.stderr
    assert other.restored() == PLAIN + "\n"
    assert other.names() == [], "nothing of it stays on this machine"


@pytest.mark.parametrize(("keep", "removed"), [("3", 1), ("1", 3), ("0", 0)])
def test_old_backups_leave_the_bucket_and_other_files_stay(
    server: BucketServer, bucket: str, machine: Machine, keep: str, removed: int
) -> None:
    """0: the bucket's own rules remove."""
    old = [f"jobs/{days_ago(machine, day)}" for day in (3, 2, 1)]
    others = ["job-processor-20260101T030000Z.age", "jobs/job-processor-notes.age", "jobs/readme"]
    others += [f"jobs/{name_of(datetime.now(UTC) - timedelta(days=day), UNKNOWN)}" for day in (5, 0.01)]
    for name in (*old, *others):
        server.put(bucket, name, b"x")
    assert machine.backup("once", BACKUP_S3_KEEP=keep).returncode == 0
    assert set(server.names(bucket)) == {*old[removed:], *others, f"jobs/{machine.names()[0]}"}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("no bucket", "NoSuchBucket"),
        ("nobody answers", "Could not connect"),
        ("no address", "BACKUP_S3_ENDPOINT"),
        ("no key", "the secret backup-s3-secret-key is missing"),
    ],
)
def test_a_bucket_that_takes_nothing_is_named_and_nothing_is_removed(
    bucket: str, machine: Machine, fault: str, says: str
) -> None:
    machine.folder.mkdir()
    old = [days_ago(machine, day) for day in (3, 2, 1)]
    for name in old:
        (machine.folder / name).touch()
    environment = {
        "no bucket": {"BACKUP_S3_BUCKET": "no-such-bucket"},
        "nobody answers": {"BACKUP_S3_ENDPOINT": "http://127.0.0.1:9"},
        "no address": {"BACKUP_S3_ENDPOINT": "fsn1.example.com"},
        "no key": {},
    }[fault]
    if fault == "no key":
        (machine.secrets / "backup-s3-secret-key").unlink()
    refused = machine.backup("once", **environment)
    assert refused.returncode == 1
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "examplesecretkey" not in refused.stderr
    assert set(old) <= set(machine.names())


def test_an_unknown_name_is_refused(machine: Machine) -> None:
    machine.folder.mkdir()
    for name in ("latest", "job-processor-20260101T030000Z.age", "../secrets/backup-identity"):
        refused = machine.backup("restore", name)
        assert refused.returncode == 1
        assert f"in {machine.folder}" in refused.stderr


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


def wait_until(done: object, what: str, seconds: float = 60) -> None:
    assert callable(done)
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s until {what}"
        time.sleep(0.05)


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
