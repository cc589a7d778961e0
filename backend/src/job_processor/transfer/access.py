"""Copies and backups of API keys, webhook endpoints, the audit and the series.

Sessions are not copied; people sign in again. Deliveries are not copied either, because a restore would repeat those
that were sent since. Keys, endpoints and rows of the series that exist in the target are not overwritten, because they
may be newer: revoked, rotated, or with higher counts.
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
    """All rows of the series, in pages by id. Pending counts are rolled up first."""
    while await store.roll_up_series(BATCH):
        pass
    after = ""
    while page := await store.list_series(after, BATCH):
        yield page
        after = page[-1].id


async def write_keys(target: Store, keys: Sequence[ApiKey]) -> None:
    """Add the keys that the store does not have."""
    for key in keys:
        await target.save_api_key(replace(key, rev=0))


async def write_endpoints(target: Store, endpoints: Sequence[Endpoint]) -> None:
    """Add the endpoints that the store does not have, with their encrypted secrets."""
    for endpoint in endpoints:
        await target.save_webhook_endpoint(replace(endpoint, rev=0))


async def check(target: Store, wanted: Set[str]) -> None:
    """Raise ``TransferFailed`` unless the store has the keys, endpoints and entries with these ids."""
    missing = wanted - {key.id for key in await target.api_keys()}
    missing -= {endpoint.id for endpoint in await target.webhook_endpoints()}
    async for page in entries(target):
        missing -= {entry.id for entry in page}
    if missing:
        raise TransferFailed("API keys, endpoints of webhooks or entries of the audit are missing in the store.")
