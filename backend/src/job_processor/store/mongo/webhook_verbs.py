"""The methods of ``store.base`` for webhooks; each calls the module that does it."""

from collections.abc import Sequence
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.webhooks import Delivery, Endpoint
from job_processor.store.base.webhooks import DeliveryQuery
from job_processor.store.mongo.access_verbs import AccessVerbs, Parts
from job_processor.store.mongo.webhooks import Webhooks, document


class WebhookParts(Parts, Protocol):
    webhooks: Webhooks


def _always(written: None) -> bool:
    return True


class WebhookVerbs(AccessVerbs):
    @property
    def _open(self) -> WebhookParts:
        raise NotImplementedError

    async def webhook_endpoints(self) -> Sequence[Endpoint]:
        return await self._open.webhooks.webhook_endpoints()

    async def save_webhook_endpoint(self, endpoint: Endpoint, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.webhooks.save_webhook_endpoint(endpoint))

    async def delete_webhook_endpoint(self, endpoint_id: str, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.webhooks.delete_webhook_endpoint(endpoint_id))

    async def add_delivery(self, delivery: Delivery, record: AuditEntry | None = None) -> None:
        parts = self._open
        await parts.audit.around(record, lambda: parts.webhooks.insert([document(delivery)]), _always)

    async def relay_notices(self, limit: int) -> int:
        return await self._open.webhooks.relay_notices(limit)

    async def due_lanes(self, after: str, limit: int) -> Sequence[str]:
        return await self._open.webhooks.due_lanes(after, limit)

    async def claim_deliveries(self, lane: str, limit: int, lease_ms: int) -> Sequence[Delivery]:
        return await self._open.webhooks.claim_deliveries(lane, limit, lease_ms)

    async def save_delivery(self, delivery: Delivery, record: AuditEntry | None = None) -> bool:
        parts = self._open
        return await parts.audit.around(record, lambda: parts.webhooks.save_delivery(delivery))

    async def get_delivery(self, delivery_id: str, flows: frozenset[str] | None = None) -> Delivery | None:
        return await self._open.webhooks.get_delivery(delivery_id, flows)

    async def list_deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        return await self._open.webhooks.list_deliveries(query)

    async def prune_deliveries(self, settled_before: int, limit: int) -> int:
        return await self._open.webhooks.prune_deliveries(settled_before, limit)
