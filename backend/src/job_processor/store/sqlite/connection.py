"""How connections to SQLite are opened, and how SQLite's errors are translated."""

from pathlib import Path
from urllib.parse import quote

import apsw

from job_processor.core.errors import StorageFull, StoreRefused, StoreUnavailable

# Older versions of SQLite have the WAL-reset race.
_SAFE_SINCE = (3, 51, 3)


def check_library() -> None:
    """Raise ``StoreRefused`` when the SQLite in use can corrupt a WAL database."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < _SAFE_SINCE:
        raise StoreRefused(
            f"SQLite {apsw.sqlite_lib_version()} has a race that can corrupt data; 3.51.3 or newer is needed. "
            "Install the requirements of this version again."
        )


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes. Every commit is synced before it returns.

    Its page cache has SQLite's default size, 2 MB. The cache keeps written pages and fills as the file grows, so with a
    larger one a process would need more memory after an hour than at first. Filling and draining a queue cost the same
    CPU time with 16 MB.
    """
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5000)
    # Query plans must not depend on bound values: otherwise SQLite prepares a statement again whenever they change.
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for pragma in (
        "journal_mode = WAL",
        # NORMAL syncs nothing at commit in WAL mode: a power cut would lose acknowledged jobs.
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "wal_autocheckpoint = 4000",
        "journal_size_limit = 67108864",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


def open_reader(path: Path, search: Path | None = None) -> apsw.Connection:
    """``search``: the search index, attached as ``search``."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    db.set_busy_timeout(5000)
    if search is not None:
        db.execute("ATTACH ? AS search", (f"file:{quote(str(search.absolute()))}?mode=ro",))
    for pragma in ("query_only = ON", "trusted_schema = OFF"):
        db.execute(f"PRAGMA {pragma}")
    return db


def translate(error: apsw.Error) -> StoreUnavailable:
    """The error of ``core.errors`` for one of SQLite."""
    if isinstance(error, apsw.FullError):
        return StorageFull("The disk is full; nothing was stored.")
    return StoreUnavailable(f"The database cannot answer: {type(error).__name__}.")


def is_fatal(error: apsw.Error) -> bool:
    """Does this error mean that the file or the disk may be damaged? Then the process must not go on with the same
    connection."""
    return isinstance(error, apsw.IOError | apsw.CorruptError | apsw.NotADBError | apsw.ReadOnlyError)
