"""API keys and sessions in a store (``core.access``)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from job_processor.core.access import ApiKey, Session
from job_processor.core.audit import AuditEntry


class Access(Protocol):
    """API keys and sessions. ``record``: an entry of the audit, written in the same transaction as the change."""

    async def api_keys(self) -> Sequence[ApiKey]:
        """All keys, valid or not, by id. There are few (``acts.api_keys.MAX_KEYS``)."""
        ...

    async def save_api_key(self, key: ApiKey, record: AuditEntry | None = None) -> bool:
        """Write the key with ``rev`` + 1 if the stored ``rev`` is still ``key.rev``; 0: if no key has this id.

        ``last_used_at`` is only written with a new key. Returns whether it was written.
        """
        ...

    async def mark_keys_used(self, times: Mapping[str, int]) -> None:
        """Set ``last_used_at`` of these keys, by id, unless a later time is stored."""
        ...

    async def prune_api_keys(self, ended_before: int) -> int:
        """Delete the keys that were revoked or expired before then. Returns how many."""
        ...

    async def add_session(self, session: Session, record: AuditEntry | None = None) -> None: ...

    async def sessions(self, ids: Collection[str]) -> Sequence[Session]:
        """Which of these sessions exist."""
        ...

    async def sessions_of(self, whose: str | None = None, limit: int = 200) -> Sequence[Session]:
        """The newest sessions of a key or person; ``None``: of all."""
        ...

    async def mark_sessions_seen(self, times: Mapping[str, int]) -> None:
        """Set ``seen_at`` of these sessions, by id, unless a later time is stored."""
        ...

    async def end_sessions(self, ids: Collection[str], record: AuditEntry | None = None) -> None:
        """Delete these sessions."""
        ...

    async def prune_sessions(self, seen_before: int, now: int) -> int:
        """Delete the sessions that expired before ``now`` or were last used before then. Returns how many."""
        ...
