"""The callback inbox of a store: callbacks that changed no job, kept as received (``core.inbox``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """Which kept callbacks to list, newest id first. ``None`` or empty: no condition.

    ``before``: the id after which the page starts. ``flows``: callbacks about jobs of these flows only. ``clip``:
    characters of the content to return.
    """

    limit: int = 50
    before: str | None = None
    job_id: str | None = None
    execution_id: str | None = None
    flows: frozenset[str] | None = None
    verdicts: frozenset[CallbackVerdict] = frozenset()
    clip: int = 4096


@dataclass(frozen=True, slots=True)
class CallbackSummary:
    """A kept callback in a list: its content may be clipped, its body is left out. The sizes are those of the
    whole, in bytes."""

    callback: Callback
    content_bytes: int
    body_bytes: int | None = None


class Callbacks(Protocol):
    """Kept callbacks."""

    async def keep_callback(self, callback: Callback, *, limited: bool = True) -> str | None:
        """Store a callback durably and return the id under which it is kept.

        If a kept callback has the same ``mark``, it is updated instead: ``deliveries``, ``last_at`` and, unless it was
        settled, its verdict. ``None``: not stored, because it is about a job (``is_about_a_job``) of which
        ``MAX_KEPT_PER_JOB`` are kept. Of callbacks without a job the oldest with the same verdict are deleted, so that
        at most ``MAX_KEPT_WITHOUT_JOB`` are kept.
        """
        ...

    async def get_callback(self, callback_id: str, flows: frozenset[str] | None = None) -> Callback | None:
        """The whole callback, or ``None``. ``flows``: only if it is about a job of these flows."""
        ...

    async def list_callbacks(self, query: InboxQuery) -> Sequence[CallbackSummary]:
        """Up to ``query.limit`` kept callbacks, newest id first; contents are clipped, bodies left out."""
        ...

    async def set_callback_verdict(
        self, callback_id: str, verdict: CallbackVerdict, job_id: str, job_flow: str | None = None
    ) -> None:
        """Record the verdict on a kept callback, and the job that it was for. ``job_flow``: ``None`` leaves it as
        stored."""
        ...

    async def reject_callback(self, callback_id: str, record: AuditEntry | None = None) -> bool:
        """Record the verdict REJECTED on a kept callback, and ``record`` with it. Returns ``False`` and writes nothing
        if there is no such callback, or its verdict is none of ``REJECTABLE_VERDICTS``."""
        ...

    async def count_callbacks(self, flows: frozenset[str] | None = None) -> Mapping[CallbackVerdict, int]:
        """How many callbacks are kept of each verdict; a verdict without callbacks has 0. Only the newest
        ``MAX_COUNTED`` of each verdict are read. ``flows``: only those about jobs of these."""
        ...

    async def prune_callbacks(self, last_before: int, limit: int) -> int:
        """Delete up to ``limit`` callbacks that were last received before ``last_before``. Returns how many."""
        ...
