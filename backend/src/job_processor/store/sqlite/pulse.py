"""Whether the store could take a job now, found out beside all else: a row is written every few seconds.

Whoever asks gets what was found out last, at once. On a disk that has just been full a row is no proof: it fits into
what is left of the log. There it takes a write as large as a job.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from job_processor.core.errors import StorageFull, StoreBroken, StoreUnavailable
from job_processor.store.sqlite.writer import Transaction, Writer

log = structlog.get_logger(__name__)
BEAT_SECONDS = 4.0
LATE_SECONDS = 9.0
"""A write that has not come to its end for so long: nothing else would either."""
ROOM_BYTES = 1_048_576
"""More than the largest job: its prompt, its metadata and what the indexes take."""
_MAGIC = b"SQLite format 3\0"


class Pulse:
    """``seconds``: between two writes; tests want it quicker."""

    def __init__(self, writer: Writer, path: Path, now: Callable[[], int], seconds: float = BEAT_SECONDS) -> None:
        self._writer = writer
        self._path = path
        self._now = now
        self._seconds = seconds
        self._trouble: StoreUnavailable | None = None
        self._task = asyncio.create_task(self._run(), name="sqlite-pulse")

    def check(self) -> None:
        """Raises ``StoreUnavailable`` when the last write did not succeed, or another has failed for room since."""
        if self._writer.full:
            raise StorageFull("The disk is full; nothing can be stored.")
        if self._trouble is not None:
            raise type(self._trouble)(str(self._trouble))

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            before = self._trouble
            self._trouble = await self._beat()
            if (before is None) != (self._trouble is None):
                log.warning("store_ready", ready=self._trouble is None, reason=str(self._trouble or ""))

    async def _beat(self) -> StoreUnavailable | None:
        try:
            async with asyncio.timeout(LATE_SECONDS):
                await self._writer.submit(self._write)
                if self._writer.full or self._is_nearly_full():
                    await self._writer.submit(_take_room)
                    await self._writer.submit(_give_room_back)
                    self._writer.full = False
        except StoreUnavailable as error:
            return error
        except TimeoutError:
            return StoreUnavailable(f"A write has not come to its end for {LATE_SECONDS:g} seconds.")
        except OSError as error:
            # Such as too many open files: it may pass.
            return StoreUnavailable(f"The database file cannot be looked at ({error.strerror}).")
        return None

    def _write(self, tx: Transaction) -> None:
        with self._path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                self._writer.give_up(StoreBroken("The file is no database any more."))
        tx.db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('pulse', ?)", (self._now(),))

    def _is_nearly_full(self) -> bool:
        """One look at the file system's own count, which knows nothing of other limits."""
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize < 2 * ROOM_BYTES


def _take_room(tx: Transaction) -> None:
    tx.db.execute("CREATE TABLE IF NOT EXISTS room (bytes BLOB NOT NULL)")
    tx.db.execute("INSERT INTO room (bytes) VALUES (zeroblob(?))", (ROOM_BYTES,))


def _give_room_back(tx: Transaction) -> None:
    tx.db.execute("DROP TABLE IF EXISTS room")
