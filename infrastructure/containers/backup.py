"""Encrypted backups on a schedule, their copies in a bucket, and their restore: the service `backup` runs this.

    docker compose exec backup python3 /usr/local/lib/job-processor/backup.py once
    docker compose run --rm backup restore latest

`job-processor backup` writes into a pipe and age encrypts what comes out, so the disk has no plain copy at any moment.
Only a file that is whole and on the disk gets its final name. Then it is copied to the bucket, if there is one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from backup_encryption import KeyRefused, Recipient, decrypt, encrypt, own_recipients, read_identities, read_recipients
from backup_places import Bucket, Folder, PlaceFailed, bucket_of, name_at, sync, time_of
from backup_watch import Watch, loop_is_healthy

LATEST = "latest"
METRICS_PORT = 9465
RETRY_SECONDS, LOOK_SECONDS = 300.0, 3600.0
PLAIN_WORDS = (PlaceFailed, KeyRefused, subprocess.CalledProcessError, OSError)


class Backups:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._secrets = Path(environment.get("SECRETS_DIR", "/run/job-processor"))
        self._identity = Path(environment.get("BACKUP_IDENTITY_FILE") or self._secrets / "backup-identity")
        self.interval = float(environment.get("BACKUP_INTERVAL_SECONDS") or 86400)
        self._keep = max(1, int(environment.get("BACKUP_KEEP") or 14))
        self._keep_in_bucket = int(environment.get("BACKUP_S3_KEEP") or self._keep)
        self.folder = Folder(Path(environment.get("BACKUP_DIR", "/backups")))
        self.bucket = bucket_of(environment, self._secrets)

    def make(self) -> Path:
        """Write one backup into the folder."""
        path = self.folder.path
        path.mkdir(parents=True, exist_ok=True)
        for unfinished in path.glob(".job-processor-*"):
            unfinished.unlink()
        name = name_at(datetime.now(UTC))
        draft = path / f".{name}"
        recipients = self._recipients()
        command = ["job-processor", "backup", "--to", "-"]
        try:
            with (
                open(draft, "xb", opener=_private) as target,
                subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE) as source,
            ):
                assert source.stdout is not None
                encrypt(source.stdout, target, recipients)
            # Without this exit code, what is encrypted may be a part of a backup.
            if source.returncode != 0:
                raise subprocess.CalledProcessError(source.returncode, command)
            sync(draft)
            final = draft.rename(path / name)
            sync(path)
        finally:
            draft.unlink(missing_ok=True)
        _say(f"{final.name} ({final.stat().st_size} bytes)")
        return final

    def _recipients(self) -> list[Recipient]:
        """The operator's public key, or that of the generated key."""
        public = self._secrets / "backup-recipient"
        return read_recipients(public) if public.exists() else own_recipients(read_identities(self._identity))

    def send(self) -> None:
        """Copy the newest backup to the bucket, unless a newer one is there: several servers may share one."""
        newest = self.folder.names()[-1:]
        if self.bucket is None or not newest or newest <= self.bucket.names()[-1:]:
            return
        self.bucket.put(self.folder.path / newest[0])
        _say(f"{newest[0]} is in {self.bucket}")

    def prune(self) -> None:
        for name in self.folder.names()[: -self._keep]:
            self.folder.remove(name)
            _say(f"removed {name}")
        if self.bucket is not None and self._keep_in_bucket > 0:
            for name in self.bucket.names()[: -self._keep_in_bucket]:
                self.bucket.remove(name)
                _say(f"removed {name} from {self.bucket}")

    def once(self) -> None:
        self.make()
        self.send()
        self.prune()

    def newest(self) -> float:
        """When the newest backup was begun that is wherever it should be; 0: there is none."""
        return _newest(self.bucket or self.folder)

    def due_at(self) -> float:
        """An interval after the newest backup, so that a restart neither skips nor repeats one."""
        newest = max(_newest(self.folder), _newest(self.bucket) if self.bucket is not None else 0.0)
        return newest + self.interval if newest else 0.0

    def restore(self, name: str) -> None:
        """Load a backup of the folder, or else of the bucket, into the database."""
        here, there = self.folder.names(), self.bucket.names() if self.bucket is not None else []
        if name == LATEST:
            if not here and not there:
                raise PlaceFailed(f"there is no backup in {' or '.join(self._places())}")
            name = max(here + there)
        if name not in here and name not in there:
            raise PlaceFailed(f"{name} is not in {' or '.join(self._places())}; `list` prints the names")
        identities = read_identities(self._identity)
        self.folder.path.mkdir(parents=True, exist_ok=True)
        # A file without a name: nothing is left of it, whenever this process ends.
        with tempfile.TemporaryFile(dir=self.folder.path) as plain:
            with self._encrypted(name, here) as source:
                decrypt(source, plain, identities)
            plain.flush()
            plain.seek(0)
            command = ["job-processor", "restore", "--from", "/dev/stdin"]
            subprocess.run(command, env=self._environment, stdin=plain, check=True)
        _say(f"{name} is restored")

    def _encrypted(self, name: str, here: Sequence[str]) -> IO[bytes]:
        if name in here or self.bucket is None:
            return (self.folder.path / name).open("rb")
        fetched = tempfile.TemporaryFile(dir=self.folder.path)  # noqa: SIM115 - the caller closes it
        self.bucket.fetch(name, fetched)
        fetched.seek(0)
        return fetched

    def listed(self) -> list[str]:
        here, there = self.folder.names(), self.bucket.names() if self.bucket is not None else []
        return [f"{name}  {_where(name in here, name in there)}" for name in sorted({*here, *there})]

    def _places(self) -> list[str]:
        return [str(place) for place in (self.folder, self.bucket) if place is not None]


