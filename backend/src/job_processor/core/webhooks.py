"""Outgoing webhooks: the notices of a job's end, their receivers, and the schedule of retries.

A notice is stored as a ``Delivery`` in the same write as the job's end. Its id and body never change, so that every try
sends the same bytes.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from job_processor.core.job import Job, State, WebhookEvent

MAX_INLINE_RESULT_BYTES: Final = 16 * 1024
"""Maximum size in bytes of a result in a notice; a receiver fetches a longer one from the API."""
MAX_TRIES_KEPT: Final = 20
"""Maximum number of tries kept per delivery, the newest."""
MAX_ANSWER_CHARACTERS: Final = 1024
"""Maximum characters kept of an answer."""
RETRY_DELAYS_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Delays between tries: ten tries within a little more than three days, as the standard recommends."""
JITTER: Final = 0.2
"""Maximum share by which a delay is randomly extended, so that simultaneous failures are not retried together."""
MAX_RETRY_AFTER_MS: Final = 86_400_000
DISABLED_AFTER_MS: Final = 5 * 86_400_000
"""An endpoint is disabled after failing for this long."""

_EVENTS: Final = {
    State.COMPLETED: WebhookEvent.COMPLETED,
    State.FAILED: WebhookEvent.FAILED,
    State.CANCELLED: WebhookEvent.CANCELLED,
}
ALL_EVENTS: Final = tuple(WebhookEvent)
TEST_EVENT: Final = "webhook.test"


class DisabledBecause(StrEnum):
    """Why an endpoint is disabled."""

    ASKED = "asked"
    """A person disabled it."""
    GONE = "gone"
    """The endpoint answered 410."""
    FAILING = "failing"
    """All tries failed for ``DISABLED_AFTER_MS``."""


@dataclass(frozen=True, slots=True)
class EndpointSecret:
    """An encrypted signing secret. ``until``: its expiry (ms since 1970); ``None``: it is the newest."""

    sealed: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A permanent receiver of notices. ``flows``: the flows of jobs to notify of; ``None``: all.

    ``failing_since``: when the first try failed after the last success (ms since 1970); ``None``: the last one
    succeeded.
    """

    id: str
    rev: int
    url: str
    events: tuple[WebhookEvent, ...]
    flows: tuple[str, ...] | None
    description: str
    created_at: int
    created_by: str
    secrets: tuple[EndpointSecret, ...]
    disabled_at: int | None = None
    disabled_because: DisabledBecause | None = None
    failing_since: int | None = None

    def wants(self, event: WebhookEvent, flow: str) -> bool:
        """Whether the endpoint is to be notified of this event of a job of this flow."""
        return self.disabled_at is None and event in self.events and (self.flows is None or flow in self.flows)

    def valid_secrets(self, now: int) -> tuple[EndpointSecret, ...]:
        """The secrets that are valid at ``now`` (ms since 1970), newest first."""
        return tuple(one for one in self.secrets if one.until is None or now < one.until)


class DeliveryState(StrEnum):
    PENDING = "pending"
    """Due at ``next_at``, or being sent."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """No try is left, or the receiver is gone, deleted or disabled. The delivery can be replayed."""


@dataclass(frozen=True, slots=True)
class Try:
    """One request of a delivery. ``at``: ms since 1970. ``status``: the HTTP status; ``None``: no answer, see
    ``error``.

    ``answer``: the body of the answer, truncated and redacted.
    """

    at: int
    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice for one receiver, with the tries to send it.

    ``endpoint_id``: ``None`` for the webhook of the job or batch itself, signed with the secret of its ``owner``.
    ``lane``: the receiver whose concurrency limit applies, so that a slow receiver does not delay others. ``next_at``:
    when the delivery is due (ms since 1970); while it is being sent, the end of the worker's lease. ``round``: the
    number of tries since it was created or replayed.
    """

    id: str
    rev: int
    lane: str
    event: str
    url: str
    body: str
    created_at: int
    flow: str
    state: DeliveryState = DeliveryState.PENDING
    next_at: int | None = None
    settled_at: int | None = None
    job_id: str | None = None
    endpoint_id: str | None = None
    batch_id: str | None = None
    owner: str = ""
    round: int = 0
    tries: tuple[Try, ...] = ()
    note: str | None = None
    """Why the delivery failed for good."""

    @property
    def message_id(self) -> str:
        return f"msg_{self.id}"


def ended_with(before: Job, after: Job) -> WebhookEvent | None:
    """The event of a transition; ``None``: the job did not end by it. Accepting a kept result ends a job again."""
    if after.state is before.state:
        return None
    return _EVENTS.get(after.state)


def notices(job: Job, event: WebhookEvent, endpoints: Iterable[Endpoint], new_id: Callable[[], str]) -> list[Delivery]:
    """The deliveries for the end of a job: to its own webhook and to the matching endpoints."""
    targets = list(_targets(job, event, endpoints))
    if not targets:
        return []
    body = body_of(job, event)
    return [
        Delivery(
            id=new_id(),
            rev=1,
            lane=lane,
            event=f"job.{event.value}",
            url=url,
            body=body,
            created_at=job.updated_at,
            flow=job.flow,
            next_at=job.updated_at,
            job_id=job.id,
            endpoint_id=endpoint_id,
            owner=job.owner if endpoint_id is None else "",
        )
        for lane, url, endpoint_id in targets
    ]


