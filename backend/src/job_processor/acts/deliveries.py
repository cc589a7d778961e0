"""Deliveries of webhooks: claimed, tried, settled, replayed, deleted after their retention time."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from job_processor.acts.facts import DeliveriesDue, DeliveryTried, Facts
from job_processor.acts.trail import Trail
from job_processor.acts.webhook_endpoints import WebhookEndpoints
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.audit import AuditAct
from job_processor.core.errors import DeliveryNotFound, EndpointNotFound, StoreUnavailable
from job_processor.core.redaction import Redactor
from job_processor.core.webhooks import (
    MAX_ANSWER_CHARACTERS,
    Delivery,
    DeliveryState,
    Try,
    after_try,
    given_up,
    replayed,
)
from job_processor.store.base import Store

LEASE_MS = 45_000
"""Lease of one try, longer than its timeout. After it another worker may send the delivery."""
TRIES = 20


class Deliveries:
    def __init__(
        self,
        store: Store,
        endpoints: WebhookEndpoints,
        trail: Trail,
        facts: Facts,
        redactor: Redactor,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._endpoints = endpoints
        self._trail = trail
        self._facts = facts
        self._redactor = redactor
        self._jitter = jitter

    async def relay(self, limit: int) -> int:
        """Make notices claimable that were stored with their jobs; returns how many jobs had some."""
        return await self._store.relay_notices(limit)

    async def claim(self, lane: str, limit: int) -> Sequence[Delivery]:
        """Due deliveries of a lane, for this worker alone for ``LEASE_MS``."""
        return await self._store.claim_deliveries(lane, limit, LEASE_MS)

    async def addressed(self, delivery: Delivery) -> tuple[Delivery, str | None]:
        """The delivery with the URL that its endpoint has now, and why it must not be sent; ``None``: it may."""
        if delivery.endpoint_id is None:
            return delivery, None
        try:
            endpoint = await self._endpoints.cached(delivery.endpoint_id)
        except EndpointNotFound:
            return delivery, "The endpoint was deleted."
        why = None if endpoint.disabled_at is None else "The endpoint is disabled."
        return replace(delivery, url=endpoint.url), why

    async def give_up(self, delivery: Delivery, why: str) -> None:
        if await self._store.save_delivery(given_up(delivery, why, self._store.now())):
            self._facts.tell(DeliveryTried("given_up"))

    async def tried(self, delivery: Delivery, done: Try, retry_at: int | None) -> Delivery:
        """Record a try. If its lease was lost nothing is recorded: another worker sends the delivery again."""
        shown = replace(
            done,
            answer=self._redactor.text(done.answer)[:MAX_ANSWER_CHARACTERS],
            error=self._redactor.maybe(done.error),
        )
        after = after_try(delivery, shown, retry_at, self._store.now(), self._jitter())
        if await self._store.save_delivery(after):
            gave_up = after.state is DeliveryState.FAILED
            self._facts.tell(DeliveryTried("delivered" if done.delivered else "given_up" if gave_up else "failed"))
        if delivery.endpoint_id is not None:
            await self._endpoints.tried(delivery.endpoint_id, shown)
        return after

    async def replay(self, delivery_id: str, by: Requester = SYSTEM) -> Delivery:
        """Send a delivery again, now: the same id and body. Raises ``DeliveryNotFound``."""
        for _ in range(TRIES):
            old = await self._store.get_delivery(delivery_id, by.principal.flows)
            if old is None:
                raise DeliveryNotFound(delivery_id)
            new = replayed(old, self._store.now())
            record = self._trail.entry(by, AuditAct.DELIVERY_REPLAYED, delivery_id)
            if await self._store.save_delivery(new, record):
                self._facts.tell(DeliveriesDue())
                return replace(new, rev=new.rev + 1)
        raise StoreUnavailable("The delivery changes faster than it can be written.")

    async def prune(self, settled_before: int, limit: int) -> int:
        return await self._store.prune_deliveries(settled_before, limit)
