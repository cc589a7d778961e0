"""Reading threads: read-only connections, so that a slow list never waits for, or holds up, a write."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from job_processor.store.sqlite.connection import open_reader, translate
from job_processor.store.sqlite.mailbox import Mailbox

T = TypeVar("T")
BATCH = 64
"""Answers after which those who asked first are told, however many more wait."""
_Task = tuple[Callable[[apsw.Connection], object], "asyncio.Future[object]"]


class Reader:
    """One thread with one connection. Takes all that waits, answers it in one wake-up of the event loop."""

    def __init__(self, path: Path, name: str) -> None:
        self._db = open_reader(path)
        self._loop = asyncio.get_running_loop()
        self._mailbox: Mailbox[_Task] = Mailbox(self._loop)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, operation: Callable[[apsw.Connection], T]) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = self._loop.create_future()
        self._mailbox.put((operation, future))  # type: ignore[arg-type]  # a mailbox of mixed T
        return future

    async def close(self) -> None:
        self._mailbox.close()
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while tasks := self._mailbox.take(BATCH):
            answers: list[tuple[asyncio.Future[object], object, Exception | None]] = []
            for operation, future in tasks:
                try:
                    answers.append((future, operation(self._db), None))
                except apsw.Error as error:
                    answers.append((future, None, translate(error)))
                except Exception as error:
                    answers.append((future, None, error))
            self._loop.call_soon_threadsafe(_resolve, answers)
        self._db.close()


def _resolve(answers: list[tuple["asyncio.Future[object]", object, Exception | None]]) -> None:
    for future, value, error in answers:
        if future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)
