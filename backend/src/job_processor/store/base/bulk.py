"""Bulk actions in a store (``core.bulk``)."""

from collections.abc import Sequence
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.bulk import BulkAction


class Bulk(Protocol):
    """Bulk actions. ``record``: an entry of the audit, written together with the change."""

    async def save_bulk_action(self, action: BulkAction, record: AuditEntry | None = None) -> bool:
        """Write it with ``rev`` + 1 if the stored ``rev`` is still ``action.rev``; 0: if there is none with this id,
        nor with its ``key``, which never changes. Returns whether it was written."""
        ...

    async def get_bulk_action(self, action_id: str) -> BulkAction | None: ...

    async def bulk_action_of_key(self, key: str) -> BulkAction | None:
        """The one that was started with this idempotency key. A key is deleted together with its bulk action."""
        ...

    async def open_bulk_actions(self) -> Sequence[BulkAction]:
        """All that have not ended, by id. There are few (``acts.bulk.MAX_OPEN``)."""
        ...

    async def list_bulk_actions(self, limit: int, before: str | None = None) -> Sequence[BulkAction]:
        """Up to ``limit``, newest id first; ``before``: the id after which the page starts."""
        ...

    async def prune_bulk_actions(self, ended_before: int, limit: int) -> int:
        """Delete up to ``limit`` that ended before then. Returns how many."""
        ...
