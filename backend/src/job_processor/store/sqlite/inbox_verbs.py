"""The methods of ``store.base`` for kept callbacks; they run in the reading and writing threads."""

from collections.abc import Mapping, Sequence

from job_processor.core.audit import AuditEntry
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.inbox import Callback
from job_processor.store.base import CallbackSummary, InboxQuery
from job_processor.store.sqlite import inbox
from job_processor.store.sqlite.access_verbs import AccessVerbs
from job_processor.store.sqlite.audit import recorded


class InboxVerbs(AccessVerbs):
    async def keep_callback(self, callback: Callback, *, limited: bool = True) -> str | None:
        return await self._open_writer.submit(inbox.keep_callback(callback, limited))

    async def get_callback(self, callback_id: str, flows: frozenset[str] | None = None) -> Callback | None:
        return await self._open_readers.points.run(inbox.get_callback(callback_id, flows))

    async def list_callbacks(self, query: InboxQuery) -> Sequence[CallbackSummary]:
        return await self._open_readers.lists.run(inbox.list_callbacks(query))

    async def set_callback_verdict(
        self, callback_id: str, verdict: CallbackVerdict, job_id: str, job_flow: str | None = None
    ) -> None:
        await self._open_writer.submit(inbox.set_callback_verdict(callback_id, verdict, job_id, job_flow))

    async def reject_callback(self, callback_id: str, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(inbox.reject_callback(callback_id), record))

    async def count_callbacks(self, flows: frozenset[str] | None = None) -> Mapping[CallbackVerdict, int]:
        return await self._open_readers.lists.run(inbox.count_callbacks(flows))

    async def prune_callbacks(self, last_before: int, limit: int) -> int:
        return await self._open_writer.submit(inbox.prune_callbacks(last_before, limit))
