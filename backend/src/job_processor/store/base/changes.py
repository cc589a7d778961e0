"""How a store tells that jobs changed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.job import State


@dataclass(frozen=True, slots=True)
class Notice:
    """A job changed. ``position`` orders notices and is what a client resumes from; ``state`` None: deleted.

    A hint, sent after the write was durable: readers fetch the truth.
    """

    position: int
    job_id: str
    state: State | None
    flow: str
    rev: int
    run_at: int


@dataclass(frozen=True, slots=True)
class Resync:
    """Notices were missed: whoever follows must fetch everything anew. ``position`` is where to go on."""

    position: int


class Changes(Protocol):
    """Changes of jobs, after a position or as they happen."""

    async def since(self, position: int, limit: int) -> Sequence[Notice] | Resync:
        """The latest notice of each job changed after ``position``, in order; or ``Resync`` if that is too much
        or too long ago to be complete."""
        ...

    def watch(self) -> AsyncIterator[Notice | Resync]:
        """Notices from now on, each after its write was durable. Ends when the store closes."""
        ...
