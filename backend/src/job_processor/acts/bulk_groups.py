"""Carries out bulk actions, one group of jobs at a time, by the same acts as for single jobs.

A bulk action acts on each job once, even if several processes carry it out: retry and cancel write the id of the bulk
action into the job in the same write (``Job.bulk_actions``), a replay has an idempotency key of bulk action and job,
and a deleted job cannot be deleted again. So after a crash the group is acted on again as a whole, unless the bulk
action was aborted meanwhile: then what was done is counted. If the process that has the group was only frozen for
longer than its lease, it may act on more jobs of its group after the end of the bulk action; ``done`` is too low then.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from job_processor.acts.bulk import TRIES, ReadQuery
from job_processor.acts.facts import BulkActionMoved, Facts
from job_processor.acts.jobs import InBulk, Jobs, replay_key
from job_processor.core import bulk
from job_processor.core.bulk import BulkAction, BulkKind, BulkState, JobOutcome
from job_processor.core.errors import (
    InvalidField,
    JobDamaged,
    JobNotFound,
    MoveRefused,
    ReadTooLong,
    StoreBusy,
    StoreUnavailable,
    TooManyWaiting,
)
from job_processor.core.job import FINAL, Job, State
from job_processor.failpoints import failpoint
from job_processor.store.base import Query, Store

GROUP = 100
"""Number of jobs in a group: few enough that a submit hardly waits for them, enough to share commits."""
_DONE = JobOutcome()
_GONE = JobOutcome(skipped="job_not_found")
_POSSIBLE = {
    BulkKind.RETRY: frozenset({State.FAILED, State.CANCELLED}),
    BulkKind.CANCEL: frozenset(State) - FINAL,
    BulkKind.DELETE: FINAL,
    BulkKind.REPLAY: frozenset(State),
}
"""The states from which each act is possible."""


class BulkGroups:
    def __init__(self, store: Store, jobs: Jobs, facts: Facts, read_query: ReadQuery) -> None:
        self._store = store
        self._jobs = jobs
        self._facts = facts
        self._read_query = read_query

    async def act(self, action: BulkAction, runner: str) -> BulkAction | None:
        """Act on the next group of jobs, and count its outcomes; end an aborted bulk action. ``runner``: the name of
        this process.

        Returns the bulk action after the group; ``None``: another process has it, or it was deleted. Raises
        ``StoreUnavailable``; then the next call acts on the same group again.
        """
        if not action.may_be_taken(runner, self._store.now()):
            return None
        if action.state is BulkState.ABORTING:
            return await self._abort(action, runner)
        again = bool(action.planned)
        try:
            query = self._read_query(action)
        except InvalidField:
            # A newer version stored it, and will act on it.
            return await self._wait(action, runner, "unknown_filter")
        if query.needs_index and not self._store.is_searchable():
            # While the search index is incomplete after an upgrade, the query would miss jobs.
            return await self._wait(action, runner, "search_incomplete")
        try:
            ids = action.planned or await self._next(action, query)
        except ReadTooLong:
            return await self._wait(action, runner, "read_too_long")
        if not ids:
            return await self._save(action, runner, lambda one: bulk.ended(one, self._store.now()))
        held = await self._plan(action, runner, ids)
        if held is None:
            return None
        failpoint("bulk.after_plan")
        on_jobs = (self._on_job(held, query, id_, again=again) for id_ in ids)
        # Wait for all of them: none may still run when the group is tried again.
        found = await asyncio.gather(*on_jobs, return_exceptions=True)
        if faults := [one for one in found if isinstance(one, BaseException)]:
            return await self._hold(held, runner, faults)
        outcomes = [one for one in found if isinstance(one, JobOutcome)]
        failpoint("bulk.before_settle")
        done = await self._save(held, runner, lambda one: bulk.settled(one, outcomes, self._store.now()))
        failpoint("bulk.after_settle")
        return done

    async def _abort(self, action: BulkAction, runner: str) -> BulkAction | None:
        """End an aborted bulk action without acting on another job: of a group that a process began and did not count,
        count the jobs that were acted on."""
        found = [await self._was_acted_on(action, job_id) for job_id in action.planned]
        outcomes = [_DONE for acted in found if acted]
        now = self._store.now()
        return await self._save(action, runner, lambda one: bulk.ended(bulk.settled(one, outcomes, now), now))

    async def _was_acted_on(self, action: BulkAction, job_id: str) -> bool:
        if action.kind is BulkKind.REPLAY:
            return await self._store.count(Query(idempotency_key=replay_key(action.id, job_id).key, limit=1)) > 0
        if action.kind is BulkKind.DELETE:
            return await self._is_deleted(action, job_id)
        try:
            job = await self._store.get(job_id)
        except JobDamaged:
            return False
        return job is not None and action.id in job.bulk_actions

    async def _is_deleted(self, action: BulkAction, job_id: str) -> bool:
        """Whether the job is deleted, at the latest now if its deletion has begun."""
        try:
            job = await self._store.get(job_id)
            if job is not None and await self._store.is_being_deleted(job_id):
                await self._jobs.delete(job_id, action.by, InBulk(action.id, job))
                return True
        except JobNotFound:
            # Another process has completed the deletion.
            return True
        except (JobDamaged, MoveRefused):
            return False
        return job is None

    async def release(self, runner: str) -> None:
        """Release the bulk actions that this process has, because it stops."""
        for action in await self._store.open_bulk_actions():
            if action.runner == runner:
                await self._store.save_bulk_action(replace(action, lease_until=0))

    async def _hold(self, action: BulkAction, runner: str, faults: Sequence[BaseException]) -> BulkAction | None:
        """The bulk action with what it waits for, if that is all that is wrong; else raises the fault."""
        for fault in faults:
            if not isinstance(fault, TooManyWaiting | StoreBusy):
                raise fault
        code = "store_busy" if isinstance(faults[0], StoreBusy) else "too_many_waiting"
        return await self._wait(action, runner, code)

    async def _wait(self, action: BulkAction, runner: str, code: str) -> BulkAction | None:
        """The bulk action with a code for what it waits for, which is written once."""
        if action.waits_for == code:
            return action
        return await self._save(action, runner, lambda one: replace(one, waits_for=code))

    async def _next(self, action: BulkAction, query: Query) -> Sequence[str]:
        """The ids of the next group; empty: there are no more."""
        most = action.group(GROUP)
        if most <= 0:
            return ()
        before = action.cursor if query.before is None else min(query.before, action.cursor)
        return [one.id for one in await self._store.list(replace(query, before=before, limit=most, clip=0))]

    async def _plan(self, action: BulkAction, runner: str, ids: Sequence[str]) -> BulkAction | None:
        """Record the ids of the group, and that this process acts on it. ``None``: another process was faster, or the
        bulk action was aborted."""
        after = bulk.planned(bulk.taken(action, runner, self._store.now()), ids)
        if not await self._store.save_bulk_action(after):
            return None
        return replace(after, rev=after.rev + 1)

    async def _save(
        self, action: BulkAction, runner: str, change: Callable[[BulkAction], BulkAction]
    ) -> BulkAction | None:
        """The bulk action after this change, which is made again on the newest one if it was aborted meanwhile.

        ``None``: another process has it.
        """
        before: BulkAction | None = action
        for _ in range(TRIES):
            if before is None or not before.may_be_taken(runner, self._store.now()):
                return None
            if before.planned != action.planned or before.cursor != action.cursor:
                # Another process had it in between, and has counted this group.
                return None
            after = change(before)
            if await self._store.save_bulk_action(after):
                stored = replace(after, rev=after.rev + 1)
                self._facts.tell(BulkActionMoved(stored, before))
                return stored
            before = await self._store.get_bulk_action(action.id)
        raise StoreUnavailable("The bulk action changes faster than it can be written.")

    async def _on_job(self, action: BulkAction, query: Query, job_id: str, *, again: bool) -> JobOutcome:
        """Act on one job. ``again``: its group may have been acted on before."""
        flows = action.by.principal.flows
        try:
            job = await (self._store.get(job_id) if flows is None else self._store.get(job_id, flows))
            if job is None:
                return _DONE if again and action.kind is BulkKind.DELETE else _GONE
            if action.id in job.bulk_actions:
                if action.kind is BulkKind.CANCEL:
                    # The process may have died before the processor was told.
                    await self._jobs.pass_cancel_on(job)
                return _DONE
            # A replay does not change the job, so it uses the job as it matched when the group was recorded.
            is_replay = action.kind is BulkKind.REPLAY
            if not is_replay and not query.still_finds(job):
                return JobOutcome(skipped="no_longer_matches")
            return await self._act(action, job)
        except JobNotFound:
            return _GONE
        except MoveRefused:
            return await self._refused(action, job_id)
        except JobDamaged:
            return JobOutcome(failed="job_damaged")
        except InvalidField as error:
            return JobOutcome(failed=f"invalid_{error.field}")

    async def _act(self, action: BulkAction, job: Job) -> JobOutcome:
        part = InBulk(action.id, job, action.reason)
        match action.kind:
            case BulkKind.RETRY:
                await self._jobs.retry(job.id, by=action.by, part=part)
            case BulkKind.CANCEL:
                moved = await self._jobs.cancel(job.id, action.reason, action.by, part)
                if not moved.written and action.id not in moved.job.bulk_actions:
                    return JobOutcome(skipped="is_cancelled")
            case BulkKind.REPLAY:
                await self._jobs.replay(job.id, action.flow, None, action.by, part)
            case BulkKind.DELETE:
                await self._jobs.delete(job.id, action.by, part)
        return _DONE

    async def _refused(self, action: BulkAction, job_id: str) -> JobOutcome:
        """Why the act was not possible, as a code: the job's state now."""
        job = await self._store.get(job_id)
        if job is None:
            return _GONE
        if action.id in job.bulk_actions:
            return _DONE
        if job.state in _POSSIBLE[action.kind]:
            return JobOutcome(skipped="changed_meanwhile")
        return JobOutcome(skipped=f"is_{job.state.value.lower()}")
