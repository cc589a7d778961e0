"""Endpoints of outgoing webhooks, and their deliveries (``core.webhooks``).

``Jobs.apply`` and ``Batches.end_batch`` store the deliveries of an end in the same write. Here they are claimed,
settled, listed and pruned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from job_processor.core.audit import AuditEntry
from job_processor.core.webhooks import Delivery, DeliveryState, Endpoint


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which deliveries to list, newest id first. ``None`` or empty: no condition.

    ``before``: the id after which the page starts. ``flows``: of jobs of these flows only.
    """

    limit: int = 50
    before: str | None = None
    job_id: str | None = None
    endpoint_id: str | None = None
    states: frozenset[DeliveryState] = frozenset()
    flows: frozenset[str] | None = None


class Webhooks(Protocol):
    async def webhook_endpoints(self) -> Sequence[Endpoint]:
        """All endpoints, by id. There are few (``acts.webhook_endpoints.MAX_ENDPOINTS``)."""
        ...

    async def save_webhook_endpoint(self, endpoint: Endpoint, record: AuditEntry | None = None) -> bool:
        """Write the endpoint with ``rev`` + 1 if the stored ``rev`` is still ``endpoint.rev``; 0: if none has this id.

        Returns whether it was written.
        """
        ...

    async def delete_webhook_endpoint(self, endpoint_id: str, record: AuditEntry | None = None) -> bool:
        """Delete the endpoint; its deliveries stay. Returns whether it existed."""
        ...

    async def add_delivery(self, delivery: Delivery, record: AuditEntry | None = None) -> None:
        """Store a delivery that belongs to no move of a job. A delivery whose id is stored already changes nothing."""
        ...

    async def relay_notices(self, limit: int) -> int:
        """Turn up to ``limit`` notices that were stored with the end of a job or batch into deliveries; returns how
        many. May be repeated.

        0 in a store that stores them as deliveries at once.
        """
        ...

    async def due_lanes(self, after: str, limit: int) -> Sequence[str]:
        """Up to ``limit`` lanes that sort after ``after`` and have a due delivery, in order."""
        ...

    async def claim_deliveries(self, lane: str, limit: int, lease_ms: int) -> Sequence[Delivery]:
        """Up to ``limit`` due deliveries of a lane, longest due first, for this caller alone until the lease ends.

        Each has a new ``rev``, and a ``next_at`` at the end of the lease. A store for a single process ends the leases
        of a crashed one when it is opened.
        """
        ...

    async def save_delivery(self, delivery: Delivery, record: AuditEntry | None = None) -> bool:
        """Write the delivery, but not its body, with ``rev`` + 1 if the stored ``rev`` is still ``delivery.rev``."""
        ...

    async def get_delivery(self, delivery_id: str, flows: frozenset[str] | None = None) -> Delivery | None:
        """The whole delivery, or ``None``. ``flows``: only one about a job of these."""
        ...

    async def list_deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        """Up to ``query.limit`` deliveries, newest id first, without their bodies."""
        ...

    async def prune_deliveries(self, settled_before: int, limit: int) -> int:
        """Delete up to ``limit`` deliveries that were settled before then. Returns how many."""
        ...