def _targets(job: Job, event: WebhookEvent, endpoints: Iterable[Endpoint]) -> Iterator[tuple[str, str, str | None]]:
    if job.webhook is not None and event in job.webhook.events:
        yield lane_of(job.webhook.url), job.webhook.url, None
    for one in endpoints:
        if one.wants(event, job.flow):
            yield one.id, one.url, one.id


def lane_of(url: str) -> str:
    """The lane of a job's or batch's own webhook, shared by all URLs of a host. The space avoids ids of endpoints."""
    return f"host {urlsplit(url).netloc.lower()}"


def test_notice(endpoint: Endpoint, delivery_id: str, now: int) -> Delivery:
    """A test delivery without content, to check that an endpoint receives."""
    body = compact_json({"type": TEST_EVENT, "timestamp": rfc3339(now), "data": {"endpointId": endpoint.id}})
    return Delivery(
        id=delivery_id,
        rev=1,
        lane=endpoint.id,
        event=TEST_EVENT,
        url=endpoint.url,
        body=body,
        created_at=now,
        flow="",
        next_at=now,
        endpoint_id=endpoint.id,
    )


def body_of(job: Job, event: WebhookEvent) -> str:
    """The body of a notice. ``result`` is null if the job has none, or if it is longer than MAX_INLINE_RESULT_BYTES."""
    size = None if job.result is None else len(job.result.encode())
    data = {
        "id": job.id,
        "status": job.state.value,
        "flow": job.flow,
        "answeredBy": job.answered_by,
        "attempt": job.attempt,
        "createdAt": rfc3339(job.created_at),
        "finishedAt": rfc3339(job.updated_at if job.finished_at is None else job.finished_at),
        "error": None if job.error is None else {"code": job.error.code, "message": job.error.message},
        "result": job.result if size is not None and size <= MAX_INLINE_RESULT_BYTES else None,
        "resultBytes": size,
        "tags": list(job.tags),
        "metadata": dict(job.metadata),
    }
    return compact_json({"type": f"job.{event.value}", "timestamp": rfc3339(job.updated_at), "data": data})


def after_try(delivery: Delivery, done: Try, retry_at: int | None, now: int, jitter: float) -> Delivery:
    """The delivery after a try. ``retry_at``: the time of the answer's Retry-After (ms since 1970), if any; ``jitter``:
    in [0, 1)."""
    after = replace(delivery, tries=(*delivery.tries, done)[-MAX_TRIES_KEPT:], round=delivery.round + 1)
    if done.delivered:
        return replace(after, state=DeliveryState.DELIVERED, next_at=None, settled_at=now)
    if done.status == 410:
        return given_up(after, "The receiver answered 410: it wants no more deliveries.", now)
    if after.round > len(RETRY_DELAYS_SECONDS):
        return given_up(after, f"None of {after.round} tries succeeded.", now)
    delay = int(1000 * RETRY_DELAYS_SECONDS[after.round - 1] * (1 + JITTER * jitter))
    wait = delay if retry_at is None else max(delay, min(retry_at - now, MAX_RETRY_AFTER_MS))
    return replace(after, next_at=now + wait)


def given_up(delivery: Delivery, why: str, now: int) -> Delivery:
    """The delivery FAILED, without further tries. ``why``: a note for people."""
    return replace(delivery, state=DeliveryState.FAILED, next_at=None, settled_at=now, note=why)


def replayed(delivery: Delivery, now: int) -> Delivery:
    """The delivery due now, with a new set of tries. It keeps its past tries, id and body."""
    return replace(delivery, state=DeliveryState.PENDING, next_at=now, settled_at=None, round=0, note=None)


def endpoint_after(endpoint: Endpoint, done: Try) -> Endpoint:
    """The endpoint after a try: disabled if it answered 410, or if it has been failing for DISABLED_AFTER_MS."""
    if done.delivered:
        return endpoint if endpoint.failing_since is None else replace(endpoint, failing_since=None)
    since = done.at if endpoint.failing_since is None else endpoint.failing_since
    failing = endpoint if since == endpoint.failing_since else replace(endpoint, failing_since=since)
    if endpoint.disabled_at is not None:
        return failing
    if done.status == 410:
        return replace(failing, disabled_at=done.at, disabled_because=DisabledBecause.GONE)
    if done.at - since >= DISABLED_AFTER_MS:
        return replace(failing, disabled_at=done.at, disabled_because=DisabledBecause.FAILING)
    return failing


def compact_json(value: object) -> str:
    """The value as JSON without white space."""
    # ASCII only, because metadata may contain lone surrogates, which UTF-8 cannot encode.
    return json.dumps(value, separators=(",", ":"))


def rfc3339(ms: int) -> str:
    """A time in milliseconds since 1970 as text, such as 2026-11-30T08:00:00.000Z."""
    second = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{second}.{ms % 1000:03d}Z"
