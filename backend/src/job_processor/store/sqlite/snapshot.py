"""A snapshot of a database that may be in use, by SQLite's backup API."""

import contextlib
from pathlib import Path

import apsw

from job_processor.core.errors import StoreRefused
from job_processor.store.sqlite.connection import open_reader
from job_processor.store.sqlite.store import FILE_NAME


def snapshot(directory: Path, target: Path) -> None:
    """Copy the database of ``directory`` into the directory ``target``. Raises ``StoreRefused``."""
    try:
        with (
            contextlib.closing(open_reader(directory / FILE_NAME)) as source,
            contextlib.closing(apsw.Connection(str(target / FILE_NAME))) as copy,
            copy.backup("main", source, "main") as backup,
        ):
            # In one step: between two steps SQLite holds no lock, and starts again after every commit of others.
            backup.step(-1)
    except apsw.Error as error:
        raise StoreRefused(f"{directory / FILE_NAME} cannot be read ({type(error).__name__}).") from None
