"""API keys, endpoints of webhooks, the audit and the series, for copies and backups.

Sessions stay behind: people sign in again. A key or an endpoint that the target has stays as it is there, because it
may have been revoked or rotated since. Deliveries stay behind too: a backup would send again what was delivered since.
A row of the series that the target has stays too: it may have counted more since.
"""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import replace

from job_processor.core.access import ApiKey
from job_processor.core.audit import AuditEntry
from job_processor.core.errors import TransferFailed
from job_processor.core.series_rows import Row
from job_processor.core.webhooks import Endpoint
from job_processor.store.base import AuditQuery, Store

BATCH = 200


async def entries(store: Store) -> AsyncIterator[Sequence[AuditEntry]]:
    """The whole audit, newest first, in pages by id."""
    before: str | None = None
    while page := await store.list_audit(AuditQuery(limit=BATCH, before=before)):
        yield page
        before = page[-1].id


async def series(store: Store) -> AsyncIterator[Sequence[Row]]:
    """All rows of the series, in pages by id, after what was counted is rolled up."""
    while await store.roll_up_series(BATCH):
        pass
    after = ""
    while page := await store.list_series(after, BATCH):
        yield page
        after = page[-1].id


async def write_keys(target: Store, keys: Sequence[ApiKey]) -> None:
    """Add the missing ones."""
    for key in keys:
        await target.save_api_key(replace(key, rev=0))


async def write_endpoints(target: Store, endpoints: Sequence[Endpoint]) -> None:
    """Add the missing ones, with their sealed secrets."""
    for endpoint in endpoints:
        await target.save_webhook_endpoint(replace(endpoint, rev=0))


async def check(target: Store, wanted: Set[str]) -> None:
    """Raises ``TransferFailed`` unless the store has the keys, endpoints and entries of these ids."""
    missing = wanted - {key.id for key in await target.api_keys()}
    missing -= {endpoint.id for endpoint in await target.webhook_endpoints()}
    async for page in entries(target):
        missing -= {entry.id for entry in page}
    if missing:
        raise TransferFailed("API keys, endpoints of webhooks or entries of the audit are missing in the store.")
