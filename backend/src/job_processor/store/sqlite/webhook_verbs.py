"""The methods of ``store.base`` for webhooks; they run in the reading and writing threads."""

from collections.abc import Callable, Sequence

from job_processor.core.audit import AuditEntry
from job_processor.core.webhooks import Delivery, Endpoint
from job_processor.store.base.webhooks import DeliveryQuery
from job_processor.store.sqlite import webhooks
from job_processor.store.sqlite.access_verbs import AccessVerbs
from job_processor.store.sqlite.audit import recorded


def _always(written: None) -> bool:
    return True


class WebhookVerbs(AccessVerbs):
    _now: Callable[[], int]
    """The clock, callable in any thread."""

    async def webhook_endpoints(self) -> Sequence[Endpoint]:
        return await self._open_readers.points.run(webhooks.webhook_endpoints)

    async def save_webhook_endpoint(self, endpoint: Endpoint, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(webhooks.save_webhook_endpoint(endpoint), record))

    async def delete_webhook_endpoint(self, endpoint_id: str, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(webhooks.delete_webhook_endpoint(endpoint_id), record))

    async def add_delivery(self, delivery: Delivery, record: AuditEntry | None = None) -> None:
        await self._open_writer.submit(recorded(webhooks.add_delivery(delivery), record, _always))

    async def relay_notices(self, limit: int) -> int:
        # Notices are stored as deliveries at once, so there is nothing to relay.
        return 0

    async def due_lanes(self, after: str, limit: int) -> Sequence[str]:
        return await self._open_readers.upkeep.run(webhooks.due_lanes(after, limit, self.now()))

    async def claim_deliveries(self, lane: str, limit: int, lease_ms: int) -> Sequence[Delivery]:
        return await self._open_writer.submit(webhooks.claim_deliveries(lane, limit, lease_ms, self._now))

    async def save_delivery(self, delivery: Delivery, record: AuditEntry | None = None) -> bool:
        return await self._open_writer.submit(recorded(webhooks.save_delivery(delivery), record))

    async def get_delivery(self, delivery_id: str, flows: frozenset[str] | None = None) -> Delivery | None:
        return await self._open_readers.points.run(webhooks.get_delivery(delivery_id, flows))

    async def list_deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        return await self._open_readers.lists.run(webhooks.list_deliveries(query))

    async def prune_deliveries(self, settled_before: int, limit: int) -> int:
        return await self._open_writer.submit(webhooks.prune_deliveries(settled_before, limit))
