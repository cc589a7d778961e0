"""The methods of ``store.base`` for keys, sessions, permits, the audit and bulk actions; they run in the reading and
writing threads."""

from collections.abc import Collection, Mapping, Sequence

from job_processor.core.access import ApiKey, Session
from job_processor.core.audit import AuditEntry
from job_processor.core.bulk import BulkAction
from job_processor.core.errors import StoreUnavailable
from job_processor.core.permits import Grant
from job_processor.store.base import AuditQuery
from job_processor.store.permit_table import PermitTable
from job_processor.store.sqlite import access, audit, bulk
from job_processor.store.sqlite.audit import recorded
from job_processor.store.sqlite.readers import Readers
from job_processor.store.sqlite.writer import Writer


def _always(written: None) -> bool:
    return True


class AccessVerbs:
    def __init__(self) -> None:
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._permits = PermitTable()

    def now(self) -> int:
        raise NotImplementedError

    async def take_permits(self, name: str, limit: int, wanted: int) -> Grant:
        # Only one process uses the file, so permits are kept in memory.
        return self._permits.take(name, self.now(), limit, wanted)

    async def api_keys(self) -> Sequence[ApiKey]:
        return await self._open_readers.points.run(access.api_keys)

    async def save_api_key(self, key: ApiKey, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(access.save_api_key(key), record))

    async def mark_keys_used(self, times: Mapping[str, int]) -> None:
        await self._open_writer.submit(access.mark_keys_used(times))

    async def prune_api_keys(self, ended_before: int) -> int:
        return await self._open_writer.submit(access.prune_api_keys(ended_before))

    async def add_session(self, session: Session, record: AuditEntry | None = None) -> None:
        await self._open_writer.submit(recorded(access.add_session(session), record, _always))

    async def sessions(self, ids: Collection[str]) -> Sequence[Session]:
        return await self._open_readers.points.run(access.sessions(ids))

    async def sessions_of(self, whose: str | None = None, limit: int = 200) -> Sequence[Session]:
        return await self._open_readers.lists.run(access.sessions_of(whose, limit))

    async def mark_sessions_seen(self, times: Mapping[str, int]) -> None:
        await self._open_writer.submit(access.mark_sessions_seen(times))

    async def end_sessions(self, ids: Collection[str], record: AuditEntry | None = None) -> None:
        await self._open_writer.submit(recorded(access.end_sessions(ids), record, _always))

    async def prune_sessions(self, seen_before: int, now: int) -> int:
        return await self._open_writer.submit(access.prune_sessions(seen_before, now))

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        await self._open_writer.submit(audit.record(entries))

    async def list_audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        return await self._open_readers.lists.run(audit.list_audit(query))

    async def prune_audit(self, before: int, limit: int) -> int:
        return await self._open_writer.submit(audit.prune_audit(before, limit))

    async def save_bulk_action(self, action: BulkAction, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(bulk.save_bulk_action(action), record))

    async def get_bulk_action(self, action_id: str) -> BulkAction | None:
        return await self._open_readers.points.run(bulk.get_bulk_action(action_id))

    async def bulk_action_of_key(self, key: str) -> BulkAction | None:
        return await self._open_readers.points.run(bulk.bulk_action_of_key(key))

    async def open_bulk_actions(self) -> Sequence[BulkAction]:
        return await self._open_readers.points.run(bulk.open_bulk_actions)

    async def list_bulk_actions(self, limit: int, before: str | None = None) -> Sequence[BulkAction]:
        return await self._open_readers.lists.run(bulk.list_bulk_actions(limit, before))

    async def prune_bulk_actions(self, ended_before: int, limit: int) -> int:
        return await self._open_writer.submit(bulk.prune_bulk_actions(ended_before, limit))

    @property
    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise StoreUnavailable("The store is closed.")
        return self._writer

    @property
    def _open_readers(self) -> Readers:
        if self._readers is None:
            raise StoreUnavailable("The store is closed.")
        return self._readers
