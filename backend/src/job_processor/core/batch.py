"""A batch: jobs that were submitted together, in one request of many lines. Its jobs are jobs as all others.

The record says what was submitted, and is changed twice at most: by a cancel, and when all jobs have ended for the
first time. How far a batch is, is counted from its jobs, so that no count can be wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from job_processor.core.ids import first_id_of
from job_processor.core.job import FINAL, Json, State

MAX_LINES = 10_000
"""The most lines of a batch."""


_SPAN_MS = 2
"""The ids of a batch and its jobs are made for the same millisecond; a counter that overflows takes the next one."""


def end_of_jobs(batch_id: str) -> str:
    """The jobs of a batch have ids after the batch's own and before this one, in the order of their lines: a store
    finds them by id, without an index of its own."""
    return first_id_of(int(batch_id[:12], 16) + _SPAN_MS)


class BatchStatus(StrEnum):
    """The state of a batch."""

    IN_PROGRESS = "IN_PROGRESS"
    """At least one of its jobs is not final."""
    CANCELLING = "CANCELLING"
    """It was cancelled, and some of its jobs are not final yet."""
    ENDED = "ENDED"
    """All its jobs are final, or deleted."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Times in milliseconds since 1970.

    ``lines``: of the request; ``jobs``: those that became jobs; the others were refused. ``flows``: of its jobs: who
    may not see one of them does not see the batch. ``keep_ms``: how long it is kept with its jobs after its end;
    ``None``: for ever. ``ended_at``: when all jobs had ended for the first time; ``prune_at``: when it may be deleted.
    ``webhook_url``: where that end is told.
    """

    id: str
    created_at: int
    lines: int
    jobs: int
    flows: tuple[str, ...]
    name: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    owner: str = ""
    keep_ms: int | None = None
    cancelled_at: int | None = None
    ended_at: int | None = None
    prune_at: int | None = None
    is_whole: bool = True
    """False while a store writes its jobs one by one: it is stored, and all of them will be there soon."""
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that became no job. ``line``: its number, from 1; ``field`` is empty where the line as a whole is wrong.

    ``custom_id``: as far as it could be read.
    """

    line: int
    field: str
    message: str
    code: str = "invalid_field"
    custom_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The jobs of a batch by state, as they are now. ``last_finished_at``: of those that are final. ``cost``: of all,
    in micros; ``None``: none has one."""

    by_state: Mapping[State, int] = field(default_factory=dict)
    last_finished_at: int | None = None
    cost: int | None = None

    def plus(self, other: "BatchCounts") -> "BatchCounts":
        """These and those of other states."""
        ends = [at for at in (self.last_finished_at, other.last_finished_at) if at is not None]
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return BatchCounts({**self.by_state, **other.by_state}, max(ends, default=None), sum(costs) if costs else None)

    @property
    def there(self) -> int:
        return sum(self.by_state.values())

    @property
    def open(self) -> int:
        return sum(n for state, n in self.by_state.items() if state not in FINAL)

    def deleted(self, batch: Batch) -> int:
        """The jobs that were deleted one by one."""
        return max(0, batch.jobs - self.there) if batch.is_whole else 0


def status_of(batch: Batch, counts: BatchCounts) -> BatchStatus:
    if batch.is_whole and not counts.open:
        return BatchStatus.ENDED
    # A job that is retried after the batch had ended is open again; the cancel does not concern it.
    if batch.cancelled_at is not None and batch.ended_at is None:
        return BatchStatus.CANCELLING
    return BatchStatus.IN_PROGRESS


def ended_at(batch: Batch, counts: BatchCounts) -> int | None:
    """When the last of its jobs ended; ``None`` while one is open."""
    if status_of(batch, counts) is not BatchStatus.ENDED:
        return None
    return batch.ended_at if counts.last_finished_at is None else counts.last_finished_at
