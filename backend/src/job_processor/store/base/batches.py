"""Batches in a store (``core.batch``): many jobs stored by one write, all of them or none."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.batch import Batch, BatchCounts, RefusedLine
from job_processor.core.job import Job
from job_processor.core.webhooks import Delivery
from job_processor.store.base.jobs import IdempotencyKey


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch to store: its record, its jobs in the order of their lines, and the lines that were refused."""

    batch: Batch
    jobs: Sequence[Job]
    refused: Sequence[RefusedLine] = ()


@dataclass(frozen=True, slots=True)
class BatchAdded:
    """``created`` is false when the batch was made by an earlier request with the same key."""

    batch: Batch
    created: bool


@dataclass(frozen=True, slots=True)
class BatchQuery:
    """Which batches to list, newest id first. ``before``: the id after which the page starts. ``flows``: batches of
    which each job is of one of these; ``None``: all."""

    limit: int = 20
    before: str | None = None
    flows: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BatchesPruned:
    """``more``: there is more to delete now."""

    batches: int
    jobs: int
    more: bool


class Batches(Protocol):
    async def add_batch(
        self, new: NewBatch, key: IdempotencyKey | None = None, record: AuditEntry | None = None
    ) -> BatchAdded:
        """Store a batch with all its jobs durably, or nothing.

        If the key was used before with a batch: returns the batch made then when the fingerprint fits, else raises
        ``IdempotencyMismatch``. Keys of batches and of jobs are separate. A key is deleted together with its batch.
        """
        ...

    async def batch_of_key(self, key: IdempotencyKey) -> Batch | None:
        """The batch that was stored with this key. Raises ``IdempotencyMismatch``."""
        ...

    async def get_batch(self, batch_id: str, flows: frozenset[str] | None = None) -> Batch | None:
        """The batch, or ``None``. ``flows``: only if each of its jobs is of one of these."""
        ...

    async def list_batches(self, query: BatchQuery) -> Sequence[Batch]: ...

    async def count_batches(self, ids: Collection[str]) -> Mapping[str, BatchCounts]:
        """The jobs of each of these batches by state, counted now. A batch without a job is left out."""
        ...

    async def refused_lines(self, batch_id: str) -> Sequence[RefusedLine]:
        """The lines of a batch that became no job, by line."""
        ...

    async def jobs_of_batch(self, batch_id: str, after: str | None, limit: int) -> Sequence[Job]:
        """Up to ``limit`` jobs of a batch with a greater id than ``after``, in the order of their lines. Their prompts
        are empty, all else is whole. Fewer if their results are long; an empty list: there are no more."""
        ...

    async def batches_to_tend(self, limit: int) -> Sequence[Batch]:
        """Batches without ``ended_at`` that were cancelled or of which no job is open, oldest first. A store that must
        read each candidate may check only some of them per call."""
        ...

    async def cancel_batch(self, batch_id: str, at: int, record: AuditEntry | None = None) -> bool:
        """Set ``cancelled_at``, unless it is set or the batch has ended. Returns whether it was set."""
        ...

    async def end_batch(self, batch_id: str, at: int, notices: Sequence[Delivery] = ()) -> bool:
        """Set ``ended_at`` and ``prune_at``, unless they are set, and store the notices of the end in the same write.
        Returns whether they were set."""
        ...

    async def complete_batches(self) -> int:
        """Repair what crashed processes left: write the missing jobs of stored batches, and delete the parts of batches
        that were never stored. Returns how many batches. A store that writes a batch in one transaction has nothing to
        repair."""
        ...

    async def prune_batches(self, now: int, limit: int) -> BatchesPruned:
        """Delete up to ``limit`` jobs of the batches whose ``prune_at`` has passed, and the batches of which no job is
        left. A batch is kept longer while a job of it is open, or if a job ended after the batch (it was retried)."""
        ...
