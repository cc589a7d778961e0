"""The MongoDB driver: the methods of ``store.base``, each passed to the module that implements it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from job_processor.core.audit import AuditEntry
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.errors import StoreUnavailable
from job_processor.core.flow import FlowRules
from job_processor.core.inbox import Callback
from job_processor.core.job import Job, State
from job_processor.core.lane import Lane
from job_processor.core.transitions import Change
from job_processor.store.base import (
    Added,
    Ahead,
    CallbackSummary,
    Claim,
    Claimed,
    Counts,
    GroupBy,
    Grouped,
    Held,
    IdempotencyKey,
    InboxQuery,
    Notice,
    Query,
    Resync,
    StoreInfo,
    Summary,
    WaitingQuery,
    Worker,
)
from job_processor.store.mongo import indexes, meta
from job_processor.store.mongo.access import Access
from job_processor.store.mongo.ahead import Places
from job_processor.store.mongo.audit import Audit
from job_processor.store.mongo.batch_verbs import BatchVerbs
from job_processor.store.mongo.batches import Batches
from job_processor.store.mongo.bulk import Bulk
from job_processor.store.mongo.claims import Claims
from job_processor.store.mongo.client import Link, Server
from job_processor.store.mongo.clock import DatabaseClock
from job_processor.store.mongo.counts import Counting
from job_processor.store.mongo.inbox import Inbox
from job_processor.store.mongo.keys import Keys
from job_processor.store.mongo.lanes import MAX_CONCURRENCY, Lanes
from job_processor.store.mongo.old_jobs import OldJobs
from job_processor.store.mongo.permits import Permits
from job_processor.store.mongo.reads import Reads
from job_processor.store.mongo.series import Series
from job_processor.store.mongo.series_verbs import SeriesVerbs
from job_processor.store.mongo.tuning import Tuning
from job_processor.store.mongo.watch import Watch
from job_processor.store.mongo.webhook_verbs import WebhookVerbs
from job_processor.store.mongo.webhooks import Webhooks
from job_processor.store.mongo.writes import Writes


class _Parts:
    """The parts of an open store."""

    def __init__(
        self,
        link: Link,
        server: Server,
        clock: DatabaseClock,
        now: Callable[[], int],
        embedded_keys: bool,
        searchable: str,
    ) -> None:
        self.link = link
        self.server = server
        self.clock = clock
        self.lanes = Lanes(link)
        self.claims = Claims(link, self.lanes, now, clock.now)
        self.reads = Reads(link)
        self.places = Places(link)
        self.counting = Counting(link)
        self.webhooks = Webhooks(link, now)
        self.rows = Series(link, now)
        self.writes = Writes(link, now, Keys(link, embedded_keys), self.webhooks, self.rows)
        self.batches = Batches(link, self.writes, now)
        self.inbox = Inbox(link)
        self.watch = Watch(link, server.streams, clock.server_now)
        self.access = Access(link)
        self.audit = Audit(link)
        self.permits = Permits(link)
        self.old_jobs = OldJobs(link, searchable)
        self.bulk = Bulk(link)


class MongoStore(BatchVerbs, WebhookVerbs, SeriesVerbs):
    """``now`` returns milliseconds; without it the clock of the database is used, with it the clock of a test.

    ``database``: its name, else the one in the address, else ``job_processor``.
    """

    def __init__(
        self,
        uri: str,
        now: Callable[[], int] | None = None,
        database: str | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self._uri = uri
        self._now = now
        self._database = database
        self._tuning = tuning or Tuning()
        self._parts: _Parts | None = None

    @property
    def info(self) -> StoreInfo:
        if self._parts is None:
            return StoreInfo("mongodb", "not open", shared=True, max_concurrency=MAX_CONCURRENCY)
        server, link = self._parts.server, self._parts.link
        detail = f"{link.address} ({server.product} {server.version}, {server.topology})"
        return StoreInfo("mongodb", detail, True, MAX_CONCURRENCY, self._parts.watch.arrive)

    def now(self) -> int:
        return self._now() if self._now is not None else self._open.clock.now()

    async def open(self) -> None:
        if self._parts is not None:
            return
        link = Link(self._uri, self._database, self._tuning)
        clock = DatabaseClock(lambda: _local_time(link), self._tuning.clock_every, stepped=link.outage.slept)
        try:
            server = await link.open()
            await link.do(lambda again: clock.start())
            link.on_new_primary = clock.hurry
            searchable = await meta.examine(link, f"{server.product} {server.version}")
            embedded_keys = await indexes.create(link)
            parts = _Parts(link, server, clock, self._now or clock.now, embedded_keys, searchable)
            await parts.rows.begin()
        except BaseException:
            await clock.stop()
            await link.close()
            raise
        self._parts = parts

    async def close(self) -> None:
        parts, self._parts = self._parts, None
        if parts is not None:
            await parts.old_jobs.stop()
            await parts.watch.close()
            await parts.counting.stop()
            await parts.writes.finish()
            await parts.clock.stop()
            await parts.link.close()

    async def ping(self) -> None:
        await self._open.link.ping()

    async def add(self, job: Job, key: IdempotencyKey | None = None, record: AuditEntry | None = None) -> Added:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.writes.add(job, key), lambda added: added.created)

    async def get(self, job_id: str, flows: frozenset[str] | None = None) -> Job | None:
        return await self._open.reads.get(job_id, flows)

    async def find_execution(self, execution_id: str, flows: frozenset[str] | None = None) -> str | None:
        return await self._open.reads.find_execution(execution_id, flows)

    async def list(self, query: Query) -> Sequence[Summary]:
        return await self._open.reads.list(query)

    async def count(self, query: Query) -> int:
        return await self._open.reads.count(query)

    async def count_by_state(self, query: Query) -> Mapping[State, int]:
        return await self._open.reads.count_by_state(query)

    async def groups(self, query: Query, by: GroupBy) -> Grouped:
        return await self._open.reads.groups(query, by)

    def is_searchable(self) -> bool:
        return self._open.old_jobs.is_filled

    async def counts(self) -> Counts:
        return await self._open.counting.counts(self.now())

    async def count_waiting(self, owner: str, most: int) -> int:
        return await self._open.reads.count_waiting(owner, most)

    async def ahead(self, job: Job, most: int) -> Ahead | None:
        return await self._open.places.ahead(job, most)

    def queue_seconds(self) -> float:
        return 0.0 if self._parts is None else self._parts.writes.queue_seconds()

    async def claim(self, claim: Claim) -> Claimed:
        return await self._open.claims.claim(claim)

    async def full_keys(self, rules: FlowRules) -> Mapping[int, int | None]:
        return await self._open.lanes.full_keys(rules, self.now())

    async def extend(self, held: Sequence[Held], lease_ms: int) -> Sequence[str]:
        return await self._open.writes.extend(held, self.now() + lease_ms)

    async def apply(self, change: Change, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.writes.apply(change))

    async def overdue(self, limit: int, but_callbacks_of: frozenset[str] = frozenset()) -> Sequence[Job]:
        return await self._open.reads.overdue(self.now(), limit, but_callbacks_of)

    async def list_waiting(self, which: WaitingQuery) -> Sequence[Job]:
        return await self._open.reads.list_waiting(which, self.now())

    async def prune(self, finished_before: int, limit: int) -> int:
        return await self._open.writes.prune(finished_before, limit)

    async def delete(self, job_id: str, record: AuditEntry | None = None, rev: int | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.writes.delete(job_id, rev))

    async def is_being_deleted(self, job_id: str) -> bool:
        return await self._open.writes.is_being_deleted(job_id)

    async def keep_callback(self, callback: Callback, *, limited: bool = True) -> str | None:
        return await self._open.inbox.keep_callback(callback, limited)

    async def get_callback(self, callback_id: str, flows: frozenset[str] | None = None) -> Callback | None:
        return await self._open.inbox.get_callback(callback_id, flows)

    async def list_callbacks(self, query: InboxQuery) -> Sequence[CallbackSummary]:
        return await self._open.inbox.list(query)

    async def set_callback_verdict(
        self, callback_id: str, verdict: CallbackVerdict, job_id: str, job_flow: str | None = None
    ) -> None:
        await self._open.inbox.set_callback_verdict(callback_id, verdict, job_id, job_flow)

    async def reject_callback(self, callback_id: str, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.inbox.reject_callback(callback_id))

    async def count_callbacks(self, flows: frozenset[str] | None = None) -> Mapping[CallbackVerdict, int]:
        return await self._open.inbox.count(flows)

    async def prune_callbacks(self, last_before: int, limit: int) -> int:
        return await self._open.inbox.prune_callbacks(last_before, limit)

    async def lanes(self) -> Sequence[Lane]:
        return await self._open.lanes.all()

    async def save_lane(self, lane: Lane, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.lanes.put(lane))

    async def record_heartbeat(self, worker: Worker) -> None:
        await self._open.writes.record_heartbeat(worker)

    async def workers(self, seen_after: int) -> Sequence[Worker]:
        return await self._open.reads.workers(seen_after)

    async def since(self, position: int, limit: int) -> Sequence[Notice] | Resync:
        return await self._open.watch.since(position, limit)

    async def watch(self) -> AsyncIterator[Notice | Resync]:
        async for notice in self._open.watch.follow():
            yield notice

    @property
    def _open(self) -> _Parts:
        if self._parts is None:
            raise StoreUnavailable("The store is closed.")
        return self._parts


async def _local_time(link: Link) -> datetime:
    at = (await link.hello())["localTime"]
    assert isinstance(at, datetime)
    return at
