"""The methods of ``store.base`` for batches; each calls the module that does it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.batch import Batch, BatchCounts, RefusedLine
from job_processor.core.job import Job
from job_processor.core.webhooks import Delivery
from job_processor.store.base import BatchAdded, BatchesPruned, BatchQuery, IdempotencyKey, NewBatch
from job_processor.store.mongo.access import Access
from job_processor.store.mongo.access_verbs import AccessVerbs
from job_processor.store.mongo.audit import Audit
from job_processor.store.mongo.batches import Batches
from job_processor.store.mongo.bulk import Bulk
from job_processor.store.mongo.permits import Permits


class _Parts(Protocol):
    access: Access
    audit: Audit
    batches: Batches
    permits: Permits
    bulk: Bulk


class BatchVerbs(AccessVerbs):
    @property
    def _open(self) -> _Parts:
        raise NotImplementedError

    async def add_batch(
        self, new: NewBatch, key: IdempotencyKey | None = None, record: AuditEntry | None = None
    ) -> BatchAdded:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.batches.add(new, key), lambda added: added.created)

    async def batch_of_key(self, key: IdempotencyKey) -> Batch | None:
        return await self._open.batches.of_key(key)

    async def get_batch(self, batch_id: str, flows: frozenset[str] | None = None) -> Batch | None:
        return await self._open.batches.get(batch_id, flows)

    async def list_batches(self, query: BatchQuery) -> Sequence[Batch]:
        return await self._open.batches.list(query)

    async def count_batches(self, ids: Collection[str]) -> Mapping[str, BatchCounts]:
        return await self._open.batches.counts(ids)

    async def refused_lines(self, batch_id: str) -> Sequence[RefusedLine]:
        return await self._open.batches.refused_lines(batch_id)

    async def jobs_of_batch(self, batch_id: str, after: str | None, limit: int) -> Sequence[Job]:
        return await self._open.batches.jobs_of(batch_id, after, limit)

    async def batches_to_tend(self, limit: int) -> Sequence[Batch]:
        return await self._open.batches.to_tend(limit)

    async def cancel_batch(self, batch_id: str, at: int, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.batches.cancel(batch_id, at))

    async def end_batch(self, batch_id: str, at: int, notices: Sequence[Delivery] = ()) -> bool:
        return await self._open.batches.end(batch_id, at, notices)

    async def complete_batches(self) -> int:
        return await self._open.batches.complete()

    async def prune_batches(self, now: int, limit: int) -> BatchesPruned:
        return await self._open.batches.prune(now, limit)
