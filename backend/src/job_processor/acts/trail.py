"""Entries of the audit for acts that a person or program requested."""

from job_processor.core.access import PrincipalKind, Requester
from job_processor.core.audit import AuditAct, AuditEntry, AuditOutcome, entry_of
from job_processor.core.ids import IdFactory
from job_processor.store.base import Store


class Trail:
    def __init__(self, store: Store, ids: IdFactory) -> None:
        self._store = store
        self._ids = ids

    def entry(
        self,
        by: Requester,
        act: AuditAct,
        what: str,
        detail: str | None = None,
        outcome: AuditOutcome = AuditOutcome.DONE,
    ) -> AuditEntry | None:
        """The entry to store together with the act; ``None`` for an act of the product itself, which has no entry."""
        if by.principal.kind is PrincipalKind.SYSTEM:
            return None
        now = self._store.now()
        return entry_of(by, self._ids.new(now), now, act, what, detail, outcome)

    async def prune(self, before: int, limit: int) -> int:
        """Delete up to ``limit`` entries from before then (milliseconds since 1970); returns how many."""
        return await self._store.prune_audit(before, limit)
