"""Encrypted backups on a schedule, their copies in a bucket, and their restore: the service `backup` runs this.

    docker compose exec backup python3 /usr/local/lib/job-processor/backup.py once
    docker compose run --rm backup restore latest

`job-processor backup` writes into a pipe and age encrypts what comes out, so the disk has no plain copy at any moment.
Only a file that is whole and on the disk gets its final name. Then it is copied to the bucket, if there is one.
The name says which key reads it: when the next one is due, which one is `latest` and which ones are removed depends on
backups of this stack's key alone, so that stacks that share a bucket, or a new one after a loss, harm no other's.
"""

from __future__ import annotations

import argparse
import functools
import io
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

from backup_encryption import (
    KeyRefused,
    Recipient,
    decrypt,
    encrypt,
    identity_ids,
    own_recipients,
    read_identities,
    read_recipients,
    recipients_id,
)
from backup_places import Bucket, Folder, PlaceFailed, bucket_of, is_ahead, name_at, of_keys, sync, time_of
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
        self.is_offsite = bool(environment.get("BACKUP_S3_BUCKET"))

    @functools.cached_property
    def bucket(self) -> Bucket | None:
        """Raises ``PlaceFailed`` at each use, until the settings and keys of the bucket are usable."""
        return bucket_of(self._environment, self._secrets)

    def make(self) -> bool:
        """Write one backup into the folder.

        False: there is nothing to back up yet. Raises ``PlaceFailed`` if the database is empty and there are backups
        of this key: then it was lost, and backups of the empty one would push out those of the lost one.
        """
        path = self.folder.path
        path.mkdir(parents=True, exist_ok=True)
        for unfinished in path.glob(".job-processor-*"):
            unfinished.unlink()
        recipients, key = self._recipients()
        name = name_at(datetime.now(UTC), key)
        draft = path / f".{name}"
        command = ["job-processor", "backup", "--skip-empty", "--to", "-"]
        try:
            with (
                open(draft, "xb", opener=_private) as target,
                subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE) as source,
            ):
                assert isinstance(source.stdout, io.BufferedReader)
                is_empty = not source.stdout.peek(1)
                encrypt(source.stdout, target, recipients)
            # Without this exit code, what is encrypted may be a part of a backup.
            if source.returncode != 0:
                raise subprocess.CalledProcessError(source.returncode, command)
            if is_empty:
                return self._nothing_to_back_up()
            sync(draft)
            final = draft.rename(path / name)
            sync(path)
        finally:
            draft.unlink(missing_ok=True)
        _say(f"{final.name} ({final.stat().st_size} bytes)")
        return True

    def _nothing_to_back_up(self) -> bool:
        own = self._own(self.folder) + self._own(self.bucket)
        if own:
            raise PlaceFailed(
                f"the database is empty, and there are backups up to {max(own)}: restore one (docs/operations.md). To "
                "begin anew, move them elsewhere, or submit a job"
            )
        _say("the database is empty: there is nothing to back up yet")
        return False

    def _recipients(self) -> tuple[list[Recipient], str]:
        """The operator's public key, or that of the generated key, and what names say of it."""
        public = self._secrets / "backup-recipient"
        if public.exists():
            return read_recipients(public), recipients_id(public)
        identities = read_identities(self._identity)
        return own_recipients(identities), "".join(identity_ids(identities)[:1])

    def _own(self, place: Folder | Bucket | None) -> list[str]:
        """This key's backups there, oldest first."""
        return of_keys(place.names(), [self._recipients()[1]], time.time()) if place is not None else []

    def send(self) -> None:
        """Copy the newest backup to the bucket, unless a newer one is there: several servers may share one."""
        newest = self._own(self.folder)[-1:]
        if self.bucket is None or not newest or newest <= self._own(self.bucket)[-1:]:
            return
        self.bucket.put(self.folder.path / newest[0])
        _say(f"{newest[0]} is in {self.bucket}")

    def prune(self) -> None:
        for name in self._own(self.folder)[: -self._keep]:
            self.folder.remove(name)
            _say(f"removed {name}")
        if self.bucket is not None and self._keep_in_bucket > 0:
            for name in self._own(self.bucket)[: -self._keep_in_bucket]:
                self.bucket.remove(name)
                _say(f"removed {name} from {self.bucket}")

    def once(self) -> None:
        if self.make():
            self.send()
            self.prune()

    def newest(self) -> float:
        """When the newest backup was begun that is wherever it should be; 0: there is none."""
        return _newest(self._own(self.bucket or self.folder))

    def due_at(self) -> float:
        """An interval after the newest backup, so that a restart neither skips nor repeats one."""
        newest = max(_newest(self._own(self.folder)), _newest(self._own(self.bucket)))
        return newest + self.interval if newest else 0.0

    def restore(self, name: str) -> None:
        """Load a backup of the folder, or else of the bucket, into the database."""
        here, there = self.folder.names(), self.bucket.names() if self.bucket is not None else []
        identities = read_identities(self._identity)
        if name == LATEST:
            # Of the key that reads it: a newer one of another key may be another stack's.
            keys = identity_ids(identities) or [self._recipients()[1]]
            readable = of_keys(here + there, keys, time.time())
            if not readable:
                raise PlaceFailed(
                    f"there is no backup of this key in {' or '.join(self._places())}; `list` prints all names"
                )
            name = readable[-1]
        if name not in here and name not in there:
            raise PlaceFailed(f"{name} is not in {' or '.join(self._places())}; `list` prints the names")
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
        names, now, key = sorted({*here, *there}), time.time(), self._recipients()[1]
        own = of_keys(names, [key], now)
        return [
            f"{name}  {_where(name in here, name in there)}"
            + ("" if name in own else ", dated in the future" if is_ahead(name, now) else ", of another key")
            for name in names
        ]

    def ahead(self) -> list[str]:
        """Backups whose names lie in the future, which nothing counts on."""
        names = self.folder.names() + (self.bucket.names() if self.bucket is not None else [])
        return sorted({name for name in names if is_ahead(name, time.time())})

    def _places(self) -> list[str]:
        return [str(place) for place in (self.folder, self.bucket) if place is not None]


def loop(backups: Backups, watch: Watch) -> None:
    """One backup per interval. A failed one is tried again soon, and removes none."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if not backups.is_offsite:
        _say("backups stay on this machine: set BACKUP_S3_BUCKET (docs/operations.md)")
    while not stop.is_set():
        pause = LOOK_SECONDS
        try:
            for name in backups.ahead():
                _say(f"{name} is dated in the future, so a clock was wrong: it is not counted, and never removed")
            if time.time() >= backups.due_at() and not backups.make():
                # Nothing can be lost yet. The first job is seen at the next look.
                watch.succeeded(time.time())
            else:
                backups.send()
                backups.prune()
                watch.succeeded(backups.newest())
                # Servers that share a bucket wake at different moments, and the first makes the backup for all.
                apart = random.uniform(0.0, min(600.0, backups.interval / 10)) if backups.is_offsite else 0.0
                pause = min(pause, max(0.0, backups.due_at() - time.time()) + apart)
        except PLAIN_WORDS as error:
            watch.failed()
            print(f"backup failed: {error}", file=sys.stderr, flush=True)
            pause = min(backups.interval, RETRY_SECONDS)
        stop.wait(pause)


def _newest(names: Sequence[str]) -> float:
    return max((time_of(name) or 0.0 for name in names), default=0.0)


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
                with Watch(backups.interval, backups.is_offsite, port) as watch:
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
