"""The acts on batches: submit, cancel, record their end, delete after the retention time."""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from msgspec import structs

from job_processor import tasks
from job_processor.acts.facts import (
    BatchCancelled,
    BatchEnded,
    BatchesPruned,
    BatchSubmitted,
    DeliveriesDue,
    Facts,
    RequestRefused,
)
from job_processor.acts.jobs import Jobs, NewJob, PlaceInBatch
from job_processor.acts.trail import Trail
from job_processor.acts.waiting_quota import WaitingQuota
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.audit import AuditAct, AuditEntry
from job_processor.core.batch import Batch, BatchCounts, BatchStatus, RefusedLine, ended_at, status_of
from job_processor.core.batch_notice import notice_of
from job_processor.core.errors import (
    BatchNotFound,
    InvalidField,
    JobDamaged,
    JobNotFound,
    LinesRefused,
    MoveRefused,
    TooManyWaiting,
)
from job_processor.core.ids import IdFactory
from job_processor.core.job import FINAL, Job, Json, State
from job_processor.failpoints import failpoint
from job_processor.store.base import BatchAdded, IdempotencyKey, NewBatch, Query, Store

MAX_NAMED_LINES = 20
"""Maximum number of invalid lines that an error names."""
LISTED = 200
"""Number of jobs to be cancelled whose ids are read at a time."""
CONCURRENT_CANCELS = 20
"""Maximum number of jobs of a batch that are cancelled at the same time."""
CONCURRENT_BATCHES = 10
"""Maximum number of batches whose jobs in flight are cancelled at the same time."""
IN_FLIGHT_SECONDS = 2.0
"""How long jobs in flight are cancelled before batches that were cancelled meanwhile have their turn. The processors'
answers to the last of these cancels may take longer."""
_PENDING = frozenset({State.PENDING})
_IN_FLIGHT = frozenset(State) - FINAL - _PENDING


class NewLine(NamedTuple):
    """A line of a batch whose fields were checked one by one."""

    line: int
    new: NewJob
    custom_id: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """A batch as it was sent. ``refused``: the lines that are invalid in themselves. ``partial``: the valid lines
    become jobs although others are invalid. ``flow``, ``deadline`` and ``key``: the defaults of lines without one.
    ``webhook_url``: the receiver of the notice of the batch's end; already checked."""

    lines: Sequence[NewLine]
    refused: Sequence[RefusedLine] = ()
    name: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    flow: str | None = None
    deadline: int | None = None
    keep_ms: int | None = None
    partial: bool = False
    webhook_url: str | None = None
    key: str | None = None