def loop(backups: Backups, watch: Watch) -> None:
    """One backup per interval. A failed one is tried again soon, and removes none."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if backups.bucket is None:
        _say("backups stay on this machine: set BACKUP_S3_BUCKET (docs/operations.md)")
    while not stop.is_set():
        pause = LOOK_SECONDS
        try:
            if time.time() >= backups.due_at():
                backups.make()
            backups.send()
            backups.prune()
            watch.succeeded(backups.newest())
            # Servers that share a bucket wake at different moments, and the first makes the backup for all.
            apart = random.uniform(0.0, min(600.0, backups.interval / 10)) if backups.bucket is not None else 0.0
            pause = min(pause, max(0.0, backups.due_at() - time.time()) + apart)
        except PLAIN_WORDS as error:
            watch.failed()
            print(f"backup failed: {error}", file=sys.stderr, flush=True)
            pause = min(backups.interval, RETRY_SECONDS)
        stop.wait(pause)


def _newest(place: Folder | Bucket) -> float:
    return max((time_of(name) or 0.0 for name in place.names()[-1:]), default=0.0)


def _where(here: bool, there: bool) -> str:
    return "here and in the bucket" if here and there else "here" if here else "in the bucket"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _say(text: str) -> None:
    print(f"backup: {text}", flush=True)


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    parser = argparse.ArgumentParser(prog="backup", description="Encrypted backups of all jobs.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, text in (
        ("loop", "one backup per interval, for ever"),
        ("once", "one backup now"),
        ("list", "print the names of all backups, and where they are"),
        ("health", "0 while the loop's newest backup is not too old"),
    ):
        commands.add_parser(command, help=text)
    commands.add_parser("restore", help="load a backup").add_argument(
        "name", help=f"a name that `list` prints, or {LATEST}"
    )
    arguments = parser.parse_args(words)
    port = int(environment.get("BACKUP_METRICS_PORT") or METRICS_PORT)
    if arguments.command == "health":
        return 0 if loop_is_healthy(port) else 1
    try:
        backups = Backups(environment)
        match arguments.command:
            case "loop":
                with Watch(backups.interval, backups.bucket is not None, port) as watch:
                    loop(backups, watch)
            case "once":
                backups.once()
            case "list":
                print("\n".join(backups.listed()))
            case _:
                backups.restore(arguments.name)
    except PLAIN_WORDS as error:
        print(f"backup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
