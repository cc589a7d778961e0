"""The writing thread, with group commit: all queued operations are one transaction and are answered after its commit.

A group shares one fsync, which makes durability cheap under load. New jobs come last in a group, after callbacks and
changes of jobs in flight. When an operation raises, the group is rolled back and its operations run again one at a
time, so that none fails because of another.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import apsw
import msgspec

from job_processor.core.errors import StoreBroken
from job_processor.core.series import MINUTE, Tally, start_of
from job_processor.failpoints import failpoint
from job_processor.store.base import Notice
from job_processor.store.pace import Pace
from job_processor.store.sqlite.connection import is_fatal, translate
from job_processor.store.sqlite.job_counts import Move
from job_processor.store.sqlite.mailbox import Mailbox
from job_processor.store.sqlite.ring import Places, Ring
from job_processor.store.sqlite.tallies import add_tallies

T = TypeVar("T")
GROUP_LIMIT = 512
"""Maximum number of operations in a commit: it limits how long the first of them waits."""


@dataclass(slots=True)
class Transaction:
    """The open transaction: its connection, and what is reported to followers after the commit."""

    db: apsw.Connection
    seq: int
    places: Places
    notices: list[Notice] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    """The change of state of every job that changed it."""

    tallies: dict[tuple[int, str], Tally] = field(default_factory=dict)
    """Tallies for the series, by minute and flow; written once per commit, however many jobs end in it."""

    undo: list[Callable[[], None]] = field(default_factory=list)
    """Undo of changes outside the database, called when the transaction is rolled back."""

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def tally(self, at: int, flow: str) -> Tally:
        """What this transaction adds to the series for this time and flow."""
        key = (start_of(MINUTE, at), flow)
        found = self.tallies.get(key)
        if found is None:
            found = self.tallies[key] = Tally()
        return found


class _Waiting(msgspec.Struct, Generic[T]):
    operation: Callable[[Transaction], T]
    future: asyncio.Future[T]
    value: T | None = None
    error: Exception | None = None


class Writer:
    """Owns the writing connection in its own thread. ``on_commit`` is called on the event loop."""

    def __init__(
        self,
        db: apsw.Connection,
        path: Path,
        seq: int,
        on_commit: Callable[[Sequence[Notice], Sequence[Move]], None],
    ) -> None:
        self._db = db
        self._path = path
        self._inode = path.stat().st_ino
        self._seq = seq
        self._ring = Ring()
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._mailbox: Mailbox[_Waiting[object]] = Mailbox(self._loop)
        self._unanswered = 0
        self._pace = Pace(GROUP_LIMIT)
        self._broken: StoreBroken | None = None
        self._locked_out = False
        self.full = False
        """True after a write failed for lack of space, until a check finds that there is space again."""
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> StoreBroken | None:
        """The error after which the file or the disk may be damaged; nothing is written until the process is
        restarted."""
        return self._broken

    @property
    def position(self) -> int:
        """The newest position that was committed."""
        return self._seq

    def stop_writing(self, why: StoreBroken) -> None:
        """Stop writing, because another thread found that the file or the disk may be damaged. Callable from any
        thread."""
        if self._broken is None:
            self._broken = why

    def submit(self, operation: Callable[[Transaction], T], *, can_wait: bool = False) -> asyncio.Future[T]:
        """Run the operation in the next group; done when its commit is on disk. Operations may run twice.

        ``can_wait``: after the others, when there are too many for one group.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        if self._broken is not None:
            future.set_exception(self._broken)
        else:
            self._unanswered += 1
            self._mailbox.put(_Waiting(operation, future), can_wait=can_wait)  # type: ignore[arg-type]  # a mailbox of mixed T
        return future

    def queue_seconds(self) -> float:
        """Estimated seconds that an operation would wait that is submitted now. Called on the event loop."""
        return self._pace.seconds(self._unanswered)

    async def close(self) -> None:
        self._mailbox.close()
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while group := self._mailbox.take(GROUP_LIMIT):
            began = self._pace.begin()
            self._run(group)
            self._pace.end(began, len(group))
        self._db.close()

    def _run(self, group: list[_Waiting[object]]) -> None:
        transaction = self._commit(group)
        if transaction is None and len(group) > 1 and self._broken is None and not self._locked_out:
            # One of the group failed: run each of them again, alone.
            for waiting in group:
                alone = self._commit([waiting])
                self._answer([waiting], alone)
        else:
            self._answer(group, transaction)

    def _commit(self, group: list[_Waiting[object]]) -> Transaction | None:
        """The transaction when it is on disk; ``None`` when it was rolled back, and each operation has its error."""
        transaction = Transaction(self._db, self._seq, Places(self._db, self._ring, self._seq + 1))
        try:
            if self._broken is not None:
                raise self._broken
            self._check_file()
            self._db.execute("BEGIN IMMEDIATE")
            for waiting in group:
                failpoint("sqlite.in_group")
                waiting.error = None
                waiting.value = waiting.operation(transaction)
            add_tallies(self._db, transaction.tallies)
            transaction.places.end()
            failpoint("sqlite.before_commit")
            self._db.execute("COMMIT")
            failpoint("sqlite.after_commit")
        except Exception as error:
            self._roll_back(group, error)
            for take_back in transaction.undo:
                take_back()
            return None
        self._seq = transaction.seq
        return transaction

    def _roll_back(self, group: list[_Waiting[object]], error: Exception) -> None:
        # SQLITE_BUSY: another program holds the file. Do not run them one by one: each would wait for the busy timeout.
        self._locked_out = isinstance(error, apsw.BusyError)
        if isinstance(error, apsw.Error):
            ours = translate(error)
            self.full = self.full or isinstance(error, apsw.FullError)
            if is_fatal(error):
                self._broken = StoreBroken(str(ours))
        else:
            ours = error  # type: ignore[assignment]  # an operation's own error goes to its caller as it is
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except apsw.Error as second:
            self._broken = StoreBroken(str(translate(second)))
        for waiting in group:
            waiting.error = ours

    def _check_file(self) -> None:
        """Raise ``StoreBroken`` when the file was deleted or replaced: writes would go to a file that nobody reads."""
        try:
            same = os.stat(self._path).st_ino == self._inode
        except OSError:
            same = False
        if not same:
            self._broken = StoreBroken("The database file was moved or replaced under the process.")
            raise self._broken

    def _answer(self, group: Sequence[_Waiting[object]], transaction: Transaction | None) -> None:
        self._loop.call_soon_threadsafe(self._resolve, group, transaction)

    def _resolve(self, group: Sequence[_Waiting[object]], transaction: Transaction | None) -> None:
        self._unanswered -= len(group)
        for waiting in group:
            if waiting.future.done():
                continue
            if waiting.error is not None:
                waiting.future.set_exception(waiting.error)
            else:
                waiting.future.set_result(waiting.value)
        if transaction is not None and (transaction.notices or transaction.moves):
            self._on_commit(transaction.notices, transaction.moves)
