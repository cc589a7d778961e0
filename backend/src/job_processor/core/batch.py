"""A batch: jobs that were submitted together, in one request of many lines. They are ordinary jobs.

The record describes what was submitted. It changes at most twice: when the batch is cancelled, and when all jobs have
ended for the first time. Progress is not stored but counted from the jobs, so it cannot diverge from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from job_processor.core.ids import first_id_of
from job_processor.core.job import FINAL, Json, State

MAX_LINES = 10_000
"""Maximum number of lines in a batch."""


_SPAN_MS = 2
"""The ids of a batch and its jobs have the same millisecond, or the next one if the counter of the ids overflows."""


def end_of_jobs(batch_id: str) -> str:
    """The exclusive upper bound of the ids of a batch's jobs. The batch's own id is the exclusive lower bound.

    The ids have the order of the lines. A store finds the jobs by this range of the primary key, without another index.
    """
    return first_id_of(int(batch_id[:12], 16) + _SPAN_MS)


class BatchStatus(StrEnum):
    """The status of a batch."""

    IN_PROGRESS = "IN_PROGRESS"
    """At least one of its jobs is not final."""
    CANCELLING = "CANCELLING"
    """The batch was cancelled, and at least one of its jobs is not final yet."""
    ENDED = "ENDED"
    """All jobs are final or deleted."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is stored. Times in milliseconds since 1970.

    ``lines``: number of lines in the request; ``jobs``: number of lines that became jobs; the others were refused.
    ``flows``: the flows of the jobs; a principal that may not see all of them does not see the batch. ``keep_ms``: the
    retention of the batch and its jobs after its end; ``None``: for ever. ``ended_at``: when all jobs had ended for the
    first time; ``prune_at``: when the batch may be deleted. ``webhook_url``: the receiver of the notice of its end.
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
    """False while a store still writes the jobs one by one; the batch itself is durable already."""
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that did not become a job. ``line``: its number, from 1. ``field``: the invalid field; empty if the whole
    line is invalid. ``custom_id``: the line's custom id if it could be read.
    """

    line: int
    field: str
    message: str
    code: str = "invalid_field"
    custom_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The current number of jobs in each state. ``last_finished_at``: when the newest final job ended (ms since 1970).
    ``cost``: the sum over all jobs in micros; ``None``: no job has a cost."""

    by_state: Mapping[State, int] = field(default_factory=dict)
    last_finished_at: int | None = None
    cost: int | None = None

    def plus(self, other: "BatchCounts") -> "BatchCounts":
        """The union of these counts with counts of other states."""
        ends = [at for at in (self.last_finished_at, other.last_finished_at) if at is not None]
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return BatchCounts({**self.by_state, **other.by_state}, max(ends, default=None), sum(costs) if costs else None)

    @property
    def existing(self) -> int:
        """The number of jobs that were not deleted."""
        return sum(self.by_state.values())

    @property
    def open(self) -> int:
        """The number of jobs that are not final."""
        return sum(n for state, n in self.by_state.items() if state not in FINAL)

    def deleted(self, batch: Batch) -> int:
        """The number of jobs that were deleted one by one."""
        return max(0, batch.jobs - self.existing) if batch.is_whole else 0


def status_of(batch: Batch, counts: BatchCounts) -> BatchStatus:
    """The status of a batch, from the current counts of its jobs."""
    if batch.is_whole and not counts.open:
        return BatchStatus.ENDED
    # A cancel does not apply to a job that is retried after the batch has ended.
    if batch.cancelled_at is not None and batch.ended_at is None:
        return BatchStatus.CANCELLING
    return BatchStatus.IN_PROGRESS


def ended_at(batch: Batch, counts: BatchCounts) -> int | None:
    """When the last job of the batch ended (ms since 1970); ``None`` while a job is open."""
    if status_of(batch, counts) is not BatchStatus.ENDED:
        return None
    return batch.ended_at if counts.last_finished_at is None else counts.last_finished_at
