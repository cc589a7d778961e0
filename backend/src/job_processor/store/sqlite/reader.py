"""Reading threads with read-only connections: a slow list neither blocks a write nor waits for one.

Every read has a timeout, and is stopped when it is cancelled.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from job_processor.core.errors import ReadTooLong, StoreBroken, StoreUnavailable, TooManySearches
from job_processor.store.sqlite.connection import open_reader, translate
from job_processor.store.sqlite.mailbox import Mailbox

T = TypeVar("T")
BATCH = 64
"""Maximum number of reads in one batch; then they are answered, however many more are queued."""
TOGETHER_SECONDS = 0.005
"""The same in seconds: a quick read is answered without waiting for a slow one behind it."""
CHECK_EVERY = 500
"""Virtual machine steps of SQLite between two checks of the timeout: far below a millisecond."""
_Answer = tuple["asyncio.Future[object]", object, Exception | None]


class Reader:
    """One thread with one connection. Takes all queued reads as a batch and answers it in one wake-up of the event
    loop.

    ``seconds``: timeout of one read. ``broken`` is called in the thread when a read shows that the file is damaged.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        seconds: float,
        broken: Callable[[StoreBroken], None] = lambda why: None,
        search: Path | None = None,
    ) -> None:
        self._broken = broken
        self._db = open_reader(path, search)
        self._db.set_progress_handler(self._is_over, CHECK_EVERY)
        self._seconds = seconds
        self._until = 0.0
        self._current: asyncio.Future[object] | None = None
        self._closing = False
        self._waiting = 0
        self._answers: list[_Answer] = []
        self._answers_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._mailbox: Mailbox[tuple[Callable[[apsw.Connection], object], asyncio.Future[object]]] = Mailbox(self._loop)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Reads that are neither answered nor cancelled."""
        return self._waiting

    def run(self, operation: Callable[[apsw.Connection], T]) -> "asyncio.Future[T]":
        """Raises ``ReadTooLong`` after the timeout. Cancelling the future stops the read."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting += 1
        future.add_done_callback(self._done)
        self._mailbox.put((operation, future))  # type: ignore[arg-type]  # a mailbox of mixed T
        return future

    async def close(self) -> None:
        self._closing = True
        self._mailbox.close()
        await asyncio.to_thread(self._thread.join)

    def _done(self, future: "asyncio.Future[T]") -> None:
        self._waiting -= 1

    def _work(self) -> None:
        while tasks := self._mailbox.take(BATCH):
            self._answers_since = time.monotonic()
            for operation, future in tasks:
                if not future.cancelled():
                    value, error = self._read(operation, future)
                    self._answers.append((future, value, error))
            self._answer()
        self._db.close()

    def _read(
        self, operation: Callable[[apsw.Connection], object], future: "asyncio.Future[object]"
    ) -> tuple[object, Exception | None]:
        self._until = time.monotonic() + self._seconds
        self._current = future
        try:
            return operation(self._db), None
        except apsw.InterruptError:
            return None, ReadTooLong(f"A read took longer than {self._seconds:g} seconds.")
        except (apsw.CorruptError, apsw.NotADBError) as error:
            why = StoreBroken(str(translate(error)))
            self._broken(why)
            return None, why
        except apsw.Error as error:
            return None, translate(error)
        except UnicodeDecodeError:
            # In a column that is read for every job; damaged texts of one job raise JobDamaged.
            return None, StoreUnavailable("The database holds a text that is damaged.")
        except Exception as error:
            return None, error

    def _is_over(self) -> bool:
        """The progress handler of SQLite; true stops the query."""
        now = time.monotonic()
        if now - self._answers_since > TOGETHER_SECONDS:
            self._answer()
        given_up = self._current is not None and self._current.cancelled()
        return given_up or self._closing or now > self._until

    def _answer(self) -> None:
        self._answers_since = time.monotonic()
        if self._answers:
            answers, self._answers = self._answers, []
            self._loop.call_soon_threadsafe(_resolve, answers)


class Searches:
    """Slow reads: a few run at a time, a few more are queued, and others are refused."""

    def __init__(
        self,
        path: Path,
        at_once: int,
        line: int,
        seconds: float,
        broken: Callable[[StoreBroken], None] = lambda why: None,
        search: Path | None = None,
    ) -> None:
        self._readers = [Reader(path, f"sqlite-search-{n}", seconds, broken, search) for n in range(at_once)]
        self._line = line

    def run(self, operation: Callable[[apsw.Connection], T]) -> "asyncio.Future[T]":
        """As ``Reader.run``; raises ``TooManySearches`` at once when the queue is full."""
        reader = min(self._readers, key=lambda one: one.waiting)
        if reader.waiting > self._line:
            raise TooManySearches("The maximum number of searches is running.")
        return reader.run(operation)

    async def close(self) -> None:
        for reader in self._readers:
            await reader.close()


def _resolve(answers: list[_Answer]) -> None:
    for future, value, error in answers:
        if future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)
