"""An empty SQLite store, made once for each process of the tests and copied: to make all its tables takes longer than
most tests. ``tests/store`` and ``tests/faults/test_upgrade.py`` make their own."""

import asyncio
import functools
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from job_processor.store.sqlite.store import SqliteStore


def provide(directory: Path) -> None:
    """Copy its files to a directory that a store will be opened in, unless it has files."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        return
    for name, content in _files().items():
        file = directory / name
        file.touch(mode=0o600)
        file.write_bytes(content)


@functools.cache
def _files() -> dict[str, bytes]:
    """By name."""
    directory = Path(tempfile.mkdtemp(prefix="jp-empty-"))
    try:
        with ThreadPoolExecutor(1) as thread:
            # The event loop of the caller's thread runs already.
            thread.submit(asyncio.run, _make(directory)).result()
        return {file.name: file.read_bytes() for file in directory.iterdir()}
    finally:
        shutil.rmtree(directory)


async def _make(directory: Path) -> None:
    store = SqliteStore(directory)
    await store.open()
    await store.close()
    db = apsw.Connection(str(directory / "jobs.db"))
    # When counting began is a fact of each copy.
    db.execute("DELETE FROM facts WHERE name = 'series_since'")
    db.close()
