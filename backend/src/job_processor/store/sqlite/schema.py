"""Reads the version of the file's schema, and runs the migrations that are missing."""

import apsw

from job_processor.core.errors import StoreRefused
from job_processor.store.sqlite.migrations import VERSIONS


def upgrade(db: apsw.Connection, versions: tuple[str, ...] = VERSIONS) -> None:
    """Run the missing migrations, each in a transaction of its own.

    After a crash the next start continues. Raises ``StoreRefused`` for a file that is newer than this code.
    """
    have = user_version(db)
    refuse_newer(have, len(versions))
    for number, script in enumerate(versions[have:], start=have + 1):
        db.execute(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")


def refuse_newer(have: int, known: int) -> None:
    if have > known:
        raise StoreRefused(
            f"The database was written by a newer version (schema {have}, this one knows {known}). "
            "Install that version again."
        )


def user_version(db: apsw.Connection) -> int:
    return int(str(db.pragma("user_version")))
