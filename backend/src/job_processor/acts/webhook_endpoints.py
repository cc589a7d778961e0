"""The acts on standing endpoints of webhooks (make, change, delete), and which notices the end of a job makes.

The endpoints are cached, because each end of a job needs them. If other processes may change them, the cache is
refreshed when it is older than ``FRESH_MS``: a change takes effect everywhere within that time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog
from msgspec import structs

from job_processor.acts.facts import DeliveriesDue, EndpointDisabled, Facts
from job_processor.acts.trail import Trail
from job_processor.core.access import SYSTEM, Requester
from job_processor.core.audit import AuditAct
from job_processor.core.errors import EndpointNotFound, MoveRefused, StoreUnavailable
from job_processor.core.ids import IdFactory
from job_processor.core.job import Job, WebhookEvent
from job_processor.core.transitions import Change
from job_processor.core.webhook_signature import new_secret
from job_processor.core.webhooks import (
    Delivery,
    DisabledBecause,
    Endpoint,
    EndpointSecret,
    Try,
    ended_with,
    endpoint_after,
    notices,
    test_notice,
)
from job_processor.store.base import Store
from job_processor.webhook_secrets import WebhookSecrets

log = structlog.get_logger(__name__)
MAX_ENDPOINTS = 200
"""All of them are in the memory of every process, and each end of a job is compared with all."""
MAX_SECRETS = 5
"""Maximum number of secrets of an endpoint that sign at the same time: each adds a signature to a header."""
FRESH_MS = 2_000
TRIES = 20


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint as it was requested; its URL was checked."""

    url: str
    events: tuple[WebhookEvent, ...]
    flows: tuple[str, ...] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    """An endpoint and its new secret, which is shown once."""

    endpoint: Endpoint
    secret: str


