"""The callback inbox: keep what changed nothing, match what came too early, and let a person take a late result."""

from job_processor.core.callbacks import Answer
from job_processor.core.errors import CallbackNotFound, JobNotFound, MoveRefused
from job_processor.core.ids import IdFactory
from job_processor.core.inbox import Callback, Said
from job_processor.core.job import State
from job_processor.core.outcome import Failed, Reported, ResultAccepted
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
        )
        return await self._store.keep(callback)

    async def crashed(self, execution_id: str, words: str, retryable: bool) -> Moved | None:
        """A failure reported by the processor's own id of the run; ``None``: no job in flight is known by it.

        It is kept before the job is looked for: whoever records the acceptance looks here afterwards, so that of
        the two one sees the other, whichever came first.
        """
        kept = await self.keep(Answer.UNKNOWN, Said.ERROR, words, execution_id=execution_id, retryable=retryable)
        job_id = await self._store.find_execution(execution_id)
        if job_id is None:
            return None
        report = Reported(Failed(reported_error(words), retryable), execution=execution_id)
        moved = await self._lifecycle.signal(job_id, report)
        if moved.landed and kept is not None:
            await self._store.settle(kept, Answer.APPLIED, job_id)
        return moved

    async def accept(self, callback_id: str) -> Moved:
        """Complete a FAILED or CANCELLED job with a result that came too late.

        Raises ``CallbackNotFound``, ``JobNotFound``, or ``MoveRefused`` for a callback without a result and a
        job in any other state. Accepting the same twice is accepting it once.
        """
        callback = await self._store.kept(callback_id)
        if callback is None:
            raise CallbackNotFound(callback_id)
        if callback.said is not Said.RESULT or callback.verdict is Answer.DUPLICATE:
            raise MoveRefused("This callback brought no result that could be accepted.")
        if callback.job_id is None:
            raise JobNotFound
        moved = await self._lifecycle.signal(callback.job_id, ResultAccepted(callback.content))
        done = moved.job.state is State.COMPLETED and moved.job.result == callback.content
        if not moved.landed and not done:
            raise MoveRefused(
                f"Only FAILED and CANCELLED jobs take a late result; this one is {moved.job.state.value}."
            )
        await self._store.settle(callback_id, Answer.ACCEPTED, moved.job.id)
        return moved
