"""The readiness check of the store: a row is written every few seconds, and a health check gets the last outcome at
once.

After the disk was full, a row is no proof of space, because it fits into the free part of the WAL; then a write as
large as a job is tried.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from job_processor import tasks
from job_processor.core.errors import StorageFull, StoreBroken, StoreUnavailable
from job_processor.store.sqlite.writer import Transaction, Writer

log = structlog.get_logger(__name__)
CHECK_SECONDS = 4.0
TIMEOUT_SECONDS = 9.0
"""Timeout of a write: any other write would not succeed either."""
ROOM_BYTES = 1_048_576
"""Larger than the largest job: prompt, metadata and index entries."""
_MAGIC = b"SQLite format 3\0"


class Readiness:
    """``seconds`` between two writes; tests use less."""

    def __init__(self, writer: Writer, path: Path, now: Callable[[], int], seconds: float = CHECK_SECONDS) -> None:
        self._writer = writer
        self._path = path
        self._now = now
        self._seconds = seconds
        self._trouble: StoreUnavailable | None = None
        self._task = asyncio.create_task(self._run(), name="sqlite-readiness")

    def check(self) -> None:
        """Raises ``StoreUnavailable`` if the last check failed, or ``StorageFull`` if a write has failed since then for
        lack of space."""
        if self._writer.full:
            raise StorageFull("The disk is full; nothing can be stored.")
        if self._trouble is not None:
            raise type(self._trouble)(str(self._trouble))

    async def close(self) -> None:
        await tasks.end(self._task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            before = self._trouble
            self._trouble = await self._check()
            if (before is None) != (self._trouble is None):
                log.warning("store_ready", ready=self._trouble is None, reason=str(self._trouble or ""))

    async def _check(self) -> StoreUnavailable | None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._writer.submit(self._write)
                if self._writer.full or self._is_nearly_full():
                    await self._writer.submit(_take_room)
                    await self._writer.submit(_free_room)
                    self._writer.full = False
        except StoreUnavailable as error:
            return error
        except TimeoutError:
            return StoreUnavailable(f"A write has not come to its end for {TIMEOUT_SECONDS:g} seconds.")
        except OSError as error:
            # For example too many open files; it may pass.
            return StoreUnavailable(f"The database file cannot be looked at ({error.strerror}).")
        return None

    def _write(self, tx: Transaction) -> None:
        with self._path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                self._writer.stop_writing(StoreBroken("The file is no database any more."))
        tx.db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('pulse', ?)", (self._now(),))

    def _is_nearly_full(self) -> bool:
        """Is the file system almost full by its own count, which does not include quotas?"""
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < 2 * ROOM_BYTES


def _take_room(tx: Transaction) -> None:
    tx.db.execute("CREATE TABLE IF NOT EXISTS room (bytes BLOB NOT NULL)")
    tx.db.execute("INSERT INTO room (bytes) VALUES (zeroblob(?))", (ROOM_BYTES,))


def _free_room(tx: Transaction) -> None:
    tx.db.execute("DROP TABLE IF EXISTS room")
