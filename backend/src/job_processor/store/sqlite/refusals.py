"""Why a data directory is not opened, for the person who has to act."""

import errno
import tempfile
from pathlib import Path

import apsw

from job_processor.core.errors import StoreRefused

START_BYTES = 131_072
"""Bytes that a start needs for the WAL and its index."""


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
    """Is there no space for a start? Tried by writing, because free-space counts do not include quotas."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(bytes(START_BYTES))
            file.flush()
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return False


def refuse_damaged(db: apsw.Connection, path: Path) -> None:
    """Raise ``StoreRefused`` when the structure of the file is damaged."""
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict is None or verdict[0] != "ok":
        raise StoreRefused(
            f"{path} is damaged. Nothing was changed. Restore a backup, or move the file away to start empty."
        )
