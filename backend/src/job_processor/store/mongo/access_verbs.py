"""The methods of ``store.base`` for keys, sessions, permits, the audit and bulk actions; each calls the module that
does it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from job_processor.core.access import ApiKey, Session
from job_processor.core.audit import AuditEntry
from job_processor.core.bulk import BulkAction
from job_processor.core.permits import Grant
from job_processor.store.base import AuditQuery
from job_processor.store.mongo.access import Access
from job_processor.store.mongo.audit import Audit
from job_processor.store.mongo.bulk import Bulk
from job_processor.store.mongo.permits import Permits


class Parts(Protocol):
    access: Access
    audit: Audit
    permits: Permits
    bulk: Bulk


def _always(written: None) -> bool:
    return True


class AccessVerbs:
    @property
    def _open(self) -> Parts:
        raise NotImplementedError

    def now(self) -> int:
        raise NotImplementedError

    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        return await self._open.permits.take(name, self.now(), limit, wanted)

    async def api_keys(self) -> Sequence[ApiKey]:
        return await self._open.access.api_keys()

    async def save_api_key(self, key: ApiKey, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.access.save_api_key(key))

    async def mark_keys_used(self, times: Mapping[str, int]) -> None:
        await self._open.access.mark_keys_used(times)

    async def prune_api_keys(self, ended_before: int) -> int:
        return await self._open.access.prune_api_keys(ended_before)

    async def add_session(self, session: Session, record: AuditEntry | None = None) -> None:
        parts = self._open
        await parts.audit.around(record, lambda: parts.access.add_session(session), _always)

    async def sessions(self, ids: Collection[str]) -> Sequence[Session]:
        return await self._open.access.sessions(ids)

    async def sessions_of(self, whose: str | None = None, limit: int = 200) -> Sequence[Session]:
        return await self._open.access.sessions_of(whose, limit)

    async def mark_sessions_seen(self, times: Mapping[str, int]) -> None:
        await self._open.access.mark_sessions_seen(times)

    async def end_sessions(self, ids: Collection[str], record: AuditEntry | None = None) -> None:
        parts = self._open
        await parts.audit.around(record, lambda: parts.access.end_sessions(ids), _always)

    async def prune_sessions(self, seen_before: int, now: int) -> int:
        return await self._open.access.prune_sessions(seen_before, now)

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        await self._open.audit.record(entries)

    async def list_audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        return await self._open.audit.list(query)

    async def prune_audit(self, before: int, limit: int) -> int:
        return await self._open.audit.prune(before, limit)

    async def save_bulk_action(self, action: BulkAction, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.bulk.save_bulk_action(action))

    async def get_bulk_action(self, action_id: str) -> BulkAction | None:
        return await self._open.bulk.get_bulk_action(action_id)

    async def bulk_action_of_key(self, key: str) -> BulkAction | None:
        return await self._open.bulk.bulk_action_of_key(key)

    async def open_bulk_actions(self) -> Sequence[BulkAction]:
        return await self._open.bulk.open_bulk_actions()

    async def list_bulk_actions(self, limit: int, before: str | None = None) -> Sequence[BulkAction]:
        return await self._open.bulk.list_bulk_actions(limit, before)

    async def prune_bulk_actions(self, ended_before: int, limit: int) -> int:
        return await self._open.bulk.prune_bulk_actions(ended_before, limit)
