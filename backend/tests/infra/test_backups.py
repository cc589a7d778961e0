"""Backups of the container stack: encrypted, never plain on the disk, kept here and in a bucket, and brought back."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.infra.backup_programs import PLAIN, UNKNOWN, Machine, days_ago, name_of, wait_until
from tests.infra.bucket_server import BucketServer

HEADER = b"age-encryption.org/v1\n"


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
