"""The methods of ``store.base`` for batches; they run in the reading and writing threads."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from job_processor.core.audit import AuditEntry
from job_processor.core.batch import Batch, BatchCounts, RefusedLine
from job_processor.core.errors import IdempotencyMismatch
from job_processor.core.job import Job
from job_processor.core.webhooks import Delivery
from job_processor.store.base import BatchAdded, BatchesPruned, BatchQuery, IdempotencyKey, NewBatch
from job_processor.store.sqlite import batches
from job_processor.store.sqlite.access_verbs import AccessVerbs
from job_processor.store.sqlite.audit import recorded


def _created(added: BatchAdded | None) -> bool:
    return added is not None and added.created


class BatchVerbs(AccessVerbs):
    async def add_batch(
        self, new: NewBatch, key: IdempotencyKey | None = None, record: AuditEntry | None = None
    ) -> BatchAdded:
        prepared = await asyncio.to_thread(batches.Prepared, new, self.now())
        adding = recorded(batches.add_batch(prepared, key), record, _created)
        added = await self._open_writer.submit(adding, can_wait=True)
        if added is None:
            raise IdempotencyMismatch("The idempotency key was used before with another body.")
        return added

    async def batch_of_key(self, key: IdempotencyKey) -> Batch | None:
        return await self._open_readers.points.run(batches.batch_of_key(key))

    async def get_batch(self, batch_id: str, flows: frozenset[str] | None = None) -> Batch | None:
        return await self._open_readers.points.run(batches.get_batch(batch_id, flows))

    async def list_batches(self, query: BatchQuery) -> Sequence[Batch]:
        return await self._open_readers.lists.run(batches.list_batches(query))

    async def count_batches(self, ids: Collection[str]) -> Mapping[str, BatchCounts]:
        return await self._open_readers.lists.run(batches.count_batches(ids))

    async def refused_lines(self, batch_id: str) -> Sequence[RefusedLine]:
        return await self._open_readers.lists.run(batches.refused_lines(batch_id))

    async def jobs_of_batch(self, batch_id: str, after: str | None, limit: int) -> Sequence[Job]:
        return await self._open_readers.lists.run(batches.jobs_of_batch(batch_id, after, limit))

    async def batches_to_tend(self, limit: int) -> Sequence[Batch]:
        return await self._open_readers.upkeep.run(batches.batches_to_tend(limit))

    async def cancel_batch(self, batch_id: str, at: int, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(batches.cancel_batch(batch_id, at), record))

    async def end_batch(self, batch_id: str, at: int, notices: Sequence[Delivery] = ()) -> bool:
        return await self._open_writer.submit(batches.end_batch(batch_id, at, notices))

    async def complete_batches(self) -> int:
        return 0

    async def prune_batches(self, now: int, limit: int) -> BatchesPruned:
        return await self._open_writer.submit(batches.prune_batches(now, limit))
