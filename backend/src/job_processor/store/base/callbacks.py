"""What a store does with callbacks that changed nothing and are kept (``core.inbox``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.callbacks import Answer
from job_processor.core.inbox import Callback


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """Which kept callbacks to list, newest id first. ``None`` or empty: no such limit.

    ``before`` is the id after which the page starts; ``clip`` the number of characters of content to bring along.
    """

    limit: int = 50
    before: str | None = None
    job_id: str | None = None
    execution_id: str | None = None
    verdicts: frozenset[Answer] = frozenset()
    clip: int = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """A callback of a list: its content may be clipped, its body is left out; the sizes are of the whole, in bytes."""

    callback: Callback
    content_bytes: int
    body_bytes: int | None = None


class Callbacks(Protocol):
    """Kept callbacks."""

    async def keep(self, callback: Callback, *, limited: bool = True) -> str | None:
        """Store a callback durably. One of the same ``mark`` is counted once more instead: ``deliveries``,
        ``last_at``, and its verdict if that was not settled. Returns the id under which it is kept.

        ``None``: it is of a job (``is_of_a_job``) of which ``KEPT_OF_A_JOB`` are kept already, and was not. Of others
        the oldest of the same verdict go, so that no more than ``KEPT_WITHOUT_A_JOB`` are there.
        """
        ...

    async def kept(self, callback_id: str) -> Callback | None:
        """The whole callback, or ``None``."""
        ...

    async def inbox(self, query: InboxQuery) -> Sequence[Kept]:
        """Up to ``query.limit`` kept callbacks, newest id first; contents are clipped, bodies left out."""
        ...

    async def settle(self, callback_id: str, verdict: Answer, job_id: str) -> None:
        """Write down what came of a kept callback, and of which job."""
        ...

    async def forget(self, last_before: int, limit: int) -> int:
        """Delete up to ``limit`` kept callbacks that last came before then; returns how many."""
        ...
