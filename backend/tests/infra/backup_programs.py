"""The programs of the service `backup`, as tests run them: with real encryption, and a bucket of a local S3 server."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.infra.bucket_server import ACCESS_KEY, SECRET_KEY

CONTAINERS = Path(__file__).resolve().parents[3] / "infrastructure/containers"
PLAIN = "the jobs, as anybody could read them"

# `job-processor backup --to -`, and `restore --from FILE`. While it makes a backup it can fail, wait to
# be killed, or find that there never was a job.
_JOB_PROCESSOR = f"""#!/bin/sh
case "$1" in
  backup)
    [ -z "$EMPTY" ] || exit 0
    echo "{PLAIN}"
    [ -z "$FAIL" ] || exit 1
    [ -z "$HANG" ] || {{ touch "$HANG"; sleep 60; }} ;;
  restore) cp "$3" "$RESTORED" ;;
esac
"""


@dataclass
class Machine:
    """A machine with the programs, its secrets and its own backups."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools = self.root / "bin"
        tools.mkdir(parents=True)
        (tools / "job-processor").write_text(_JOB_PROCESSOR, encoding="utf-8")
        (tools / "job-processor").chmod(0o755)
        for folder in (self.secrets, self.operator):
            folder.mkdir()
        self.environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "BACKUP_DIR": str(self.folder),
            "SECRETS_DIR": str(self.secrets),
            "RESTORED": str(self.root / "restored"),
            "BACKUP_KEEP": "2",
        } | self.environment

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def operator(self) -> Path:
        return self.root / "operator"

    @property
    def folder(self) -> Path:
        return self.root / "backups"

    def key_id(self) -> str:
        """What the names of this machine's backups say of its key."""
        encryption = program("backup_encryption")
        return str(encryption.identity_ids(encryption.read_identities(self.secrets / "backup-identity"))[0])

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def restored(self) -> str:
        return (self.root / "restored").read_text(encoding="utf-8")

    def brings(self, **files: str) -> None:
        """Files of the operator's folder; ``_`` stands for ``-``."""
        for name, text in files.items():
            (self.operator / name.replace("_", "-")).write_text(text, encoding="utf-8")
        self.make_secrets()

    def use_bucket(self, endpoint: str, bucket: str) -> None:
        self.brings(backup_s3_access_key=ACCESS_KEY, backup_s3_secret_key=SECRET_KEY)
        self.environment |= {"BACKUP_S3_ENDPOINT": endpoint, "BACKUP_S3_BUCKET": bucket, "BACKUP_S3_PREFIX": "jobs"}

    def make_secrets(self, *arguments: str) -> dict[str, str]:
        folders = ("--volume", str(self.secrets), "--operator", str(self.operator))
        program("make_secrets").main([*folders, *arguments])
        return {path.name: path.read_text(encoding="utf-8") for path in self.secrets.iterdir()}

    def backup(self, *arguments: str, **environment: str) -> Done:
        """What the program `backup` says, in this process: loading the S3 client takes longer than a backup."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = program("backup").main(arguments, self.environment | environment)
        return Done(code, out.getvalue(), err.getvalue())

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, str(CONTAINERS / "backup.py"), *arguments]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def program(name: str) -> Any:
    """A program of the containers as a module. Each finds the modules beside it, as in the image."""
    if str(CONTAINERS) not in sys.path:
        sys.path.append(str(CONTAINERS))
    return importlib.import_module(name)


UNKNOWN = "0badcafe"
"""A key that no machine of these tests has."""


def name_of(moment: datetime, key: str) -> str:
    return f"job-processor-{moment:%Y%m%dT%H%M%SZ}-{key}.age"


def days_ago(machine: Machine, days: float) -> str:
    """The name of a backup of this machine's key."""
    return name_of(datetime.now(UTC) - timedelta(days=days), machine.key_id())


def wait_until(done: object, what: str, seconds: float = 60) -> None:
    assert callable(done)
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s until {what}"
        time.sleep(0.05)
