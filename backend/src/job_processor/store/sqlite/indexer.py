"""The thread that keeps the search index (``search_index``) up to date, and adds old jobs to it. It reads only
committed jobs, so it delays no write. While jobs are written it uses a part of one core; a search makes it catch up at
once.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw
import structlog

from job_processor.store.sqlite import search_index

log = structlog.get_logger(__name__)
BATCH = 256
"""Maximum number of jobs in one commit of the index."""
GATHER_SECONDS = 0.2
"""How long changes are collected while nobody searches, so that several changes of one job are indexed once."""
SHARE = 0.2
"""The share of the time that the thread works while nobody searches."""
RETRY_SECONDS = 5.0
NICE = 10


class Indexer:
    """``consumed`` is called on the event loop with the position up to which deleted jobs are not in the index any
    more."""

    def __init__(self, path: Path, jobs: Path, consumed: Callable[[int], None]) -> None:
        self._path = path
        self._db = search_index.open_index(path, jobs)
        self._consumed = consumed
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._news = True
        self._urgent = 0
        self._closing = False
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._committed = 0
        self._position = search_index.fact(self._db, "head")
        self.is_filled = search_index.fact(self._db, "below") == 0
        """False while jobs that are older than the index are missing in it."""
        self.is_damaged = False
        self._thread = threading.Thread(target=self._work, name="sqlite-indexer", daemon=True)
        self._thread.start()

    def committed(self, position: int) -> None:
        """Everything up to this position was committed. Called on the event loop."""
        self._committed = max(self._committed, position)
        # The thread is woken once per step, not per commit, because a thread that wakes up takes the GIL from the event
        # loop. A step reads the newest position after it has cleared ``_news``, so a commit that finds it set is in
        # that step.
        if not self._news:
            with self._changed:
                self._news = True
                self._changed.notify()

    async def reach(self, position: int, seconds: float) -> bool:
        """Wait until everything up to this position is in the index, at most ``seconds``. Returns whether it is."""
        if self._position >= position:
            return True
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append((position, waiter))
        with self._changed:
            self._committed = max(self._committed, position)
            self._urgent += 1
            self._news = True
            self._changed.notify()
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            with self._changed:
                self._urgent -= 1
            self._waiters = [one for one in self._waiters if one[1] is not waiter]
        return True

    async def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)

    def give_up(self) -> None:
        """The index is damaged: it is deleted, and the next start makes it anew. Callable from any thread."""
        if not self.is_damaged:
            self.is_damaged = True
            log.error("search_index_damaged", path=str(self._path))
            search_index.remove(self._path)

    def _work(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while self._wait_for_work():
            began = time.monotonic()
            pause = 0.0
            try:
                done = self._step()
            except (apsw.CorruptError, apsw.NotADBError):
                self.give_up()
                break
            except apsw.Error as error:
                # For example a full disk: only the index falls behind.
                log.warning("search_index_behind", reason=type(error).__name__)
                done, pause = 1, RETRY_SECONDS
            if done:
                self._pause(max(pause, (time.monotonic() - began) * (1 / SHARE - 1)))
        self._db.close()

    def _wait_for_work(self) -> bool:
        """False: the thread ends."""
        with self._changed:
            while not self._closing and not self._news and self.is_filled:
                self._changed.wait()
            if self.is_filled and not self._closing and not self._urgent:
                self._changed.wait_for(lambda: self._closing or self._urgent > 0, GATHER_SECONDS)
            self._news = False
            return not self._closing

    def _pause(self, seconds: float) -> None:
        with self._changed:
            if not self._urgent:
                self._changed.wait_for(lambda: self._closing or self._urgent > 0, seconds)
            # There may be more changes; if not, the next step finds nothing.
            self._news = True

    def _step(self) -> int:
        """One commit of the index. Returns how many jobs were indexed."""
        committed = self._committed
        self._db.execute("BEGIN IMMEDIATE")
        try:
            done, deleted = search_index.follow(self._db, BATCH)
            filled = 0
            if not done and not self.is_filled:
                filled = search_index.fill(self._db, BATCH)
            position = search_index.fact(self._db, "head")
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        if not done:
            self.is_filled = self.is_filled or filled < BATCH
            # Not every position belongs to a change.
            position = max(position, committed)
        self._loop.call_soon_threadsafe(self._reached, position, deleted > 0)
        return done + filled

    def _reached(self, position: int, deleted: bool) -> None:
        self._position = max(self._position, position)
        if deleted:
            self._consumed(position)
        for wanted, waiter in self._waiters:
            if wanted <= self._position and not waiter.done():
                waiter.set_result(None)
