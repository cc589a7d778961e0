"""Sends due webhooks. Each receiver has its own lane with a low concurrency limit, so that a receiver that does not
answer delays no other. A failing lane gets one request at a time, and all failing lanes together half of all."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from job_processor import tasks
from job_processor.acts import Acts
from job_processor.acts.facts import DeliveriesDue
from job_processor.core.errors import EndpointNotFound, StoreUnavailable
from job_processor.core.webhooks import MAX_RETRY_AFTER_MS, Delivery, Try
from job_processor.failpoints import failpoint
from job_processor.outgoing.notices import NoticeSender
from job_processor.store.base import Store
from job_processor.workers.loop import Loop

log = structlog.get_logger(__name__)
POLL_SECONDS = 1.0
MAX_REQUESTS = 64
"""Maximum number of concurrent requests."""
MAX_PER_LANE = 4
MAX_FOR_FAILING = 32
LANES = 100
"""Maximum number of lanes in one tick; the next tick goes on after them."""
MAX_FAILING_LANES = 10_000
"""Maximum number of failing lanes that are remembered, because submitters may name any number of receivers. A lane that
is forgotten gets a few requests at a time again."""
RELAYED = 100
DRAIN_SECONDS = 2.0
UNREADABLE = "No secret can sign it: WEBHOOK_SECRET was changed without WEBHOOK_SECRET_PREVIOUS. Rotate the secret."
NOT_SENT = "It could not be sent because of a fault of this server, which its log describes."


class _Failed(NamedTuple):
    """A failed try. ``pause_until``: until when the receiver asked for a pause (ms since 1970); 0: no pause."""

    pause_until: int
    endpoint_id: str | None
    url: str


class Deliverer(Loop):
    name = "deliverer"

    def __init__(self, acts: Acts, store: Store, sender: NoticeSender) -> None:
        super().__init__()
        self._acts = acts
        self._store = store
        self._sender = sender
        self._after = ""
        self._running: dict[asyncio.Task[None], str] = {}
        self._failing: OrderedDict[str, _Failed] = OrderedDict()
        """The last try of each lane, if it failed."""
        self._opened = False
        acts.facts.subscribe_to(DeliveriesDue, lambda _: self.wake())

    async def tick(self) -> float:
        if not self._opened:
            await self._sender.open()
            self._opened = True
            await self._acts.webhooks.seal_again()
        relayed = await self._acts.deliveries.relay(RELAYED)
        free = MAX_REQUESTS - len(self._running)
        if free <= 0:
            return POLL_SECONDS
        lanes = await self._store.due_lanes(self._after, LANES)
        self._after = lanes[-1] if len(lanes) == LANES else ""
        started = 0
        for lane in lanes:
            limit = min(await self._free_of(lane), free - started)
            if limit > 0:
                for delivery in await self._acts.deliveries.claim(lane, limit):
                    self._start(delivery)
                    started += 1
        return 0 if relayed == RELAYED or len(lanes) == LANES else POLL_SECONDS

    async def _free_of(self, lane: str) -> int:
        """How many more requests the lane may start now."""
        failed = self._failing.get(lane)
        if failed is not None and await self._has_changed(failed) and self._failing.get(lane) is failed:
            del self._failing[lane]
        failed = self._failing.get(lane)
        busy = Counter(self._running.values())
        if failed is None:
            return MAX_PER_LANE - busy[lane]
        if failed.pause_until > self._store.now():
            return 0
        if sum(n for one, n in busy.items() if one in self._failing) >= MAX_FOR_FAILING:
            return 0
        return 1 - busy[lane]

    async def _has_changed(self, failed: _Failed) -> bool:
        """Whether the endpoint has another receiver now, or none: then no pause is kept."""
        if failed.endpoint_id is None:
            return False
        try:
            endpoint = await self._acts.webhooks.cached(failed.endpoint_id)
        except EndpointNotFound:
            return True
        return endpoint.url != failed.url or endpoint.disabled_at is not None

    async def stopped(self) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
            # The deliveries' leases end, and they are sent again.
            await tasks.end(*late)
        await self._sender.close()

    def _start(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery), name="webhook")
        self._running[task] = delivery.lane
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # Its lane may have more due deliveries.
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("webhook_failed", exc_info=error)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._try(delivery)
        except StoreUnavailable as error:
            # The delivery's lease ends, and it is sent again.
            log.warning("webhook_waits_for_store", delivery=delivery.id, reason=str(error))

    async def _try(self, delivery: Delivery) -> None:
        deliveries = self._acts.deliveries
        delivery, why = await deliveries.addressed(delivery)
        try:
            secrets = await self._acts.webhooks.secrets_of(delivery)
        except EndpointNotFound:
            secrets = ()
        if why is None and not secrets:
            why = UNREADABLE
        if why is not None:
            await deliveries.give_up(delivery, why)
            return
        failpoint("webhook.before_send")
        done, retry_at = await self._send(delivery, secrets)
        failpoint("webhook.after_send")
        self._learn(delivery, delivered=done.delivered, retry_at=retry_at)
        await deliveries.tried(delivery, done, retry_at)
        failpoint("webhook.after_record")

    async def _send(self, delivery: Delivery, secrets: Sequence[str]) -> tuple[Try, int | None]:
        try:
            return await self._sender.send(delivery, secrets)
        except Exception:
            # This counts as a failed try, so that a delivery that fails each time ends too.
            log.exception("webhook_not_sent", delivery=delivery.id)
            return Try(self._store.now(), 0, error=NOT_SENT), None

    def _learn(self, delivery: Delivery, *, delivered: bool, retry_at: int | None) -> None:
        self._failing.pop(delivery.lane, None)
        if delivered:
            return
        until = min(retry_at or 0, self._store.now() + MAX_RETRY_AFTER_MS)
        self._failing[delivery.lane] = _Failed(until, delivery.endpoint_id, delivery.url)
        if len(self._failing) > MAX_FAILING_LANES:
            self._failing.popitem(last=False)
