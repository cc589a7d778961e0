"""Checks a data directory without changing it, for ``job-processor check``: what would a start find there?"""

import contextlib
import errno
import fcntl
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

import apsw

from job_processor.store.sqlite.connection import check_library
from job_processor.store.sqlite.migrations import VERSIONS
from job_processor.store.sqlite.refusals import refuse_damaged, refuse_directory, refuse_unreadable
from job_processor.store.sqlite.schema import refuse_newer, user_version
from job_processor.store.sqlite.store import FILE_NAME, LOCK_NAME


def inspect(directory: Path) -> list[str]:
    """Lines for a person. Raises ``StoreRefused`` where a start would, unless another process uses the directory."""
    check_library()
    path = directory / FILE_NAME
    if not path.exists():
        _check_place(directory)
        return [f"store: sqlite, {path} does not exist yet; the first start creates it"]
    try:
        with contextlib.closing(_opened(path)) as db:
            have = user_version(db)
            refuse_newer(have, len(VERSIONS))
            refuse_damaged(db, path)
    except apsw.Error as error:
        raise refuse_unreadable(path, error) from error
    lines = [f"store: sqlite, {path}"]
    if have < len(VERSIONS):
        lines.append(f"schema: version {have}; the next start upgrades it to {len(VERSIONS)}")
    holder = _holder(directory / LOCK_NAME)
    if holder is not None:
        lines.append(f"in use: by a process (pid {holder})")
    return lines


def _check_place(directory: Path) -> None:
    """Raise ``StoreRefused`` unless the directory can be created, or written to."""
    nearest = directory
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise refuse_directory(directory, os.strerror(errno.EEXIST if nearest == directory else errno.ENOTDIR))
    try:
        # Permissions prove nothing, because root ignores them: create a directory for a moment.
        tempfile.TemporaryDirectory(prefix=".job-processor-check-", dir=nearest).cleanup()
    except OSError as error:
        raise refuse_directory(directory, str(error.strerror)) from None


def _opened(path: Path) -> apsw.Connection:
    """A read-only connection. If there is no WAL file, no process uses the database: it is opened as immutable, so that
    no WAL file is made."""
    alone = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{alone}"
    return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def _holder(lock: Path) -> str | None:
    """Which process holds the lock; ``None``: nobody does."""
    try:
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(32).decode(errors="replace").strip() or "unknown"
    except OSError:
        pass
    return None
