"""The acts on jobs: submit, cancel, retry, replay, delete, and deletion after the retention time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from job_processor.acts.cancels import Cancels
from job_processor.acts.facts import Facts, JobDeleted, JobMoved, JobsPruned, RequestRefused
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.signals import Moved, Signals
from job_processor.acts.trail import Trail
from job_processor.acts.waiting_quota import WaitingQuota
from job_processor.core import transitions
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.audit import AuditAct, AuditEntry
from job_processor.core.errors import InvalidField, JobNotFound, MoveRefused, StoreBusy, TooManyWaiting
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, JobWebhook, Json, State
from job_processor.core.outcome import Cancelled, Retried
from job_processor.core.transitions import attempt_ended_by_cancel
from job_processor.store.base import Added, IdempotencyKey, Store

MAX_QUEUE_SECONDS = 2.0
"""New jobs are refused (503) while the store's queue is longer. This backpressure keeps callbacks and the outcomes of
jobs in flight fast."""


class NewJob(msgspec.Struct, frozen=True, gc=False):
    """A submission whose fields were checked one by one. Times in milliseconds since 1970."""

    prompt: str
    flow: str | None = None
    run_at: int | None = None
    delay_ms: int | None = None
    priority: int = 0
    max_attempts: int | None = None
    deadline: int | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Json] | None = None
    result_schema: Mapping[str, Json] | None = None
    replay_of: str | None = None
    webhook: JobWebhook | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class InBulk:
    """The part of a bulk action that acts on ``job``, as it was read just now under the flows of who asks."""

    action_id: str
    job: Job
    reason: str | None = None


def replay_key(bulk_action_id: str, job_id: str) -> IdempotencyKey:
    """The idempotency key of a bulk action's replay of a job. It has a space, which no client's key has."""
    return IdempotencyKey(f"bulk {bulk_action_id} {job_id}", "")


class PlaceInBatch(NamedTuple):
    """Where a job belongs that is submitted with others."""

    batch_id: str
    line: int
    custom_id: str | None = None


class Jobs:
    def __init__(
        self,
        store: Store,
        flows: FlowTable,
        signals: Signals,
        cancels: Cancels,
        ids: IdFactory,
        facts: Facts,
        trail: Trail,
        quota: WaitingQuota,
    ) -> None:
        self._store = store
        self._flows = flows
        self._signals = signals
        self._cancels = cancels
        self._ids = ids
        self._facts = facts
        self._trail = trail
        self._quota = quota

    async def submit(
        self,
        new: NewJob,
        key: IdempotencyKey | None = None,
        by: Requester = SYSTEM,
        record: AuditEntry | None = None,
    ) -> Added:
        """Store a new job.

        Raises ``InvalidField`` for an unknown flow or a deadline that has passed, ``TooManyWaiting`` beyond the quota
        of who asks, and ``StoreBusy`` while the store is behind with its writes.
        """
        now = self._store.now()
        job = self.made(new, by, now, self._ids.new(now))
        self.check_queue()
        added = await self._add(job, key, record)
        if added.created:
            self._facts.tell(JobMoved(added.job, None))
        return added

    def made(self, new: NewJob, by: Requester, now: int, job_id: str, place: PlaceInBatch | None = None) -> Job:
        """The job of a submission, not stored. Raises ``InvalidField``. May be called in any thread."""
        rules = self._flows.for_new_job(new.flow, by.principal.flows)
        run_at = new.run_at if new.delay_ms is None else now + new.delay_ms
        if new.deadline is not None and new.deadline <= max(now, run_at or 0):
            raise InvalidField("deadline", "must lie ahead, and after the job may start")
        return transitions.submit(
            job_id=job_id,
            prompt=new.prompt,
            rules=rules,
            now=now,
            run_at=run_at,
            priority=new.priority,
            max_attempts=new.max_attempts,
            deadline=new.deadline,
            tags=new.tags,
            metadata=new.metadata,
            result_schema=new.result_schema,
            replay_of=new.replay_of,
            batch_id=None if place is None else place.batch_id,
            batch_line=None if place is None else place.line,
            custom_id=None if place is None else place.custom_id,
            owner=by.principal.owner,
            webhook=new.webhook,
            key=new.key,
        )

    def check_queue(self) -> None:
        """Raises ``StoreBusy`` while the store is behind with its writes."""
        seconds = self._store.queue_seconds()
        if seconds > MAX_QUEUE_SECONDS:
            self._facts.tell(RequestRefused("store_busy"))
            raise StoreBusy(math.ceil(seconds))

    async def _add(self, job: Job, key: IdempotencyKey | None, record: AuditEntry | None) -> Added:
        if not job.owner or not self._quota.most:
            return await self._store.add(job, key, record)
        allowance = self._quota.enter_at_once(job.owner)
        if allowance is None:
            try:
                allowance = await self._quota.enter(job.owner)
            except TooManyWaiting:
                self._facts.tell(RequestRefused("too_many_waiting"))
                raise
        try:
            return await self._store.add(job, key, record)
        finally:
            allowance.leave()

    async def cancel(
        self, job_id: str, reason: str | None = None, by: Requester = SYSTEM, part: InBulk | None = None
    ) -> Moved:
        """Cancel a job and pass the cancel on to the processor of an attempt in flight.

        Cancelling a CANCELLED job only passes the cancel on, if that was not completed. Raises ``JobNotFound``, and
        ``MoveRefused`` for any other final job.
        """
        known = await self._visible(job_id, by) if part is None else part.job
        bulk = None if part is None else part.action_id
        record = self._trail.entry(by, AuditAct.JOB_CANCELLED, job_id, bulk)
        moved = await self._signals.send(job_id, Cancelled(reason, bulk), known, record)
        if not moved.written and moved.job.state is not State.CANCELLED:
            raise MoveRefused(f"The job is already {moved.job.state.value}.")
        # Also if the job was CANCELLED before: that request may have been cut off before the processor was told.
        await self.pass_cancel_on(moved.job)
        return moved

    async def pass_cancel_on(self, job: Job) -> None:
        """Pass the cancel of a CANCELLED job on to the processor of the attempt that it ended, unless the history has
        an answer to it, or that none came."""
        ended = attempt_ended_by_cancel(job)
        if ended is not None:
            await self._cancels.pass_on(ended.flow or job.flow, job.id, ended)

    async def retry(
        self, job_id: str, more_attempts: int | None = None, by: Requester = SYSTEM, part: InBulk | None = None
    ) -> Job:
        """Put a FAILED or CANCELLED job back, PENDING, with ``more_attempts`` (the flow's number when ``None``).

        Raises ``JobNotFound``, and ``MoveRefused`` for any other state.
        """
        job = await self._job(job_id, by) if part is None else part.job
        more = more_attempts or self._flows.rules(job.flow).max_attempts
        bulk, reason = (None, None) if part is None else (part.action_id, part.reason)
        record = self._trail.entry(by, AuditAct.JOB_RETRIED, job_id, bulk)
        moved = await self._signals.send(job_id, Retried(more, reason, bulk), job, record)
        if not moved.written:
            raise MoveRefused(f"Only FAILED and CANCELLED jobs can be retried; this one is {moved.job.state.value}.")
        return moved.job

    async def replay(
        self,
        job_id: str,
        flow: str | None = None,
        prompt: str | None = None,
        by: Requester = SYSTEM,
        part: InBulk | None = None,
    ) -> Job:
        """Submit a new job with an old one's prompt (or another), on the same or another flow.

        Raises ``JobNotFound``, and ``InvalidField`` for an unknown flow.
        """
        old = await self._job(job_id, by) if part is None else part.job
        new = NewJob(
            prompt=prompt if prompt is not None else old.prompt,
            flow=flow or old.flow,
            priority=old.priority,
            tags=old.tags,
            metadata=old.metadata,
            result_schema=old.result_schema,
            replay_of=old.id,
            key=old.key,
        )
        key, bulk = (None, None) if part is None else (replay_key(part.action_id, old.id), part.action_id)
        record = self._trail.entry(by, AuditAct.JOB_REPLAYED, job_id, bulk)
        return (await self.submit(new, key, by, record)).job

    async def delete(self, job_id: str, by: Requester = SYSTEM, part: InBulk | None = None) -> None:
        """Delete a final job with its callbacks. Raises ``JobNotFound``, and ``MoveRefused`` for a job that is not
        final, or that changed since a bulk action read it."""
        if part is None:
            await self._visible(job_id, by)
            deleted = self._store.delete(job_id, self._trail.entry(by, AuditAct.JOB_DELETED, job_id))
        else:
            record = self._trail.entry(by, AuditAct.JOB_DELETED, job_id, part.action_id)
            deleted = self._store.delete(job_id, record, part.job.rev)
        if not await deleted:
            job = await self._job(job_id, by)
            raise MoveRefused(f"Only final jobs can be deleted; this one is {job.state.value}.")
        self._facts.tell(JobDeleted(job_id))

    async def prune(self, finished_before: int, limit: int) -> int:
        """Delete up to ``limit`` jobs that finished before then (milliseconds since 1970); returns how many."""
        count = await self._store.prune(finished_before, limit)
        if count:
            self._facts.tell(JobsPruned(count))
        return count

    async def _visible(self, job_id: str, by: Requester) -> Job | None:
        """Raises ``JobNotFound`` for a job of a flow that the requester may not see. ``None``: it was not read, because
        the requester sees all flows."""
        return None if by.principal.flows is None else await self._job(job_id, by)

    async def _job(self, job_id: str, by: Requester) -> Job:
        flows = by.principal.flows
        job = await (self._store.get(job_id) if flows is None else self._store.get(job_id, flows))
        if job is None:
            raise JobNotFound(job_id)
        return job
