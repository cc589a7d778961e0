"""Bulk actions in a store (``core.bulk``)."""

from collections.abc import Sequence
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.bulk import BulkAction


class Bulk(Protocol):
    """Bulk actions. ``record``: an entry of the audit, written in the same transaction as the change."""

    async def save_bulk_action(self, action: BulkAction, record: AuditEntry | None = None) -> bool:
        """Write the action with ``rev`` + 1 if the stored ``rev`` is still ``action.rev``. A ``rev`` of 0 means a new
        action: it is written if none has its id or its ``key``, which never changes. Returns whether it was written.
        """
        ...

    async def get_bulk_action(self, action_id: str) -> BulkAction | None: ...

    async def bulk_action_of_key(self, key: str) -> BulkAction | None:
        """The action that was started with this idempotency key. A key is deleted together with its bulk action."""
        ...

    async def open_bulk_actions(self) -> Sequence[BulkAction]:
        """All actions that have not ended, by id. There are few (``acts.bulk.MAX_OPEN``)."""
        ...

    async def list_bulk_actions(self, limit: int, before: str | None = None) -> Sequence[BulkAction]:
        """Up to ``limit`` actions, newest id first; ``before``: the id after which the page starts."""
        ...

    async def prune_bulk_actions(self, ended_before: int, limit: int) -> int:
        """Delete up to ``limit`` actions that ended before ``ended_before``. Returns how many."""
        ...
