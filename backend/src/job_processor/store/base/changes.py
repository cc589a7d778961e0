"""The change stream of a store."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from job_processor.core.job import State


class Notice(msgspec.Struct, frozen=True, gc=False):
    """The news that a job changed. ``position`` orders notices, and a client resumes from it. ``state`` None: deleted.

    A hint, sent after the change is durable; read the job for its state.
    """

    position: int
    job_id: str
    state: State | None
    flow: str
    rev: int
    run_at: int


@dataclass(frozen=True, slots=True)
class Resync:
    """Notices were missed: read everything again, and continue from ``position``."""

    position: int


class Changes(Protocol):
    """Changes of jobs, after a position or as they happen."""

    async def since(self, position: int, limit: int) -> Sequence[Notice] | Resync:
        """The latest notice of each job that changed after ``position``, in order; or ``Resync`` if there are too
        many, or ``position`` is too old for a complete answer."""
        ...

    def watch(self) -> AsyncIterator[Notice | Resync]:
        """Notices from now on, each after its change is durable. Ends when the store closes."""
        ...