class Batches:
    def __init__(
        self, store: Store, jobs: Jobs, ids: IdFactory, facts: Facts, trail: Trail, quota: WaitingQuota
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._ids = ids
        self._facts = facts
        self._trail = trail
        self._quota = quota

    async def of_key(self, key: IdempotencyKey) -> Batch | None:
        """The batch that was submitted with this key, or ``None``. Raises ``IdempotencyMismatch``."""
        return await self._store.batch_of_key(key)

    async def submit(self, sent: Submitted, key: IdempotencyKey | None, by: Requester) -> BatchAdded:
        """Store a batch with all its jobs.

        Raises ``LinesRefused`` if a line is wrong (with ``partial``: if all are), ``TooManyWaiting`` beyond the quota
        of who asks, and ``StoreBusy`` while the store is behind with its writes.
        """
        now = self._store.now()
        batch_id = self._ids.new(now)
        # The ids are made here, because the factory belongs to this thread. They have the order of the lines.
        ids = self._ids.many(now, len(sent.lines))
        jobs, refused = await asyncio.to_thread(self._made, sent, batch_id, ids, now, by)
        total = len(sent.lines) + len(sent.refused)
        if refused and (not sent.partial or not jobs):
            raise LinesRefused(refused[:MAX_NAMED_LINES], len(refused), total)
        self._jobs.check_queue()
        flows = Counter(job.flow for job in jobs)
        batch = Batch(
            id=batch_id,
            created_at=now,
            lines=total,
            jobs=len(jobs),
            flows=tuple(sorted(flows)),
            name=sent.name,
            metadata=sent.metadata,
            owner=by.principal.owner,
            keep_ms=sent.keep_ms,
            webhook_url=sent.webhook_url,
        )
        record = self._trail.entry(by, AuditAct.BATCH_SUBMITTED, batch_id, str(len(jobs)))
        added = await self._add(NewBatch(batch, jobs, refused), key, by.principal.owner, record)
        if added.created:
            self._facts.tell(BatchSubmitted(added.batch, flows))
        return added

    def _made(
        self, sent: Submitted, batch_id: str, ids: Sequence[str], now: int, by: Requester
    ) -> tuple[list[Job], list[RefusedLine]]:
        jobs: list[Job] = []
        refused = list(sent.refused)
        has_others = any(one is not None for one in (sent.flow, sent.deadline, sent.key))
        for one, job_id in zip(sent.lines, ids, strict=True):
            new = one.new
            if has_others:
                flow, deadline, key = new.flow or sent.flow, new.deadline or sent.deadline, new.key or sent.key
                new = structs.replace(new, flow=flow, deadline=deadline, key=key)
            try:
                jobs.append(self._jobs.made(new, by, now, job_id, PlaceInBatch(batch_id, one.line, one.custom_id)))
            except InvalidField as error:
                refused.append(RefusedLine(one.line, error.field, str(error), custom_id=one.custom_id))
        refused.sort(key=lambda line: line.line)
        return jobs, refused

    async def _add(
        self, new: NewBatch, key: IdempotencyKey | None, owner: str, record: AuditEntry | None
    ) -> BatchAdded:
        if not owner or not self._quota.most:
            return await self._store.add_batch(new, key, record)
        try:
            allowance = await self._quota.enter_together(owner, len(new.jobs))
        except TooManyWaiting:
            self._facts.tell(RequestRefused("too_many_waiting"))
            raise
        try:
            return await self._store.add_batch(new, key, record)
        finally:
            allowance.leave(len(new.jobs))

    async def cancel(self, batch_id: str, by: Requester) -> Batch:
        """Record that all open jobs of a batch are to be cancelled; ``tend`` cancels them. Cancelling it again changes
        nothing.

        Raises ``BatchNotFound``, and ``MoveRefused`` for a batch that has ended.
        """
        batch = await self._batch(batch_id, by)
        if status_of(batch, await self._counts(batch)) is BatchStatus.ENDED:
            raise MoveRefused("The batch has ended.")
        record = self._trail.entry(by, AuditAct.BATCH_CANCELLED, batch_id)
        if await self._store.cancel_batch(batch_id, self._store.now(), record):
            self._facts.tell(BatchCancelled(batch_id))
        elif batch.ended_at is not None:
            raise MoveRefused("The batch had ended before one of its jobs was retried; cancel that job.")
        return await self._batch(batch_id, by)

    async def tend(self, limit: int) -> bool:
        """Cancel the open jobs of cancelled batches, and record which batches have ended; at most ``limit`` batches.
        Returns whether there is more to do at once."""
        batches = await self._store.batches_to_tend(limit)
        cancelled = [batch for batch in batches if batch.cancelled_at is not None]
        # First the jobs that no processor has, because they could be handed over while processors answer to cancels.
        for batch in cancelled:
            await self._cancel_jobs(batch, _PENDING)
        until = time.monotonic() + IN_FLIGHT_SECONDS
        at_once = asyncio.Semaphore(CONCURRENT_BATCHES)

        async def cancel(batch: Batch) -> bool:
            is_later = at_once.locked()
            async with at_once:
                if is_later and time.monotonic() >= until:
                    return False
                return await self._cancel_jobs(batch, _IN_FLIGHT, until)

        # In any order, so that over several turns none is always too late.
        complete = await tasks.all_of(*(cancel(batch) for batch in random.sample(cancelled, len(cancelled))))
        for batch in batches:
            counts = await self._counts(batch)
            end = ended_at(batch, counts)
            if status_of(batch, counts) is BatchStatus.ENDED:
                await self._end(batch, counts, self._store.now() if end is None else end)
        return len(batches) == limit or not all(complete)

    async def _end(self, batch: Batch, counts: BatchCounts, at: int) -> None:
        notice = notice_of(batch, counts, at, self._ids.new(self._store.now()))
        failpoint("batch.before_end")
        if await self._store.end_batch(batch.id, at, () if notice is None else (notice,)):
            failpoint("batch.after_end")
            self._facts.tell(BatchEnded(replace(batch, ended_at=at)))
            if notice is not None:
                self._facts.tell(DeliveriesDue())

    async def _cancel_jobs(self, batch: Batch, states: frozenset[State], until: float = math.inf) -> bool:
        """Cancel the jobs of a batch that are in these states. Returns ``False`` if some are left at ``until``
        (seconds, monotonic)."""
        before: str | None = None
        while True:
            query = Query(limit=LISTED, before=before, batch=batch.id, states=states, clip=0)
            found = [one.id for one in await self._store.list(query)]
            for start in range(0, len(found), CONCURRENT_CANCELS):
                if start > 0 and time.monotonic() >= until:
                    return False
                await tasks.all_of(*(self._cancel_job(id_) for id_ in found[start : start + CONCURRENT_CANCELS]))
            if len(found) < LISTED:
                return True
            if time.monotonic() >= until:
                return False
            before = found[-1]

    async def _cancel_job(self, job_id: str) -> None:
        try:
            await self._jobs.cancel(job_id, "Its batch was cancelled.", SYSTEM)
        except (MoveRefused, JobNotFound, JobDamaged):
            # The job ended, or was deleted, just now. A damaged job stays open, and its batch with it: no reason to
            # keep the other jobs and batches waiting.
            return

    async def complete(self) -> int:
        """Complete batches that a crashed process left incomplete; returns how many."""
        return await self._store.complete_batches()

    async def prune(self, limit: int) -> bool:
        """Delete batches after their retention time with their jobs, up to ``limit`` jobs. Returns whether there is
        more to delete."""
        pruned = await self._store.prune_batches(self._store.now(), limit)
        if pruned.batches or pruned.jobs:
            self._facts.tell(BatchesPruned(pruned.batches, pruned.jobs))
        return pruned.more

    async def _batch(self, batch_id: str, by: Requester) -> Batch:
        batch = await self._store.get_batch(batch_id, by.principal.flows)
        if batch is None:
            raise BatchNotFound(batch_id)
        return batch

    async def _counts(self, batch: Batch) -> BatchCounts:
        return (await self._store.count_batches([batch.id])).get(batch.id, BatchCounts())
