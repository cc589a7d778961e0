"""Why a data directory is not opened, in words for a person who has to do something about it."""

import errno
import tempfile
from pathlib import Path

import apsw

from job_processor.core.errors import StoreRefused

START_BYTES = 131_072
"""What a start needs for the log and its index."""


def refuse_directory(directory: Path, why: str) -> StoreRefused:
    return StoreRefused(f"{directory} cannot be a data directory: {why}.")


def refuse_unreadable(path: Path, error: apsw.Error) -> StoreRefused:
    if isinstance(error, apsw.FullError) or is_full(path.parent):
        return refuse_full(path.parent)
    return StoreRefused(
        f"{path} cannot be opened as a database ({type(error).__name__}). "
        "Nothing was changed. Restore a backup, or move the file away to start empty."
    )


def refuse_full(directory: Path) -> StoreRefused:
    return StoreRefused(f"The disk of {directory} is full. What is stored there is whole: make room, and start again.")


def is_full(directory: Path) -> bool:
    """Is there no room for the smallest that SQLite needs? Found out by taking it: counts know nothing of quotas."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(START_BYTES))
            file.flush()
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return False


def refuse_damaged(db: apsw.Connection, path: Path) -> None:
    """Raise ``StoreRefused`` when the file's structure is not whole."""
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict is None or verdict[0] != "ok":
        raise StoreRefused(
            f"{path} is damaged. Nothing was changed. Restore a backup, or move the file away to start empty."
        )
