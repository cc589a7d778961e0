"""Encrypted backups on a schedule, and their restore: the service `backup` runs this.

    docker compose exec backup python3 /usr/local/lib/job-processor/backup.py once
    docker compose run --rm backup restore job-processor-20260131T030000Z.age

`job-processor backup` makes the copy, `age` encrypts it, the oldest beyond BACKUP_KEEP are removed. Only a file that
is whole and on the disk gets its final name.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(os.environ.get("BACKUP_DIR", "/backups"))
SECRETS = Path(os.environ.get("SECRETS_DIR", "/run/job-processor"))
PREFIX, SUFFIX = "job-processor-", ".age"


def recipient() -> list[str]:
    """age's arguments for the recipient: the operator's public key, or the generated one."""
    public = SECRETS / "backup-recipient"
    return ["-R", str(public)] if public.exists() else ["-i", str(SECRETS / "backup-identity")]


def once() -> Path:
    """Write one backup atomically; returns its path."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
    plain, sealed = FOLDER / ".copy", FOLDER / f".{name}"
    try:
        plain.unlink(missing_ok=True)
        subprocess.run(["job-processor", "backup", "--to", str(plain)], check=True)
        subprocess.run(["age", "--encrypt", *recipient(), "-o", str(sealed), str(plain)], check=True)
        with sealed.open("rb") as file:
            os.fsync(file.fileno())
        final = sealed.rename(FOLDER / name)
    finally:
        for leftover in (plain, plain.with_name(plain.name + ".part"), sealed):
            leftover.unlink(missing_ok=True)
    print(f"backup: {final.name} ({final.stat().st_size} bytes)", flush=True)
    return final


def kept() -> list[Path]:
    """Oldest first: the names sort by time."""
    return sorted(FOLDER.glob(f"{PREFIX}*{SUFFIX}"))


def prune(keep: int) -> None:
    for old in kept()[:-keep]:
        old.unlink()
        print(f"backup: removed {old.name}", flush=True)


def loop(interval: float, keep: int) -> None:
    """One backup per interval, counted from the newest one, so that a restart neither skips nor repeats one."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        newest = kept()[-1:]
        due = newest[0].stat().st_mtime + interval if newest else 0.0
        if stop.wait(max(0.0, due - time.time())):
            return
        try:
            once()
            prune(keep)
        except (subprocess.CalledProcessError, OSError) as error:
            # The health check fails if this lasts; the next try is soon, not after an interval.
            print(f"backup failed: {error}", file=sys.stderr, flush=True)
            stop.wait(min(interval, 300.0))


def restore(name: str) -> None:
    source = FOLDER / Path(name).name
    plain = FOLDER / ".restore"
    identity = Path(os.environ.get("BACKUP_IDENTITY_FILE", str(SECRETS / "backup-identity")))
    try:
        plain.unlink(missing_ok=True)
        subprocess.run(["age", "--decrypt", "-i", str(identity), "-o", str(plain), str(source)], check=True)
        subprocess.run(["job-processor", "restore", "--from", str(plain)], check=True)
    finally:
        plain.unlink(missing_ok=True)


def healthy(interval: float) -> bool:
    newest = kept()[-1:]
    return bool(newest) and time.time() - newest[0].stat().st_mtime < 1.5 * interval + 600


def main() -> int:
    parser = argparse.ArgumentParser(description="Encrypted backups of all jobs.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("loop", "once", "list", "health"):
        commands.add_parser(command)
    commands.add_parser("restore").add_argument("name", help="a name that `list` prints")
    arguments = parser.parse_args()
    interval = float(os.environ.get("BACKUP_INTERVAL_SECONDS", "86400"))
    keep = max(1, int(os.environ.get("BACKUP_KEEP", "14")))
    match arguments.command:
        case "loop":
            loop(interval, keep)
        case "once":
            once()
            prune(keep)
        case "list":
            print("\n".join(path.name for path in kept()))
        case "restore":
            restore(arguments.name)
        case _:
            return 0 if healthy(interval) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
