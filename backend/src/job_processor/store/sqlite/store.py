"""The SQLite driver: the methods of ``store.base`` over one writing thread and one reading thread a kind of read."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import apsw
import structlog

from job_processor.core.audit import AuditEntry
from job_processor.core.errors import IdempotencyMismatch, StoreUnavailable
from job_processor.core.fairness import Turns
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.transitions import Change
from job_processor.failpoints import failpoint
from job_processor.store.base import (
    Added,
    Claim,
    Claimed,
    Counts,
    Held,
    IdempotencyKey,
    Notice,
    Resync,
    StoreInfo,
    WaitingQuery,
    Worker,
)
from job_processor.store.clock import SteadyClock
from job_processor.store.sqlite import claims, clock_setting, key_rates, lanes, operations, queries, rows, series
from job_processor.store.sqlite.audit import recorded
from job_processor.store.sqlite.batch_verbs import BatchVerbs
from job_processor.store.sqlite.connection import check_library, open_writer
from job_processor.store.sqlite.inbox_verbs import InboxVerbs
from job_processor.store.sqlite.job_counts import JobCounts, Move
from job_processor.store.sqlite.list_verbs import ListVerbs
from job_processor.store.sqlite.lock import FileLock
from job_processor.store.sqlite.readers import Readers
from job_processor.store.sqlite.readiness import CHECK_SECONDS, Readiness
from job_processor.store.sqlite.refusals import refuse_damaged, refuse_directory, refuse_full, refuse_unreadable
from job_processor.store.sqlite.schema import upgrade
from job_processor.store.sqlite.searching import Searching
from job_processor.store.sqlite.series_verbs import SeriesVerbs
from job_processor.store.sqlite.watcher import Watcher
from job_processor.store.sqlite.webhook_verbs import WebhookVerbs
from job_processor.store.sqlite.webhooks import end_leases as end_delivery_leases
from job_processor.store.sqlite.writer import Writer

log = structlog.get_logger(__name__)
FILE_NAME = "jobs.db"
LOCK_NAME = "jobs.lock"
PING_SECONDS = 2.0


def _end_leases(db: apsw.Connection) -> None:
    """This process holds the lock, so the workers that held leases are gone."""
    db.execute(
        f"UPDATE jobs SET lease_until = 0, due_at = {rows.due_at_of_lease('0')} "
        "WHERE state = 'RUNNING' AND lease_token IS NOT NULL"
    )
    end_delivery_leases(db)


def _created(added: Added | None) -> bool:
    return added is not None and added.created


def _clock_was_set(done: "asyncio.Future[int]") -> None:
    if done.cancelled() or done.exception() is not None:
        # The next call of now() tries again.
        return
    if done.result():
        log.warning("clock_set", milliseconds=done.result())


class SqliteStore(ListVerbs, InboxVerbs, BatchVerbs, WebhookVerbs, SeriesVerbs):
    """A store in a directory, for one process. Tests pass a ``clock``, or a ``now`` (milliseconds) that is not set.

    ``searchable`` false: without the search index, for reading everything once.
    """

    def __init__(
        self,
        directory: Path,
        now: Callable[[], int] | None = None,
        clock: SteadyClock | None = None,
        check_seconds: float = CHECK_SECONDS,
        searchable: bool = True,
    ) -> None:
        super().__init__()
        self._directory = directory
        self._path = directory / FILE_NAME
        own = clock or SteadyClock()
        self._clock = own if now is None else None
        self._now: Callable[[], int] = now or own.now
        self._turns = Turns()
        self._setting: asyncio.Future[int] | None = None
        self._lock = FileLock(directory / LOCK_NAME)
        self._readiness: Readiness | None = None
        self._check_seconds = check_seconds
        self._searchable = searchable
        self._job_counts = JobCounts()
        self._watchers: set[Watcher] = set()

    @property
    def info(self) -> StoreInfo:
        return StoreInfo("sqlite", str(self._path), shared=False)

    def now(self) -> int:
        if self._clock is None:
            return self._now()
        now, step_due = self._clock.read()
        if step_due:
            self._set(self._clock)
        return now

    def _set(self, clock: SteadyClock) -> None:
        """Let the writer set the clock to the wall clock; durations in the database are moved in the same commit."""
        if self._writer is None or (self._setting is not None and not self._setting.done()):
            return
        self._setting = self._writer.submit(clock_setting.set_clock(clock))
        self._setting.add_done_callback(_clock_was_set)

    async def open(self) -> None:
        check_library()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise refuse_full(self._directory) from None
            raise refuse_directory(self._directory, str(error.strerror)) from None
        try:
            db = await asyncio.to_thread(self._prepare)
            self._job_counts = JobCounts(db)
            self._writer = Writer(db, self._path, queries.last_seq(db), self._committed)
            if self._searchable:
                self._search = self._open_search(self._writer)
            self._readers = Readers(self._path, self._writer.stop_writing, self._search)
            self._readiness = Readiness(self._writer, self._path, self._now, self._check_seconds)
        except apsw.Error as error:
            self._lock.release()
            raise refuse_unreadable(self._path, error) from error
        except BaseException:
            self._lock.release()
            raise

    def _open_search(self, writer: Writer) -> Searching | None:
        """``None``: it cannot be opened, for example on a full disk. The jobs can be read all the same."""
        try:
            return Searching(self._directory, self._path, writer)
        except (apsw.FullError, apsw.IOError, apsw.CantOpenError) as error:
            log.warning("search_index_missing", reason=type(error).__name__)
            return None

    def _prepare(self) -> apsw.Connection:
        db = open_writer(self._path)
        self._path.chmod(0o600)
        refuse_damaged(db, self._path)
        upgrade(db)
        db.execute("DROP TABLE IF EXISTS room")
        failpoint("sqlite.before_recovery")
        try:
            _end_leases(db)
            series.begin(db, self._now())
        except apsw.FullError:
            # The leases expire by themselves; until there is space the jobs can at least be read.
            log.warning("leases_not_ended", reason="The disk is full.")
        failpoint("sqlite.after_recovery")
        return db

    async def close(self) -> None:
        # The writer is closed last: the last connection checkpoints the WAL, and readers may not write.
        for part in (self._readiness, self._readers, self._search, self._writer):
            if part is not None:
                await part.close()
        self._writer = self._readers = self._readiness = self._search = None
        self._lock.release()
        for watcher in self._watchers:
            watcher.close()

    async def ping(self) -> None:
        writer = self._open_writer
        if writer.broken is not None:
            raise writer.broken
        if self._readiness is not None:
            self._readiness.check()
        try:
            async with asyncio.timeout(PING_SECONDS):
                await writer.submit(lambda tx: None)
        except TimeoutError:
            raise StoreUnavailable(f"The writer has not answered for {PING_SECONDS:g} seconds.") from None

    async def add(self, job: Job, key: IdempotencyKey | None = None, record: AuditEntry | None = None) -> Added:
        adding = recorded(operations.add(job, key, self._now), record, _created)
        added = await self._open_writer.submit(adding, can_wait=True)
        if added is None:
            raise IdempotencyMismatch("The idempotency key was used before with another body.")
        return added

    async def get(self, job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        return await self._open_readers.points.run(queries.get(job_id, flows))

    async def find_execution(self, execution_id: str, flows: frozenset[str] | None = None) -> str | None:
        return await self._open_readers.points.run(queries.find_execution(execution_id, flows))

    async def counts(self) -> Counts:
        by_state = self._job_counts.by_state
        flows = sorted({flow for flow, state in by_state if state is State.PENDING})
        oldest, fallen = await self._open_readers.upkeep.run(queries.open_work(self._now(), flows))
        return Counts({k: n for k, n in by_state.items() if n}, oldest, fallen)

    async def count_waiting(self, owner: str, most: int) -> int:
        if self._writer is None:
            raise StoreUnavailable("The store is closed.")
        return min(most, self._job_counts.waiting_of(owner))

    def queue_seconds(self) -> float:
        return 0.0 if self._writer is None else self._writer.queue_seconds()

    async def claim(self, claim: Claim) -> Claimed:
        return await self._open_writer.submit(claims.claim(claim, self._turns, self._now))

    async def full_keys(self, rules: FlowRules) -> Mapping[int, int | None]:
        if not rules.limits_keys:
            return {}
        return await self._open_readers.points.run(key_rates.full_keys(rules, self._now()))

    async def extend(self, held: Sequence[Held], lease_ms: int) -> Sequence[str]:
        return await self._open_writer.submit(operations.extend(held, lease_ms, self._now))

    async def apply(self, change: Change, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(operations.apply(change, self._now), record))

    async def overdue(self, limit: int, but_callbacks_of: frozenset[str] = frozenset()) -> Sequence[Job]:
        now = await self._settled_now()
        return await self._open_readers.upkeep.run(queries.overdue(now, limit, but_callbacks_of))

    async def list_waiting(self, which: WaitingQuery) -> Sequence[Job]:
        now = await self._settled_now()
        return await self._open_readers.upkeep.run(queries.list_waiting(which, now))

    async def _settled_now(self) -> int:
        """The time, after waiting for a running clock setting: until it is committed, leases that are still measured by
        the old time would seem to have ended."""
        now = self.now()
        if self._setting is None:
            return now
        await asyncio.wait([self._setting])
        return self._now()

    async def prune(self, finished_before: int, limit: int) -> int:
        return await self._open_writer.submit(operations.prune(finished_before, limit))

    async def delete(self, job_id: str, record: AuditEntry | None = None, rev: int | None = None) -> bool:
        return await self._open_writer.submit(recorded(operations.delete(job_id, rev), record))

    async def is_being_deleted(self, job_id: str) -> bool:
        # A deletion is one transaction.
        return False

    async def lanes(self) -> Sequence[Lane]:
        return await self._open_readers.points.run(lanes.lanes)

    async def save_lane(self, lane: Lane, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(lanes.save_lane(lane), record))

    async def record_heartbeat(self, worker: Worker) -> None:
        await self._open_writer.submit(operations.record_heartbeat(worker))

    async def workers(self, seen_after: int) -> Sequence[Worker]:
        return await self._open_readers.points.run(queries.workers(seen_after))

    async def since(self, position: int, limit: int) -> Sequence[Notice] | Resync:
        return await self._open_readers.points.run(queries.since(position, limit))

    async def watch(self) -> AsyncIterator[Notice | Resync]:
        mine = Watcher()
        self._watchers.add(mine)
        try:
            while taken := await mine.take():
                for notice in taken:
                    yield notice
        finally:
            self._watchers.discard(mine)

    def _committed(self, notices: Sequence[Notice], moves: Sequence[Move]) -> None:
        self._job_counts.follow(moves)
        if self._search is not None and notices:
            self._search.committed(notices[-1].position)
        if notices:
            for watcher in self._watchers:
                watcher.put(notices)