class WebhookEndpoints:
    def __init__(self, store: Store, trail: Trail, facts: Facts, ids: IdFactory, sealing: WebhookSecrets) -> None:
        self._store = store
        self._shared = store.info.shared
        self._trail = trail
        self._facts = facts
        self._ids = ids
        self._sealing = sealing
        self._known: Sequence[Endpoint] | None = None
        self._read_at = 0
        self._changes = 0
        """Number of changes by this process; a read that began before the last change is not cached."""

    async def with_notices(self, before: Job, change: Change) -> Change:
        """The change, with the notices that it makes. Most changes end no job and cost nothing here."""
        event = ended_with(before, change.job)
        if event is None:
            return change
        endpoints = await self._fresh()
        if change.job.webhook is None and not endpoints:
            return change
        made = notices(change.job, event, endpoints, lambda: self._ids.new(change.job.updated_at))
        return structs.replace(change, notices=tuple(made)) if made else change

    async def all(self) -> Sequence[Endpoint]:
        """All endpoints, the newest first."""
        return sorted(await self._read(), key=lambda one: (one.created_at, one.id), reverse=True)

    async def get(self, endpoint_id: str) -> Endpoint:
        """Raises ``EndpointNotFound``."""
        for one in await self._read():
            if one.id == endpoint_id:
                return one
        raise EndpointNotFound(endpoint_id)

    async def create(self, new: NewEndpoint, by: Requester = SYSTEM) -> MadeEndpoint:
        """Raises ``MoveRefused`` when there are ``MAX_ENDPOINTS``."""
        if len(await self._read()) >= MAX_ENDPOINTS:
            raise MoveRefused(f"There are {MAX_ENDPOINTS} endpoints; delete one first.")
        now, secret = self._store.now(), new_secret()
        endpoint_id = self._ids.new(now)
        endpoint = Endpoint(
            id=endpoint_id,
            rev=0,
            url=new.url,
            events=new.events,
            flows=new.flows,
            description=new.description,
            created_at=now,
            created_by=by.principal.id or by.principal.kind.value,
            secrets=(EndpointSecret(self._sealing.seal(secret, endpoint_id)),),
        )
        record = self._trail.entry(by, AuditAct.ENDPOINT_CREATED, endpoint_id)
        if not await self._store.save_webhook_endpoint(endpoint, record):
            raise StoreUnavailable("No free id was found for an endpoint.")
        self._forget()
        return MadeEndpoint(replace(endpoint, rev=1), secret)

    async def change(self, endpoint_id: str, new: NewEndpoint, by: Requester = SYSTEM) -> Endpoint:
        """Change an endpoint: it gets notices of later ends as ``new`` says, and pending or replayed deliveries go to
        the new URL. Its secrets stay. Raises ``EndpointNotFound``."""

        def change(old: Endpoint) -> Endpoint:
            return replace(old, url=new.url, events=new.events, flows=new.flows, description=new.description)

        return await self._change(endpoint_id, change, AuditAct.ENDPOINT_CHANGED, by)

    async def delete(self, endpoint_id: str, by: Requester = SYSTEM) -> None:
        """Delete an endpoint; its pending deliveries are given up. Raises ``EndpointNotFound``."""
        record = self._trail.entry(by, AuditAct.ENDPOINT_DELETED, endpoint_id)
        if not await self._store.delete_webhook_endpoint(endpoint_id, record):
            raise EndpointNotFound(endpoint_id)
        self._forget()

    async def rotate(self, endpoint_id: str, overlap_seconds: float, by: Requester = SYSTEM) -> MadeEndpoint:
        """Give an endpoint a new secret; until the overlap is over the old ones sign too. Raises ``EndpointNotFound``,
        and ``MoveRefused`` when ``MAX_SECRETS`` would sign."""
        now, secret = self._store.now(), new_secret()
        until = now + int(overlap_seconds * 1000)

        def change(old: Endpoint) -> Endpoint:
            kept = [replace(one, until=min(until, one.until or until)) for one in old.valid_secrets(now) if until > now]
            if len(kept) >= MAX_SECRETS:
                raise MoveRefused(f"{MAX_SECRETS} secrets sign already; wait for an overlap to end, or ask for none.")
            return replace(old, secrets=(EndpointSecret(self._sealing.seal(secret, old.id)), *kept))

        return MadeEndpoint(await self._change(endpoint_id, change, AuditAct.ENDPOINT_ROTATED, by), secret)

    async def enable(self, endpoint_id: str, by: Requester = SYSTEM) -> Endpoint:
        """Raises ``EndpointNotFound``."""

        def change(old: Endpoint) -> Endpoint:
            return replace(old, disabled_at=None, disabled_because=None, failing_since=None)

        return await self._change(endpoint_id, change, AuditAct.ENDPOINT_ENABLED, by)

    async def disable(self, endpoint_id: str, by: Requester = SYSTEM) -> Endpoint:
        """Raises ``EndpointNotFound``."""

        def change(old: Endpoint) -> Endpoint:
            if old.disabled_at is not None:
                return old
            return replace(old, disabled_at=self._store.now(), disabled_because=DisabledBecause.ASKED)

        return await self._change(endpoint_id, change, AuditAct.ENDPOINT_DISABLED, by)

    async def test(self, endpoint_id: str, by: Requester = SYSTEM) -> Delivery:
        """Send a test notice. Raises ``EndpointNotFound``, and ``MoveRefused`` for a disabled endpoint."""
        endpoint = await self.get(endpoint_id)
        if endpoint.disabled_at is not None:
            raise MoveRefused("The endpoint is disabled; enable it first.")
        now = self._store.now()
        delivery = test_notice(endpoint, self._ids.new(now), now)
        await self._store.add_delivery(delivery, self._trail.entry(by, AuditAct.ENDPOINT_TESTED, endpoint_id))
        self._facts.tell(DeliveriesDue())
        return delivery

    async def tried(self, endpoint_id: str, done: Try) -> None:
        """Record on its endpoint how a try went; disable an endpoint that is gone, or that fails for days."""
        known = next((one for one in self._known or () if one.id == endpoint_id), None)
        if known is not None and endpoint_after(known, done) == known:
            return
        for _ in range(TRIES):
            try:
                old = await self.get(endpoint_id)
            except EndpointNotFound:
                return
            after = endpoint_after(old, done)
            if after == old or await self._store.save_webhook_endpoint(after):
                self._forget()
                if old.disabled_at is None and after.disabled_because is not None:
                    log.warning("webhook_endpoint_disabled", endpoint=endpoint_id, because=after.disabled_because.value)
                    self._facts.tell(EndpointDisabled(after.disabled_because))
                return

    async def secrets_of(self, delivery: Delivery) -> tuple[str, ...]:
        """The secrets that sign a delivery now; empty: none can be opened. Raises ``EndpointNotFound``."""
        if delivery.endpoint_id is None:
            return self._sealing.of_owner(delivery.owner)
        endpoint = await self.cached(delivery.endpoint_id)
        opened = (self._sealing.open(one.sealed, endpoint.id) for one in endpoint.valid_secrets(self._store.now()))
        return tuple(one for one in opened if one is not None)

    async def cached(self, endpoint_id: str) -> Endpoint:
        """As ``get``, from memory."""
        for one in await self._fresh():
            if one.id == endpoint_id:
                return one
        raise EndpointNotFound(endpoint_id)

    def of_owner(self, owner: str) -> tuple[str, ...]:
        """The secrets that sign the webhooks of an owner's jobs."""
        return self._sealing.of_owner(owner)

    async def seal_again(self) -> None:
        """Encrypt all secrets again under the current WEBHOOK_SECRET, so that the previous one can be removed."""
        for endpoint in await self._read():
            sealed = tuple(self._sealed_again(one, endpoint.id) for one in endpoint.secrets)
            if sealed != endpoint.secrets and await self._store.save_webhook_endpoint(
                replace(endpoint, secrets=sealed)
            ):
                log.info("webhook_secrets_sealed_again", endpoint=endpoint.id)
        self._forget()

    def _sealed_again(self, secret: EndpointSecret, endpoint_id: str) -> EndpointSecret:
        if self._sealing.is_current(secret.sealed, endpoint_id):
            return secret
        text = self._sealing.open(secret.sealed, endpoint_id)
        if text is None:
            log.error("webhook_secret_unreadable", endpoint=endpoint_id)
            return secret
        return replace(secret, sealed=self._sealing.seal(text, endpoint_id))

    async def _change(
        self, endpoint_id: str, change: Callable[[Endpoint], Endpoint], act: AuditAct, by: Requester
    ) -> Endpoint:
        for _ in range(TRIES):
            old = await self.get(endpoint_id)
            new = change(old)
            if new == old:
                return old
            if await self._store.save_webhook_endpoint(new, self._trail.entry(by, act, endpoint_id)):
                self._forget()
                return replace(new, rev=new.rev + 1)
        raise StoreUnavailable("The endpoint changes faster than it can be written.")

    async def _read(self) -> Sequence[Endpoint]:
        read_at, changes = self._store.now(), self._changes
        found = await self._store.webhook_endpoints()
        if changes == self._changes:
            self._known, self._read_at = found, read_at
        return found

    async def _fresh(self) -> Sequence[Endpoint]:
        if self._known is None or (self._shared and abs(self._store.now() - self._read_at) > FRESH_MS):
            return await self._read()
        return self._known

    def _forget(self) -> None:
        self._known = None
        self._changes += 1
