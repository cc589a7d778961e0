"""API keys and the audit, for copies and backups.

Sessions stay behind: people sign in again. A key that the target has stays as it is there, because it may have been
revoked since.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from job_processor.core.access import ApiKey
from job_processor.core.audit import AuditEntry
from job_processor.core.errors import TransferFailed
from job_processor.store.base import AuditQuery, Store

BATCH = 200


async def entries(store: Store) -> AsyncIterator[Sequence[AuditEntry]]:
    """The whole audit, newest first, in pages by id."""
    before: str | None = None
    while page := await store.list_audit(AuditQuery(limit=BATCH, before=before)):
        yield page
        before = page[-1].id


async def write(target: Store, keys: Sequence[ApiKey], audit: Sequence[AuditEntry]) -> None:
    """Add the missing keys and entries. Raises ``TransferFailed`` if the target does not have all of them then."""
    for key in keys:
        await target.save_api_key(replace(key, rev=0))
    for start in range(0, len(audit), BATCH):
        await target.record(audit[start : start + BATCH])
    there = {key.id for key in await target.api_keys()}
    async for page in entries(target):
        there.update(entry.id for entry in page)
    if not there.issuperset([*(key.id for key in keys), *(entry.id for entry in audit)]):
        raise TransferFailed("API keys or entries of the audit are missing in the store.")
