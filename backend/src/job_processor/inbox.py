"""The callback inbox: keep what changed nothing, match what came too early, and let a person take a late result."""

import contextlib

from job_processor.core.callbacks import Answer
from job_processor.core.errors import CallbackNotFound, JobNotFound, MoveRefused
from job_processor.core.ids import IdFactory
from job_processor.core.inbox import Callback, Said
from job_processor.core.job import State
from job_processor.core.outcome import CallbackUnreadable, Failed, Reported, ResultAccepted
from job_processor.lifecycle import Lifecycle, Moved, reported_error
from job_processor.store.base import Store


class Inbox:
    def __init__(self, store: Store, lifecycle: Lifecycle, ids: IdFactory) -> None:
        self._store = store
        self._lifecycle = lifecycle
        self._ids = ids

    async def keep(
        self,
        verdict: Answer,
        said: Said,
        content: str,
        *,
        job_id: str | None = None,
        attempt: int | None = None,
        execution_id: str | None = None,
        retryable: bool = True,
        body: bytes | None = None,
        body_cut: bool = False,
        content_type: str | None = None,
        flow: str | None = None,
    ) -> str | None:
        """Keep a callback durably, or count it once more. Returns the id under which it is kept, if it is."""
        now = self._store.now()
        callback = Callback(
            id=self._ids.new(now),
            received_at=now,
            last_at=now,
            verdict=verdict,
            said=said,
            content=content,
            job_id=job_id,
            attempt=attempt,
            execution_id=execution_id,
            retryable=retryable,
            body=body,
            body_cut=body_cut,
            content_type=content_type,
            flow=flow,
        )
        return await self._store.keep(callback)

    async def unreadable(
        self,
        why: str,
        *,
        job_id: str | None,
        attempt: int | None,
        body: bytes | None,
        body_cut: bool,
        content_type: str | None,
    ) -> str | None:
        """Keep a callback that could not be read, and tell its job. Returns the id under which it is kept, if it is.

        ``job_id``: whose it is, if that is known; ``why``: for people.
        """
        kept = await self.keep(
            Answer.UNREADABLE,
            Said.UNREADABLE,
            why,
            job_id=job_id,
            attempt=attempt,
            body=body,
            body_cut=body_cut,
            content_type=content_type,
        )
        if job_id is not None:
            with contextlib.suppress(JobNotFound):
                await self._lifecycle.signal(job_id, CallbackUnreadable(why, attempt))
        return kept

    async def crashed(self, execution_id: str, words: str, retryable: bool, flow: str | None = None) -> Moved | None:
        """A failure reported by the processor's own id of the run; ``None``: no job in flight is known by it, or
        several are. ``flow``: any flow of the processor that reports, when it said so.

        It is kept before the job is looked for: whoever records the acceptance looks here afterwards, so that of
        the two one sees the other, whichever came first.
        """
        kept = await self.keep(
            Answer.UNKNOWN, Said.ERROR, words, execution_id=execution_id, retryable=retryable, flow=flow
        )
        flows = None if flow is None else self._lifecycle.behind(flow)
        job_id = await self._store.find_execution(execution_id, flows)
        if job_id is None:
            return None
        report = Reported(Failed(reported_error(words), retryable), execution=execution_id)
        moved = await self._lifecycle.signal(job_id, report)
        if moved.landed and kept is not None:
            await self._store.settle(kept, Answer.APPLIED, job_id)
        return moved

    async def accept(self, callback_id: str) -> Moved:
        """Complete a FAILED or CANCELLED job with a result that came too late, or any job that is not COMPLETED with
        the bytes of a callback that could not be read.

        Raises ``CallbackNotFound``, ``JobNotFound``, or ``MoveRefused`` for a callback without a result and a
        job in any other state. Accepting the same twice is accepting it once.
        """
        callback = await self._store.kept(callback_id)
        if callback is None:
            raise CallbackNotFound(callback_id)
        result = callback.takeable
        if result is None:
            raise MoveRefused("This callback brought no result that could be accepted.")
        if callback.job_id is None:
            raise JobNotFound
        unread = callback.said is Said.UNREADABLE
        accepted = ResultAccepted(result, unread=unread, attempt=callback.attempt)
        moved = await self._lifecycle.signal(callback.job_id, accepted)
        done = moved.job.state is State.COMPLETED and moved.job.result == result
        if not moved.landed and not done:
            state = moved.job.state.value
            if unread:
                raise MoveRefused(f"The job has a result already; it is {state}.")
            raise MoveRefused(f"Only FAILED and CANCELLED jobs take a late result; this one is {state}.")
        await self._store.settle(callback_id, Answer.ACCEPTED, moved.job.id)
        return moved
